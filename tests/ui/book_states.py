"""The states of the screen of the book; beside those of the screens."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from client.domain.resident import AtenaNo
from client.jobs.ports import JournalEntry
from tests.ui import states
from tests.ui.drive import Counter
from tests.ui.world import PROTECTED, WATANABE

LINES = (
    JournalEntry("sign_in", "s001", facts={"how": "failed", "tries": 2}),
    JournalEntry("sign_in", "s001", facts={"how": "online"}),
    JournalEntry(
        "look_up",
        "s001",
        tuple(AtenaNo(f"10000000{n}") for n in range(11, 15)),
        {"source": "replica", "version": 41, "by": "name+place", "hits": 4, "more": 0},
    ),
    JournalEntry("view", "s001", (PROTECTED,), {"source": "cloud", "version": 41, "masked": 1}),
    JournalEntry(
        "release",
        "s001",
        (PROTECTED,),
        {
            "officer": "s009",
            "second": "s003",
            "offline": 1,
            "kind": "juminhyo_copy",
            "codes": "refused.blocked",
        },
    ),
    JournalEntry("refusal", "s001", (WATANABE,), {"what": "juminhyo_copy", "code": "refused.blocked"}),
    JournalEntry(
        "issue",
        "s001",
        (WATANABE,),
        {"serial": "2026-11-20/0007/12", "kind": "juminhyo_copy", "pages": 1, "fee_yen": 300, "seal": 1},
    ),
    JournalEntry(
        "intake", "s002", (WATANABE,), {"what": "withdrawn", "change": "k1", "reason": "渡邉花子の電話"}
    ),
    JournalEntry("loss", "s009", (), {"code": "store.ledger_behind", "series": 100_012}),
)


async def begun(counter: Counter) -> None:
    counter.world.ledger.journal += LINES
    await counter.sign_in()
    await counter.hands.press(Qt.Key.Key_F10)
    await counter.quiet()


async def found(counter: Counter) -> None:
    await begun(counter)
    await counter.hands.push("bookLook")
    await counter.quiet()


async def many(counter: Counter) -> None:
    counter.world.ledger.journal += [
        JournalEntry("look_up", "s002", (), {"by": "number", "hits": n % 3}) for n in range(130)
    ]
    await found(counter)


async def named(counter: Counter) -> None:
    await begun(counter)
    await counter.hands.type("bookSubject", WATANABE)
    await counter.hands.push("bookLook")
    await counter.quiet()
    await counter.hands.push("bookName")
    await counter.quiet()


async def nothing(counter: Counter) -> None:
    await begun(counter)
    await counter.hands.type("bookSubject", "1999999999")
    await counter.hands.push("bookLook")
    await counter.quiet()


async def no_day(counter: Counter) -> None:
    await begun(counter)
    await counter.hands.type("bookSince", "きのう")
    await counter.hands.push("bookLook")
    await counter.quiet()


async def analysed(counter: Counter, place: int = 5, *, searches: int = 70) -> None:
    for n in range(searches):
        who = (AtenaNo(f"10000{n:04d}7"),)
        counter.world.ledger.journal.append(JournalEntry("look_up", "s002", who, {"by": "number", "hits": 1}))
    await begun(counter)
    counter.hands.find(QComboBox, "bookWay").setCurrentIndex(place)
    await counter.hands.push("bookLook")
    await counter.quiet()


async def mass(counter: Counter) -> None:
    await analysed(counter, 4)


async def exported(counter: Counter) -> None:
    await mass(counter)
    await counter.hands.push("bookExport")
    await counter.quiet()


BOOK_STATES: dict[str, states.Play] = {
    "book-begun": begun,
    "book": found,
    "book-many": many,
    "book-named": named,
    "book-nothing": nothing,
    "book-no-day": no_day,
    "book-by-number": analysed,
    "book-mass": mass,
    "book-exported": exported,
}
