"""Makes the stores of this version for the tests that open them with every later one (P16).

    python -P installer/dev/make_fixture.py      once for each version, when it is made; never again for an old one

A terminal enrols at the reference cloud with a synthetic town of a hundred, fills its replica by the feeds, issues,
takes notifications in and brings them to every state. What its own doors then read is written beside the files.
"""

import asyncio
import base64
import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

# ruff: noqa: E402 -- found only through the line above
from client.api.auth import Sessions
from client.api.enrolment import EnrolmentDesk
from client.api.sync import HttpFeeds
from client.domain.calendar import tokyo_day, wareki
from client.domain.certificate import CertificateKind, Decided, SheetState
from client.domain.change import ChangeKind, ChangeState, NewChange, Receipt, change_key
from client.domain.enrolment import TownKey
from client.domain.intake import Entry
from client.domain.query import Query
from client.domain.resident import Address, AtenaNo, Household
from client.jobs.enrol import Enrol
from client.jobs.ports import IssueDraft, JournalEntry
from client.jobs.sync_replica import SyncReplica
from client.rules import totp
from client.rules.intakes.form import read
from client.rules.intakes.moves import TENKYO
from cloud.faults import Faults
from cloud.register import put
from cloud.staff import NewStaff
from cloud.tenant import Tenant, open_tenant
from cloud.town import STORY, generate
from offline.store.keys import Vault
from offline.store.stores import FileStores
from tests.api.small_cloud import CODE, SmallCloud
from tests.builders import a_request
from tests.promises.p16_reading import read_ledger, read_replica
from tests.store_builders import MemoryKeyring

FIXTURES = ROOT / "tests" / "offline" / "fixtures"
FILES = ("terminal.json", "wraps.json", "stores.json", "replica.db", "ledger.db", "ledger.slots")
RESIDENTS, TOWN_SEED = 100, 16
STAFF, PASSWORD, SEED = "s001", "madoguchi-0.1", bytes(range(100, 120))
HOUSEHOLDS = 9  # one for each state a change may be in
README = """# The stores of {version}

Made by `installer/dev/make_fixture.py` with that version, from a synthetic town; nobody in it exists. Never made again:
they stand for what lies on the disks of the terminals. `content.json` is what {version} itself read from them.

The keys below open these files and nothing else.

```json
{secrets}
```
"""


