"""P12: who acts for the mayor is declared at a terminal off line by two; nobody there can make more of it than it says."""

import asyncio
import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from client.domain.certificate import CertificateKind, FormWords
from client.domain.clerk import Right
from client.domain.deputy import Appointed, Deputy
from client.domain.errors import CounterError, StoreError
from client.domain.keys import Unlocked
from client.jobs.certify import Certify
from client.jobs.declare_deputy import DeclareDeputy, EndDeputy, words_sum
from client.rules import deputy as rules
from tests.builders import NOW, TODAY
from tests.promises.two_persons import CLERK, NEWCOMER, OFFICER, Desk, a_desk
from tests.store_builders import MemoryKeyring, cheap_vault, store_keys

pytestmark = pytest.mark.asyncio
DAY = timedelta(days=1)
FILES = ("wraps.json", "wraps.copy.json")
TITLE, NAME = "市長職務代理者　副市長", "渡邉\U000e0110　海"
MAYOR = ("市長", "青空　晴子")
DEPUTY = (TITLE, NAME)
PASSWORD = "みどりの風が吹く窓口 7"


@dataclass
class Hall:
    """A terminal whose line is down, and who may act there."""

    desk: Desk
    folder: Path
    ring: MemoryKeyring
    on_line: bool = False
    missing: tuple[str, ...] = ()

    @property
    def job(self) -> DeclareDeputy:
        desk = self.desk
        return DeclareDeputy(
            desk.log_in,
            desk.vault,
            desk.vault.declarations.deputies,
            desk.stores.ledger,
            desk.stores.replica,
            now=lambda: desk.now,
            on_line=lambda: self.on_line,
            missing=lambda _text: self.missing,
            longest=7,
        )

    async def word(self, staff_id: str, beside: Unlocked | None = None) -> Unlocked:
        return await self.job.hear(staff_id, PASSWORD, self.desk.code(staff_id), beside=beside)

    async def pair(self, one: str = OFFICER, other: str = CLERK) -> tuple[Unlocked, Unlocked]:
        first = await self.word(one)
        return first, await self.word(other, beside=first)

    async def declare(self, one: str = OFFICER, other: str = CLERK, *, first: int = 0, last: int = 2) -> str:
        """Declare, counting days from today, and return why not, or "declared"."""
        try:
            words = Appointed(TITLE, NAME, TODAY + first * DAY, TODAY + last * DAY)
            await self.job(*await self.pair(one, other), words)
        except CounterError as error:
            return error.code
        return "declared"

    async def end(self, one: str = OFFICER, other: str = CLERK) -> str:
        try:
            await self.job.end(*await self.pair(one, other))
        except CounterError as error:
            return error.code
        return "ended"

    async def words(self, day: date | None = None) -> FormWords:
        """Return the words of a paper of today, as an issue off line takes them."""
        desk = self.desk
        certify = Certify(desk.stores.replica, desk.vault.declarations.deputies, now=lambda: desk.now)
        await desk.stores.open(store_keys())
        try:
            on = day or (desk.now + timedelta(hours=9)).date()
            return (await certify(CertificateKind.JUMINHYO_COPY, whole=True, on=on)).value
        finally:
            await desk.stores.close()

    async def certifier(self) -> tuple[str, str]:
        words = (await self.words()).certifier
        return words.title, words.name

    async def restart(self) -> None:
        """Start the program anew: what it knows comes from the disk and the keyring."""
        vault = cheap_vault(self.folder, self.ring)
        desk = self.desk
        again = Desk(vault, desk.stores, desk.seeds, desk.deposit, desk.now)
        self.desk = again

    def at(self, days: float) -> None:
        self.desk.now = NOW + timedelta(days=days)

    def files(self) -> dict[str, bytes]:
        return {name: (self.folder / name).read_bytes() for name in FILES}

    def put(self, files: dict[str, bytes]) -> None:
        for name, content in files.items():
            (self.folder / name).write_bytes(content)


async def a_hall(folder: Path, *rows: tuple[str, dict[str, object]]) -> Hall:
    ring = MemoryKeyring()
    return Hall(await a_desk(folder, *rows, ring=ring), folder, ring)


