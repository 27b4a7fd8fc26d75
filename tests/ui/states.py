"""Every state of every screen, reached by the gestures that lead there."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from PySide6.QtCore import Qt

from client.domain.blocks import Block, BlockLevel, BlockProcess
from client.domain.errors import LinkDownError, PaperError, SignInNeededError
from client.domain.feed import FeedPosition, Position
from client.domain.gaiji import Gaiji
from client.domain.query import Match, Query
from client.jobs.prove_replica import Looking, Part, Proof
from client.jobs.take_chunks import Progress
from client.rules import drill
from printing.layout.own_font import build
from tests.ui.drive import Counter
from tests.ui.log_in_states import LOG_IN_STATES
from ui.notices import note_of
from ui.status import Line, with_fill

GAIJI = (
    Gaiji("E001", "カツラ", outline=b"M120 100H880V160H120Z M460 160H540V920H460Z M200 420H800V500H200Z"),
    Gaiji(
        "E003",
        "サキ",
        "MJ010541",
        b"M460 60H540V300H460Z M160 300H840V380H160Z M160 380H240V940H160Z M400 560H840V640H400Z",
    ),
    Gaiji("E00A", "ワタ", outline=b"no path"),
)
Play = Callable[[Counter], Awaitable[None]]


async def log_in(_: Counter) -> None:
    """The sign-in window as it opens."""


async def log_in_training(counter: Counter) -> None:
    counter.log_in_view.show_training("s001", "aozora-2026", "482913")


async def log_in_error(counter: Counter) -> None:
    counter.face.log_in.refuse(note_of(SignInNeededError("sign_in.locked_out", minutes=5), counter.words))


async def empty(counter: Counter) -> None:
    await counter.sign_in()


async def searching(counter: Counter) -> None:
    await counter.sign_in()
    await counter.hands.type("search", "わたなべ")
    await counter.hands.until(lambda: bool(counter.face.counter.find.lines), "hits", 5)


async def find_form(counter: Counter) -> None:
    await counter.sign_in()
    await counter.hands.push("findDetails")
    find = counter.face.counter.find
    find.ask(
        Query(
            name="わたなべ",
            birth="昭和58年4月",
            place="葛城町一丁目2-3",
            sex="男",
            match=Match.PREFIX,
            past=True,
        )
    )
    await counter.quiet()


async def resident(counter: Counter) -> None:
    await searching(counter)
    counter.face.counter.find.choose(0)
    await counter.quiet()


async def basket(counter: Counter) -> None:
    await resident(counter)
    await counter.hands.push("addJuminhyo")
    await counter.hands.push("optRelationship")
    await counter.hands.push("optHonseki")
    counter.face.counter.check_all()
    counter.face.counter.set_basket(replace(counter.face.counter.basket, copies=3))
    await counter.quiet()


async def ready(counter: Counter) -> None:
    await basket(counter)
    identity = await counter.hands.wait_for("identity")
    await counter.hands.press(Qt.Key.Key_Down, identity)


async def protected(counter: Counter) -> None:
    await searching(counter)
    counter.face.counter.find.choose(5 if len(counter.face.counter.find.lines) > 5 else 0)
    for number, line in enumerate(counter.face.counter.find.lines):
        if line.mark == "protected":
            counter.face.counter.find.choose(number)
    await counter.quiet()
    await counter.hands.push("addJuminhyo")
    await counter.quiet()


async def blocked(counter: Counter) -> None:
    await searching(counter)
    for number, line in enumerate(counter.face.counter.find.lines):
        if line.mark == "blocked":
            counter.face.counter.find.choose(number)
            break
    await counter.quiet()
    await counter.hands.push("addJuminhyo")
    identity = await counter.hands.wait_for("identity")
    await counter.hands.press(Qt.Key.Key_Down, identity)


async def no_look(counter: Counter) -> None:
    """A list with somebody whose record nobody may look at."""
    await searching(counter)
    found = counter.face.counter.find
    block = Block(
        "b-look", found.lines[1].atena_no, None, BlockProcess.VIEW, BlockLevel.ERROR, "確認中", None, None
    )
    for register in (counter.world.live, counter.world.replica):
        register.restrictions = replace(register.restrictions, blocks=(*register.restrictions.blocks, block))
    found.find_now()
    await counter.quiet()


async def foreigner(counter: Counter) -> None:
    await counter.sign_in()
    await counter.open_resident("わたなべ あん")
    await counter.hands.push("addJuminhyo")


async def offline(counter: Counter) -> None:
    await counter.sign_in()
    counter.world.cut()
    await counter.open_resident("わたなべ たかたろう")
    now = counter.world.clock()
    register = FeedPosition(40, now - timedelta(minutes=27))
    blocks = FeedPosition(7, now - timedelta(minutes=25))
    counter.show_status(
        replace(
            counter.facts,
            line=Line.OFFLINE,
            line_since=now - timedelta(minutes=26),
            position=Position(blocks, register),
            waiting=12,
            wants_a_clerk=1,
        )
    )
    await counter.hands.push("addJuminhyo")
    identity = await counter.hands.wait_for("identity")
    await counter.hands.press(Qt.Key.Key_Down, identity)


async def link_note(counter: Counter) -> None:
    await resident(counter)
    counter.face.show_error(LinkDownError("link.timeout"))


async def zoom(counter: Counter) -> None:
    await resident(counter)
    counter.face.counter_view.zoom()


async def zoom_gaiji(counter: Counter) -> None:
    """A sequence, a letter of the town's own, one of a number, one without outline, one of no font."""
    await resident(counter)
    counter.letters.take_own(build(GAIJI))
    counter.face.counter_view.zoom_text("辻\U000e0102\ue001\ue003 邉\U000e0100\ue00aか\u3099", "つじかつら")


