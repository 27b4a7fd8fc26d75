"""A counter on a real cloud and a real replica; in the town lives the story's protected family, and not alone."""

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from client.api.certificates import CertificateDesk
from client.api.residents import CloudRegister
from client.api.sync import HttpFeeds
from client.domain.certificate import CertificateRequest
from client.domain.resident import AtenaNo
from client.jobs.find_resident import FindResident
from client.jobs.issue_certificate import IssueCertificate
from client.jobs.print_slip import PrintSlip, SlipPlace
from client.jobs.queue_change import QueueChange
from client.jobs.reach import Reach
from client.jobs.sync_replica import SyncReplica
from cloud.register import Change, put
from cloud.staff import RIGHTS
from cloud.town import STORY, generate
from tests.builders import a_request
from tests.fakes import MemoryPress, counted_random
from tests.promises.terminals import PC, Site, Terminal, config_in, open_terminal
from ui.doors import utc_now

Row = dict[str, object]
Rows = list[tuple[str, Row]]

HEAD, CHILD = (AtenaNo(number) for number in STORY.protected)
GRANDMOTHER = AtenaNo("1000009001")  # lives with them, under no measure herself
FORMER = AtenaNo("1000009002")  # lived with them, and left; the closed record says where they live
HOME = (HEAD, CHILD, GRANDMOTHER)
WATANABE = tuple(map(AtenaNo, (STORY.householder, STORY.wife, STORY.son, STORY.daughter, STORY.mother)))
PLACES = ("address_katagaki", "tennyu_from", "honseki", "before_move", "tenshutsu_to", "remarks")


def town_rows() -> Rows:
    """Return a small town, the story households first, and two more people in the protected one."""
    rows = list(generate(60, 7, datetime.now(UTC).date()))
    newest = max(_residents(rows, HEAD), key=lambda row: int(str(row["history_no"])))
    bare = {name: value for name, value in newest.items() if name not in {"before_move", "remarks"}}
    grandmother = bare | {
        "atena_no": GRANDMOTHER,
        "history_no": 1,
        "order_no": 3,
        "full_name": "宮﨑　フミ",
        "furigana": "ミヤザキ　フミ",
        "relationship": "母",
        "remarks": "泉三丁目から",
    }
    former = grandmother | {
        "atena_no": FORMER,
        "order_no": 4,
        "full_name": "宮﨑　剛",
        "furigana": "ミヤザキ　ツヨシ",
        "status": "tenshutsu",
        "removed_reason": "国内転出",
        "removed_date": "2025-01-31",
        "tenshutsu_to": "みどり県みなと市港町九丁目1番1号",
    }
    return [*rows, ("resident", grandmother), ("resident", former)]


def _residents(rows: Rows, *numbers: str) -> list[Row]:
    return [row for table, row in rows if table == "resident" and row["atena_no"] in numbers]


def secrets_of(rows: Rows) -> frozenset[str]:
    """Return what nobody may read before the visitor is checked: where they live, lived, and come from."""
    found = set()
    for row in _residents(rows, *HOME, FORMER):
        found |= {str(row[name]) for name in PLACES if row.get(name)}
        found |= {f"{row['address_town']}{row['address_banchi']}", str(row["address_banchi"])}
    others = str([row for table, row in rows if row not in _residents(rows, *HOME, FORMER)])
    return frozenset(
        secret for secret in found if secret not in others
    )  # a number all streets have tells nothing


def leaks(text: object, secrets: Iterable[str]) -> list[str]:
    """Return what of the secrets stands in something, however deep."""
    whole = _deep(text)
    return sorted(secret for secret in secrets if secret in whole)


def _deep(value: object) -> str:
    """Return every text in a value, the fields that its repr leaves out too."""
    names = getattr(value, "__dataclass_fields__", None)
    if names and not isinstance(value, type):
        return " ".join(_deep(getattr(value, name)) for name in names)
    if hasattr(value, "items"):
        return " ".join(f"{_deep(key)} {_deep(item)}" for key, item in value.items())
    if isinstance(value, (tuple, list, set, frozenset)):
        return " ".join(map(_deep, value))
    return str(value)


@dataclass
class Counter:
    """Everything a counter has but screens; the line is cut by ``link.usable``."""

    site: Site
    terminal: Terminal
    secrets: frozenset[str]
    press: MemoryPress = field(default_factory=MemoryPress)

    def __post_init__(self) -> None:
        self.http, self.stores = self.terminal.doors.http, self.terminal.doors.stores
        self.sign_in, self.link, self.now = self.terminal.sign_in, self.terminal.link, utc_now
        replica, ledger, token = self.stores.replica, self.stores.ledger, self.sign_in.access_token
        self.sync = SyncReplica(
            HttpFeeds(self.http, self.terminal.doors.facts.feed_keys, digest_key=replica.digest_key),
            replica,
            ledger,
        )
        self.live = CloudRegister(self.http, lambda: token)
        reach = Reach(self.link, wait=5)
        self.find = FindResident(self.live, replica, reach, ledger, now=utc_now)
        self.issue = IssueCertificate(
            CertificateDesk(self.http, lambda: token, now=utc_now),
            replica,
            reach,
            ledger,
            self.press,
            now=utc_now,
            declared=lambda: False,
            words=replica.form_words,
            clock_offset_ms=lambda: 0,
        )
        self.queue = QueueChange(
            self.live, replica, reach, ledger, now=utc_now, random=counted_random(), clock_offset_ms=lambda: 0
        )
        self.slip = PrintSlip(
            self.live, replica, reach, ledger, self.press, place=SlipPlace("あおぞら市", "窓口1")
        )

    def commit(self, feed: str, *changes: Change) -> None:
        """Let the register decide something."""
        register = self.site.tenant.register
        with register.writing() as connection:
            register.commit(connection, feed, changes)

    async def protect(self, atena_no: str, **columns: object) -> None:
        """Let a measure come in, at the cloud and in the replica."""
        row: Row = {"measure_id": f"m-{atena_no}", "atena_no": atena_no, "provisional": False, **columns}
        self.commit("blocks", put("shien_sochi", row))
        await self.sync.round()


def request_for(subject: AtenaNo, *members: AtenaNo) -> CertificateRequest:
    """Return a request of the subject for a paper with these members."""
    return replace(a_request(*(members or (subject,))), subject=subject)


@asynccontextmanager
async def open_counter(
    folder: Path, patched: pytest.MonkeyPatch, rights: tuple[str, ...] = RIGHTS, rows: Rows | None = None
) -> AsyncIterator[Counter]:
    """Found the cloud, enrol, sign in with some rights, fill the replica."""
    rows = rows or town_rows()
    site = Site(folder / "cloud", rows, rights=rights)
    PC((site,)).plug_in(patched)
    async with AsyncExitStack() as stack:
        terminal = await open_terminal(stack, config_in(folder / "pc", site), site)
        counter = Counter(site, terminal, secrets_of(rows))
        await counter.sync.round()
        yield counter
    site.tenant.close()