async def test_papers_bear_the_deputy_from_the_first_day_to_the_last_and_the_mayor_else(
    tmp_path: Path,
) -> None:
    hall = await a_hall(tmp_path)
    assert await hall.certifier() == MAYOR
    assert await hall.declare(first=1, last=2) == "declared"
    seen = []
    for day in (0, 1, 2, 3):
        hall.at(day)
        seen.append(await hall.certifier())
    assert seen == [MAYOR, DEPUTY, DEPUTY, MAYOR]


async def test_the_deputys_paper_bears_no_seal_of_the_mayors_and_a_seal_of_the_very_deputy(
    tmp_path: Path,
) -> None:
    hall = await a_hall(tmp_path / "without")
    assert (await hall.words()).seal is not None
    await hall.declare()
    words = await hall.words()
    assert (words.seal, words.certifier.declared) == (None, True)
    own = {"seal_id": "k2", "certifier_id": "c9", "image": b"\x89PNG-two", "side_mm": 21}
    term = {"certifier_id": "c9", "title": TITLE, "name": NAME.replace("　", " ")}
    past: dict[str, object] = {**term, "in_force_from": "2024-01-01", "in_force_until": "2024-02-01"}
    hall = await a_hall(tmp_path / "with", ("certifier", past), ("official_seal", own))
    await hall.declare()
    seal = (await hall.words()).seal
    assert seal is not None
    assert seal.image == b"\x89PNG-two"


async def test_the_book_has_it_before_it_counts_with_the_words_beside_and_their_sum_in_the_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall = await a_hall(tmp_path)

    async def full(_entry: object) -> None:
        raise StoreError("store.full")

    pair = await hall.pair()
    monkeypatch.setattr(hall.desk.stores.ledger, "record", full)
    with pytest.raises(StoreError, match="full"):
        await hall.job(*pair, Appointed(TITLE, NAME, TODAY, TODAY))
    monkeypatch.undo()
    assert await hall.certifier() == MAYOR
    assert await hall.declare() == "declared"
    assert await hall.end() == "ended"
    made, ended = await hall.desk.book("deputy")
    assert (made.actor, made.facts["other"], made.facts["how"]) == (OFFICER, CLERK, "made")
    assert made.facts["words"] == ended.facts["words"] == words_sum(TITLE, NAME)
    assert (made.facts["from"], made.facts["until"]) == (TODAY.isoformat(), (TODAY + 2 * DAY).isoformat())
    assert not any(NAME in str(fact) for line in (made, ended) for fact in line.facts.values())
    assert (ended.actor, ended.facts["how"]) == (OFFICER, "ended")


@pytest.mark.parametrize(
    ("one", "other", "refused"),
    [
        (OFFICER, OFFICER, "refused.same_person"),
        (CLERK, NEWCOMER, "refused.right_missing"),
        (OFFICER, "s777", "sign_in.unknown_here"),
    ],
)
async def test_two_different_people_and_an_officer_among_them_to_declare_and_to_end(
    tmp_path: Path, one: str, other: str, refused: str
) -> None:
    hall = await a_hall(tmp_path)
    await hall.desk.admit(NEWCOMER, Right.VIEW)
    hall.desk.seeds.setdefault("s777", b"s777" * 5)
    assert await hall.declare(one, other) == refused
    assert await hall.desk.book("deputy") == []
    assert await hall.certifier() == MAYOR
    assert await hall.declare() == "declared"
    assert await hall.end(one, other) == refused
    assert await hall.certifier() == DEPUTY