async def zoom_long(counter: Counter) -> None:
    await resident(counter)
    name = "WONGSAWATANAKUL CHRISTOPHER ALEXANDER MAXIMILIAN NGUYEN THI THANH"
    counter.face.counter_view.zoom_text(
        name, "ウォンサワタナクン クリストファー アレクサンダー マクシミリアン"
    )


async def help_(counter: Counter) -> None:
    await resident(counter)
    counter.face.help()


async def preview(counter: Counter) -> None:
    await ready(counter)
    await counter.hands.press(Qt.Key.Key_F12)
    await counter.hands.until(lambda: counter.shell.present == "certificate", "the preview", 5)
    await counter.quiet()


async def confirm(counter: Counter) -> None:
    await preview(counter)
    await counter.hands.push("previewPrint")
    await counter.hands.wait_for("handedOver")
    await counter.quiet()


async def spoiled(counter: Counter) -> None:
    await confirm(counter)
    await counter.hands.push("handedOver")
    await counter.quiet()
    await counter.hands.push("spoiled")
    await counter.quiet()
    await counter.hands.push("handedOver")
    await counter.quiet()


async def paper_trouble(counter: Counter) -> None:
    await preview(counter)
    counter.world.press.trouble = PaperError("paper.printer_unreachable")
    await counter.hands.push("previewPrint")
    await counter.quiet()


async def tenkyo(counter: Counter) -> None:
    await resident(counter)
    await counter.hands.begin_form()
    await counter.hands.wait_for("tenkyoTown")
    await counter.hands.type("tenkyoTown", "みどり県あおぞら市葛󠄂城町二丁目")
    await counter.hands.type("tenkyoBanchi", "4番5号")
    await counter.hands.type("tenkyoKatagaki", "𠮷野ビル 801号")
    await counter.hands.type("tenkyoIdoDate", "R8.11.1")


async def tenkyo_gaps(counter: Counter) -> None:
    await resident(counter)
    await counter.hands.begin_form()
    await counter.hands.wait_for("tenkyoTown")
    await counter.hands.push("tenkyoAccept")


async def tenkyo_done(counter: Counter) -> None:
    await tenkyo(counter)
    await counter.hands.push("tenkyoAccept")
    await counter.quiet()


async def pending(counter: Counter) -> None:
    await tenkyo_done(counter)
    await counter.hands.push("tenkyoBack")
    await counter.quiet()


async def outbox(counter: Counter) -> None:
    await spoiled(counter)
    await counter.hands.push("certificateBack")
    await counter.hands.begin_form()
    await counter.hands.type("tenkyoTown", "みどり県あおぞら市葛󠄂城町二丁目")
    await counter.hands.type("tenkyoBanchi", "4番5号")
    await counter.hands.type("tenkyoIdoDate", "R8.11.1")
    await counter.hands.push("tenkyoAccept")
    await counter.quiet()
    key = next(change.key for change in counter.world.ledger.changes.values() if not change.kind.is_fact)
    counter.world.book.outcomes[key] = "conflict"
    await counter.hands.press(Qt.Key.Key_F5)
    await counter.quiet()
    await counter.hands.push("outboxSend")
    await counter.quiet()


