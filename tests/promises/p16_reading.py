"""All that the stores of a terminal hold, read through the product's own doors, as plain values to compare.

What a version writes is compared with what every later version reads: a value may be added here, never changed.
"""

from datetime import date
from hashlib import sha256
from typing import Any

from client.domain.certificate import CertificateKind
from client.domain.feed import Feed
from client.domain.query import Query
from client.domain.resident import AtenaNo
from client.rules.digest import root_of
from offline.store.stores import FileStores

TYPED = ("わたなべ", "ﾜﾀﾅﾍﾞ", "さ", "渡邉󠄐", "髙", "1", "みどり", "1983")
MANY = 10_000


async def read_replica(stores: FileStores, people: tuple[str, ...], day: date) -> dict[str, Any]:
    """Read the replica: where it stands, who is found by what, every household, and its proof (P09)."""
    replica = stores.replica
    position = await replica.position()
    reached = {Feed.REGISTER: position.register, Feed.BLOCKS: position.blocks}
    told: dict[str, Any] = {"found": {}, "people": {}, "feeds": {}}
    for feed, stand in reached.items():
        wrong = await replica.wrong_buckets(feed, tuple(range(4096)))
        assert stand is not None
        root = root_of(await replica.mids(feed)).hex()
        told["feeds"][feed.value] = {"version": stand.version, "root": root, "wrong": list(wrong)}
    for typed in TYPED:
        hits = (await replica.find(Query(name=typed), limit=20)).value
        told["found"][typed] = [f"{hit.atena_no} {hit.name} {hit.address}" for hit in hits]
    for person in people:
        household = (await replica.household_of(AtenaNo(person))).value
        restrictions = (await replica.restrictions_of(household)).value
        told["people"][person] = {
            "household": [
                f"{one.atena_no}/{one.history_no} {one.name.text} {one.name.furigana} {one.birth.text}"
                f" {one.relationship} {one.address.text} {one.resident_since.text}"
                for one in household.members
            ],
            "versions": len((await replica.history_of(AtenaNo(person))).value),
            "shien_sochi": sorted(map(str, restrictions.shien_sochi)),
        }
    words = (await replica.form_words(CertificateKind.JUMINHYO_COPY, whole=True, on=day)).value
    told["form"] = [words.certifier.title, words.certifier.name, words.attestation, words.fee_yen]
    return told


async def read_ledger(stores: FileStores, day: date, lines: int) -> dict[str, Any]:
    """Read the ledger: the first lines of the journal, every change, every copy, its mark, and its chains."""
    ledger = stores.ledger
    verdict = await ledger.verify_journal()
    journal = sorted(await ledger.journal_tail(MANY), key=lambda line: line.seq)[:lines]
    return {
        "chains": [verdict.first_bad, await ledger.verify_outbox()],
        "journal": [
            [
                one.seq,
                one.at.isoformat(),
                one.entry.kind,
                one.entry.actor,
                list(one.entry.subjects),
                dict(one.entry.facts),
            ]
            for one in journal
        ],
        "outbox": [
            {
                "key": one.key,
                "kind": one.kind.value,
                "state": one.state.value,
                "residents": list(one.residents),
                "base": dict(one.base),
                "payload": dict(one.payload),
                "sealed": sha256(one.sealed).hexdigest(),
                "made": f"{one.made_at.isoformat()} {one.made_by} {one.clock_offset_ms} {one.todoke_date}",
                "supersedes": one.supersedes,
                "attempts": one.attempts,
                "words": one.last_words,
                "receipt": one.receipt
                and f"{one.receipt.register_version} {one.receipt.at.isoformat()} {one.receipt.text}",
            }
            for one in await ledger.outbox(settled=True)
        ],
        "copies": [
            [
                one.serial.key,
                one.serial.serial,
                one.subject,
                one.pages,
                one.state.value,
                one.issued_at.isoformat(),
                one.fee_yen,
            ]
            for one in await ledger.copies(day)
        ],
        "open_sheets": [one.serial.key for one in await ledger.open_sheets()],
        "highest_serial": (await ledger.mark()).serial,
    }