async def test_whom_two_let_in_neither_declares_nor_ends(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    desk = hall.desk
    first = await desk.word(OFFICER)
    second = await desk.let_in.hear(CLERK, PASSWORD, desk.code(CLERK), beside=first)
    newcomer = desk.newcomer(password=PASSWORD + "号")
    desk.seeds[NEWCOMER] = newcomer.seed
    await desk.let_in(first, second, newcomer)
    officer = await hall.word(OFFICER)
    desk.code(NEWCOMER)
    with pytest.raises(CounterError, match=r"refused\.let_in_by_two"):
        await hall.job.hear(NEWCOMER, newcomer.password, desk.code(NEWCOMER), beside=officer)
    unheard = await desk.vault.unlock(NEWCOMER, newcomer.password, desk.code(NEWCOMER), now=desk.now)
    with pytest.raises(CounterError, match=r"refused\.let_in_by_two"):
        await hall.job(officer, unheard, Appointed(TITLE, NAME, TODAY, TODAY))
    assert await hall.certifier() == MAYOR
    assert await hall.declare() == "declared"
    officer = await hall.word(OFFICER)
    unheard = await desk.vault.unlock(NEWCOMER, newcomer.password, desk.code(NEWCOMER), now=desk.now)
    with pytest.raises(CounterError, match=r"refused\.let_in_by_two"):
        await hall.job.end(officer, unheard)
    assert await hall.certifier() == DEPUTY


async def test_two_words_that_cannot_act_together_do_nothing_whoever_brings_them(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    words = Appointed(TITLE, NAME, TODAY, TODAY)
    officer = await hall.word(OFFICER)
    with pytest.raises(CounterError, match=r"refused\.same_person"):
        await hall.job(officer, officer, words)
    clerk = await hall.word(CLERK, beside=officer)
    hall.desk.now += timedelta(minutes=11)
    with pytest.raises(CounterError, match=r"sign_in\.word_stale"):
        await hall.job(officer, clerk, words)
    assert await hall.certifier() == MAYOR
    assert await hall.declare() == "declared"
    officer = await hall.word(OFFICER)
    with pytest.raises(CounterError, match=r"refused\.same_person"):
        await hall.job.end(officer, officer)
    assert await hall.certifier() == DEPUTY


async def test_while_the_cloud_answers_nobody_is_declared(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    hall.on_line = True
    assert await hall.declare() == "refused.deputy_on_line"
    assert await hall.certifier() == MAYOR
    assert [line.facts["code"] for line in await hall.desk.book("refusal")] == ["refused.deputy_on_line"]


@pytest.mark.parametrize(("first", "last"), [(-1, 1), (2, 1), (0, 7), (3, 7), (8, 9)])
async def test_its_days_begin_today_or_later_and_are_bounded(tmp_path: Path, first: int, last: int) -> None:
    hall = await a_hall(tmp_path)
    assert await hall.declare(first=first, last=last) == "refused.deputy_days"
    assert await hall.declare(first=0, last=6) == "declared"


@pytest.mark.parametrize("words", [("", NAME), (TITLE, " "), (TITLE, "海\u202e野"), ("長" * 31, NAME)])
async def test_words_no_paper_could_bear_are_refused(tmp_path: Path, words: tuple[str, str]) -> None:
    hall = await a_hall(tmp_path)
    with pytest.raises(CounterError, match=r"refused\.input"):
        await hall.job(*await hall.pair(), Appointed(*words, TODAY, TODAY))
    hall.missing = ("海",)
    assert await hall.declare() == "paper.glyph_missing"
    assert await hall.certifier() == MAYOR


async def test_no_number_of_a_person_gets_into_the_book_as_a_name(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    with pytest.raises(CounterError, match=r"refused\.forbidden_number"):
        await hall.job(*await hall.pair(), Appointed(TITLE, "海 123456789018", TODAY, TODAY))
    assert await hall.desk.book("deputy") == []


async def test_the_registers_next_word_ends_it_whatever_it_says(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    assert await hall.declare() == "declared"
    known = await hall.desk.vault.declarations.deputies.known()
    assert known is not None
    assert rules.in_force(known, hall.desk.now, known.register_at)
    assert not rules.in_force(known, hall.desk.now, known.register_at + timedelta(seconds=1))


async def test_over_is_written_down_so_that_no_clock_set_back_revives_it(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    assert await hall.declare() == "declared"
    hall.at(3)
    desk = hall.desk
    tidy = EndDeputy(desk.vault.declarations.deputies, desk.stores.ledger, now=lambda: desk.now)
    assert await tidy(None) is None, "the book is shut"
    assert await desk.vault.declarations.deputies.known() is not None
    await desk.stores.open(store_keys())
    assert await tidy(None) is None
    await desk.stores.close()
    hall.at(1)
    assert await hall.certifier() == MAYOR
    assert [line.facts["how"] for line in await desk.book("deputy")] == ["made", "date"]


async def test_before_it_was_declared_it_says_nothing_however_the_clock_is_set(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    assert await hall.declare() == "declared"
    hall.desk.now -= timedelta(hours=1)
    assert await hall.certifier() == MAYOR


async def test_it_outlives_the_program_and_not_the_keyring(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    assert await hall.declare() == "declared"
    await hall.restart()
    assert await hall.certifier() == DEPUTY
    hall.ring = MemoryKeyring()
    await hall.restart()
    assert await hall.certifier() == MAYOR


async def test_killed_between_book_and_note_there_is_none_and_the_book_says_who_wanted_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall = await a_hall(tmp_path)

    async def killed(_deputy: Deputy) -> None:
        raise asyncio.CancelledError

    pair = await hall.pair()
    monkeypatch.setattr(hall.desk.vault.declarations.deputies, "declare", killed)
    with pytest.raises(asyncio.CancelledError):
        await hall.job(*pair, Appointed(TITLE, NAME, TODAY, TODAY))
    await hall.restart()
    assert await hall.certifier() == MAYOR
    assert len(await hall.desk.book("deputy")) == 1


async def test_an_edited_note_and_one_carried_into_another_file_are_worth_nothing(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    before = hall.files()
    assert await hall.declare() == "declared"
    declared = hall.files()
    for column, value in (
        ("name", "別　人"),
        ("last_day", "2027-12-31"),
        ("register_at", "2030-01-01T00:00:00Z"),
    ):
        edited = json.loads(declared["wraps.json"])
        edited["deputy"][column] = value
        hall.put(dict.fromkeys(FILES, json.dumps(edited).encode()))
        await hall.restart()
        assert await hall.certifier() == MAYOR, column
        assert await hall.declare() == "store.wraps_changed"
    carried = {**json.loads(before["wraps.json"]), "deputy": json.loads(declared["wraps.json"])["deputy"]}
    hall.put(dict.fromkeys(FILES, json.dumps(carried).encode()))
    await hall.restart()
    assert await hall.certifier() == MAYOR
    hall.put(declared)
    await hall.restart()
    assert await hall.certifier() == DEPUTY, "the file as it was written"


async def test_one_of_another_terminal_is_worth_nothing_here(tmp_path: Path) -> None:
    here, there = await a_hall(tmp_path / "here"), await a_hall(tmp_path / "there")
    assert await there.declare() == "declared"
    here.put(there.files())
    await here.restart()
    assert await here.certifier() == MAYOR


async def test_one_put_back_after_its_end_does_not_come_back(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    assert await hall.declare() == "declared"
    declared = hall.files()
    assert await hall.end() == "ended"
    assert await hall.certifier() == MAYOR
    hall.put(declared)
    assert await hall.certifier() == MAYOR, "nor under a running program"
    await hall.restart()
    assert await hall.certifier() == MAYOR
    assert await hall.declare() == "store.wraps_behind"


async def test_a_sign_in_on_line_alone_does_not_end_it_the_register_does(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    assert await hall.declare() == "declared"
    await hall.desk.admit(NEWCOMER, Right.VIEW)
    await hall.restart()
    assert await hall.certifier() == DEPUTY


async def test_one_that_was_ended_meanwhile_ends_no_other(tmp_path: Path) -> None:
    hall = await a_hall(tmp_path)
    assert await hall.declare() == "declared"
    old = await hall.desk.vault.declarations.deputies.known()
    assert old is not None
    assert await hall.declare(last=3) == "declared"
    await hall.desk.vault.declarations.deputies.end(old)
    assert await hall.certifier() == DEPUTY
    assert await hall.end() == "ended"
    assert await hall.end() == "refused.not_found"