async def outbox_waiting(counter: Counter) -> None:
    await confirm(counter)
    counter.world.cut()
    for _ in range(3):
        await counter.hands.push("handedOver")
        await counter.quiet()
    await counter.hands.press(Qt.Key.Key_F5)
    await counter.quiet()


async def outbox_empty(counter: Counter) -> None:
    await counter.sign_in()
    await counter.hands.press(Qt.Key.Key_F5)
    await counter.quiet()


_STEPS = (
    ("issue_online", "issued_online"),
    ("cut", "cut"),
    ("issue_offline", "issued_offline"),
    ("intake", "accepted"),
    ("restore", "restore"),
    ("arrive", "arrived"),
)


async def drill_before(counter: Counter) -> None:
    await counter.sign_in()
    await counter.hands.press(Qt.Key.Key_F8)


async def drill_under_way(counter: Counter) -> None:
    await drill_before(counter)
    counter.shell.frame.set_striped(True)
    now = counter.world.clock()
    plan = drill.plan(_STEPS, now - timedelta(minutes=9))
    plan = (
        plan.done(now - timedelta(minutes=6))
        .done(now - timedelta(minutes=5))
        .done(now - timedelta(minutes=3))
    )
    counter.face.drill.show(plan)


async def replica_proving(counter: Counter) -> None:
    await counter.sign_in()
    counter.show_status(counter.facts)
    await counter.hands.press(Qt.Key.Key_F4)
    counter.face.replica.looking = Looking(Part.ROWS, 3686, 8192, timedelta(seconds=21))
    counter.face.replica.changed()


async def replica_proved(counter: Counter) -> None:
    counter.world.proof = Proof(3, as_of=counter.world.clock(), repaired=3, rows=214)
    counter.world.may_end.set()
    await counter.sign_in()
    counter.show_status(counter.facts)
    await counter.hands.press(Qt.Key.Key_F4)
    await counter.hands.push("replicaStart")
    await counter.quiet()


async def replica_filling(counter: Counter) -> None:
    """A first fill, a register that was restored, and no proof before its end."""
    await counter.sign_in()
    await counter.hands.press(Qt.Key.Key_F4)
    fill = Progress(17, 44, False, 6_200_000, 10_100_000, "history", 1_200_000, timedelta(seconds=200))
    empty = replace(counter.facts, position=Position(None, None))
    counter.show_status(with_fill(empty, fill, counter.world.clock()))


async def replica_not_taken(counter: Counter) -> None:
    await counter.sign_in()
    await counter.hands.press(Qt.Key.Key_F4)
    counter.show_status(replace(counter.facts, not_taken="link.backwards"))


async def locked(counter: Counter) -> None:
    await resident(counter)
    await counter.hands.press(Qt.Key.Key_F9)
    await counter.quiet()


STATES: dict[str, Play] = {
    "log-in": log_in,
    "log-in-training": log_in_training,
    "log-in-error": log_in_error,
    **LOG_IN_STATES,
    "counter-empty": empty,
    "counter-searching": searching,
    "counter-find-form": find_form,
    "counter-resident": resident,
    "counter-basket": basket,
    "counter-ready": ready,
    "counter-protected": protected,
    "counter-blocked": blocked,
    "counter-no-look": no_look,
    "counter-foreigner": foreigner,
    "counter-offline": offline,
    "counter-note": link_note,
    "counter-zoom": zoom,
    "counter-zoom-gaiji": zoom_gaiji,
    "counter-zoom-long": zoom_long,
    "counter-help": help_,
    "counter-pending": pending,
    "certificate-preview": preview,
    "certificate-confirm": confirm,
    "certificate-spoiled": spoiled,
    "certificate-trouble": paper_trouble,
    "change-form": tenkyo,
    "change-gaps": tenkyo_gaps,
    "change-done": tenkyo_done,
    "outbox": outbox,
    "outbox-waiting": outbox_waiting,
    "outbox-empty": outbox_empty,
    "drill": drill_before,
    "drill-under-way": drill_under_way,
    "replica-proving": replica_proving,
    "replica-proved": replica_proved,
    "replica-filling": replica_filling,
    "replica-not-taken": replica_not_taken,
    "locked": locked,
}