class Maker:
    """One terminal and its cloud, both in this process."""

    def __init__(self, folder: Path, tenant: Tenant) -> None:
        self.folder = folder
        self.cloud = SmallCloud(tenant, Faults())
        self.ring = MemoryKeyring()
        self.vault = Vault(folder, "training", backend=self.ring)
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def make(self) -> tuple[dict[str, object], dict[str, dict[str, object]]]:
        """Live the life of a terminal; returns its secrets, and the content that its own doors read."""
        http = self.cloud.http
        token = self.cloud.tenant.terminals.new_token()
        facts = await Enrol(EnrolmentDesk(http), self.vault, random=secrets.token_bytes)(
            token, "本庁1", "https://cloud.example"
        )
        http.identity = self.vault.identity
        code = totp.code(SEED, totp.step_of(self.now()))
        told = await Sessions(http, now=self.now).sign_in(STAFF, PASSWORD, code)
        keys = (await self.vault.admit(told, PASSWORD, now=self.now())).keys
        stores = FileStores(self.folder, facts, self.now, self.vault.identity.sign)
        await stores.open(keys)
        await self.follow(stores, facts.feed_keys)
        people = await self.work(stores)
        await stores.close()
        await http.close()
        day = tokyo_day(self.now())
        read_at = self.now() + timedelta(hours=1)
        lines = await self.lines(keys.ledger)
        kept = {
            "staff": STAFF,
            "password": PASSWORD,
            "totp_seed": SEED.hex(),
            "keyring": {
                name: base64.b64decode(value).hex() for (_, name), value in self.ring.secrets.items()
            },
            "keys": {name: getattr(keys, name).hex() for name in ("replica", "ledger", "digest", "inbox")},
            "read_at": read_at.isoformat(),
            "day": day.isoformat(),
            "journal_lines": lines,
            "people": list(people),
        }
        with tempfile.TemporaryDirectory() as name:
            for file in FILES:
                shutil.copy(self.folder / file, name)
            again = FileStores(Path(name), facts, lambda: read_at, self.vault.identity.sign)
            await again.open(keys)
            content = {
                "replica": await read_replica(again, people, day),
                "ledger": await read_ledger(again, day, lines),
            }
            await again.close()
        return kept, content

    async def lines(self, key: bytes) -> int:
        """Return how many lines the journal had when the files were closed; opening them may add some."""
        from offline.store import door
        from offline.store.ledger_file import mark_of

        connection = door.open_connection(self.folder / "ledger.db", key)
        try:
            return mark_of(connection).journal_seq
        finally:
            connection.close()

    async def follow(self, stores: FileStores, feed_keys: tuple[TownKey, ...]) -> None:
        """Fill the replica from the snapshot, then follow a change of the register."""
        sync = SyncReplica(
            HttpFeeds(self.cloud.http, feed_keys, digest_key=stores.replica.digest_key),
            stores.replica,
            stores.ledger,
        )
        await sync.round()
        register = self.cloud.tenant.register
        with register.writing() as connection:
            household = await stores.replica.household_of(AtenaNo(STORY.householder))
            head = household.value.member(AtenaNo(STORY.householder))
            if head is None:
                raise LookupError(STORY.householder)
            row = register.row(connection, "resident", (head.atena_no, head.history_no))
            moved = {**(row or {}), "history_no": head.history_no + 1, "address_katagaki": "葛󠄂城荘2号"}
            register.commit(connection, "register", (put("resident", moved),))
        report = await sync.round()
        if not report.proven:
            raise RuntimeError("the replica was not proven equal")

    async def work(self, stores: FileStores) -> tuple[str, ...]:
        """Look people up, issue, take notifications in; returns whom."""
        people = await self.households(stores)
        subjects = tuple(AtenaNo(person) for person in people)
        for subject in subjects:
            await stores.ledger.record(JournalEntry("look_up", STAFF, (subject,)))
        for number, subject in enumerate(subjects[:5]):
            await self.issue(stores, subject, number)
        keys = [await self.take_in(stores, subject) for subject in subjects]
        await self.bring_to_every_state(stores, subjects, keys)
        return people

    async def households(self, stores: FileStores) -> tuple[str, ...]:
        """Return somebody living in each of some households, the ones with a story first."""
        told = (STORY.householder, STORY.foreigner, STORY.protected[0])
        hits = (await stores.replica.find(Query(typed="1"), limit=50)).value + (
            await stores.replica.find(Query(typed="さ"), limit=50)
        ).value
        seen: dict[str, str] = {}
        for person in (*told, *(hit.atena_no for hit in hits)):
            household = (await stores.replica.household_of(AtenaNo(person))).value
            if any(member.atena_no == person for member in household.living):
                seen.setdefault(str(household.household_no), str(person))
        return tuple(seen.values())[:HOUSEHOLDS]

    async def household(self, stores: FileStores, subject: AtenaNo) -> Household:
        """Return somebody's household."""
        return (await stores.replica.household_of(subject)).value

    async def issue(self, stores: FileStores, subject: AtenaNo, number: int) -> None:
        """Issue a copy and let it come to one of its ends."""
        answer = await stores.replica.household_of(subject)
        day = tokyo_day(self.now())
        words = (await stores.replica.form_words(CertificateKind.JUMINHYO_COPY, whole=True, on=day)).value
        living = answer.value.living
        request = replace(a_request(*(one.atena_no for one in living)), subject=subject)
        decided = Decided(
            kind=request.kind, household=answer.value, members=living, options=request.options,
            whole_household=True, attestation=words.attestation, certifier=words.certifier, seal=None,
            issued_on=day, as_of=answer.as_of,
        )  # fmt: skip
        draft = IssueDraft(request, decided, 1, words.fee_yen, "プリンタ001", day)
        copy = await stores.ledger.issue(draft, actor=STAFF, clock_offset_ms=12)
        ends = (
            (SheetState.SENT, SheetState.PRINTED, SheetState.HANDED_OVER),
            (SheetState.SENT, SheetState.SPOILED),
            (SheetState.SENT, SheetState.PRINTED),
            (SheetState.SENT,),
            (),
        )
        for state in ends[number]:
            await stores.ledger.note_sheet(
                copy.serial, state, actor=STAFF, reason="紙詰まり", pdf_hash="ab" * 32
            )

    async def take_in(self, stores: FileStores, subject: AtenaNo, supersedes: str | None = None) -> str:
        """Take in a 転居届; returns its key."""
        day = tokyo_day(self.now())
        to = Address("みどり県あおぞら市𠮷野町二丁目", "1番5号", "葛󠄂城荘3号")
        entry = Entry(
            household=await self.household(stores, subject),
            subject=subject,
            members=(subject,),
            values={
                "to.town": to.town, "to.banchi": to.banchi, "to.katagaki": to.katagaki, "ido_date": wareki(day),
            },
            todoke=wareki(day),
        )  # fmt: skip
        taken = read(TENKYO, entry, day)
        key = change_key(self.now(), os.urandom(10))
        await stores.ledger.queue(
            NewChange(
                key=key, kind=ChangeKind.TENKYO, residents=taken.persons, base=taken.base, payload=taken.payload,
                made_at=self.now(), made_by=STAFF, clock_offset_ms=12, todoke_date=day, supersedes=supersedes,
            )
        )  # fmt: skip
        return key

    async def bring_to_every_state(
        self, stores: FileStores, subjects: tuple[AtenaNo, ...], keys: list[str]
    ) -> None:
        """Let the cloud's answers come: each change ends in a state of its own."""
        ledger, at = stores.ledger, self.now()
        queued, sending, unknown, accepted, landed, conflict, refused, withdrawn, superseded = keys
        await ledger.lease((sending, unknown, accepted, landed, conflict, refused, superseded), now=at)
        await ledger.settle(landed, ChangeState.ACCEPTED, receipt=Receipt(2, at, "仮受付"))
        await ledger.land(2)
        await ledger.settle(accepted, ChangeState.ACCEPTED, receipt=Receipt(3, at, "仮受付"))
        await ledger.settle(unknown, ChangeState.UNKNOWN, words="応答が途絶えました")
        await ledger.settle(conflict, ChangeState.CONFLICT, words="履歴番号が進んでいます")
        await ledger.settle(refused, ChangeState.REFUSED, words="受け付けられません")
        await ledger.settle(superseded, ChangeState.CONFLICT, words="履歴番号が進んでいます")
        await ledger.settle(withdrawn, ChangeState.WITHDRAWN, words="届出人の申出")
        await ledger.postpone((queued,), next_try_at=at + timedelta(minutes=1), words="回線がありません")
        await self.take_in(stores, subjects[-1], supersedes=superseded)


def main() -> int:
    """Make the fixture of the present version, unless it is there."""
    target = FIXTURES / version("madoguchi")
    if target.exists():
        print(f"{target} is there already: what a version left is never made again", file=sys.stderr)
        return 1
    staff = NewStaff(
        STAFF, "山﨑　美咲", "市民課", ("view", "issue", "accept", "honseki", "cash"), PASSWORD, SEED
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tenant = open_tenant(
            folder / "cloud",
            CODE,
            town=lambda: generate(RESIDENTS, TOWN_SEED, tokyo_day(datetime.now(UTC))),
            staff=[staff],
        )
        try:
            kept, content = asyncio.run(Maker(folder / "terminal", tenant).make())
        finally:
            tenant.close()
        target.mkdir(parents=True)
        for file in FILES:
            shutil.copy(folder / "terminal" / file, target)
            (target / file).chmod(0o644)
    readme = README.format(version=target.name, secrets=json.dumps(kept, ensure_ascii=False, indent=1))
    (target / "README.md").write_text(readme, "utf-8")
    (target / "content.json").write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(f"{target}: {sum(path.stat().st_size for path in target.iterdir()):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
