"""The replica on the screen: its age, a fill, 複製の照合 with its result, a bundle that was brought. No toolkit."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from client.domain.clerk import Right, SignIn
from client.domain.errors import CounterError
from client.jobs.ports import Now
from client.jobs.prove_replica import Looking, Part, Proof, Tell
from ui.clock import left_words, short_time
from ui.notices import Note, note_of
from ui.screens.replica.carry import CarryJobs, CarryModel
from ui.status import Facts, replica_cell
from ui.text import Words
from ui.work import Starter, nothing

Prove = Callable[[SignIn, Tell, bool], Awaitable[Proof]]  # the last: follow a restored register back
_TASK = "proof"
_BACKWARDS = "link.backwards"
_SERIES = ("core", "history", "seals")


class ReplicaModel:
    """The replica's screen; a proof under way goes on while the clerk is elsewhere."""

    def __init__(self, words: Words, prove: Prove, starter: Starter, now: Now, carry: CarryJobs) -> None:
        self.words = words
        self.carry = CarryModel(words, carry, starter, now)
        self.carry.ended = self._carried
        self.carried: Callable[[Note], None] = lambda _: (
            None
        )  # what became of a bundle, for the other screens
        self._prove = prove
        self._starter = starter
        self._now = now
        self._facts = Facts()
        self.sign_in: SignIn | None = None
        self.looking: Looking | None = None
        self.note: Note | None = None
        self.changed: Callable[[], None] = lambda: None
        self.finished: Callable[[], None] = lambda: None

    @property
    def reason(self) -> str:
        """Return why a proof cannot be started; empty when it can."""
        if self.sign_in is None or Right.OFFICER not in self.sign_in.clerk.rights:
            return self.words("replica.officer_only")
        if self._facts.position.register is None:
            return self.words("replica.not_filled")
        return self.words("replica.under_way") if self.running else ""

    @property
    def carry_reason(self) -> str:
        """Return why no bundle can be taken in; empty when one can, also where there is no replica yet."""
        if self.sign_in is None or Right.OFFICER not in self.sign_in.clerk.rights:
            return self.words("carry.officer_only")
        return self.words("replica.under_way") if self.running else ""

    @property
    def running(self) -> bool:
        """Tell whether a proof is under way."""
        return self.looking is not None

    @property
    def went_back(self) -> bool:
        """Tell whether the register was restored, so that the officer may say to follow it."""
        return self._facts.not_taken == _BACKWARDS

    @property
    def age(self) -> str:
        """Return as of when the replica is, or how far its fill is."""
        return replica_cell(self._facts, self.words, self._now()).detail

    @property
    def series(self) -> str:
        """Return what of a fill is coming now, in plain words; empty where none is under way."""
        fill = self._facts.fill
        if not self._facts.filling or fill.mending:
            return ""
        series = fill.series if fill.series in _SERIES else "other" if fill.series else _SERIES[0]
        named = self.words(f"series.{series}")
        return self.words("replica.series", series=named, done=fill.done, of=fill.of)

    @property
    def progress(self) -> tuple[int, int]:
        """Return how far the proof or the fill is, of how much; (0, 0) where nobody can say."""
        if self.looking is not None:
            return self.looking.done, self.looking.of
        fill = self._facts.fill
        return (fill.bytes_done, fill.bytes_of) if fill.bytes_of else (fill.done, fill.of)

    @property
    def shows_progress(self) -> bool:
        """Tell whether anything is under way here."""
        return self.running or self._facts.filling

    @property
    def doing(self) -> str:
        """Return what the proof is doing, how far it is, and how long it still takes."""
        if self.looking is None:
            return ""
        text = self.words(f"replica.doing_{self.looking.part.value}")
        if self.looking.part is Part.ROWS and self.looking.of:
            text += self.words("replica.percent", n=100 * self.looking.done // self.looking.of)
        if self.looking.left is not None:
            text += self.words("status.fill_left", left=left_words(self.looking.left, self.words))
        return text

    def told(self, facts: Facts) -> None:
        """Hear how things stand."""
        shown = (self.age, self.doing, self.reason, self.went_back)
        self._facts = facts
        if shown != (self.age, self.doing, self.reason, self.went_back):
            self.changed()

    def start(self) -> None:
        """Begin the proof."""
        self._begin(follow_back=False)

    def take_in(self, path: Path) -> None:
        """Look at a bundle that was brought, to take it in."""
        if self.sign_in is not None and not self.carry_reason:
            self.note = None
            self.carry.choose(self.sign_in, path)
            self.changed()

    def follow_back(self) -> None:
        """Begin the proof, and go back with a restored register: the officer has looked into it."""
        if self.went_back:
            self._begin(follow_back=True)

    def stop(self) -> None:
        """Break the proof off; what was found so far is fetched by the next round."""
        if self.running:
            self._starter.replace(_TASK, nothing)
            self._end(Note("info", self.words("replica.stopped")))

    def leave(self) -> None:
        """Forget the proof of a clerk who has locked: the files are being closed."""
        if self.running:
            self._starter.replace(_TASK, nothing)
        self.looking = self.note = None
        self.carry.leave()

    def back(self) -> None:
        """Leave, or go a step back with a bundle; what is under way goes on."""
        if not self.carry.back():
            self.finished()

    def dismiss(self) -> None:
        """Take the note away."""
        self.note = None
        self.changed()

    def _begin(self, *, follow_back: bool) -> None:
        who = self.sign_in
        if self.reason or who is None:
            return
        self.looking, self.note = Looking(Part.PAGES), None
        self.changed()
        self._starter.start(_TASK, lambda: self._run(who, follow_back))

    async def _run(self, who: SignIn, follow_back: bool) -> None:
        try:
            proof = await self._prove(who, self._tell, follow_back)
        except CounterError as error:
            self._end(note_of(error, self.words))
        except BaseException:
            self.looking = None  # cancelled, or a bug that the roof tells of
            raise
        else:
            self._end(note_of_proof(proof, self.words, self._now()))

    def _tell(self, looking: Looking) -> None:
        self.looking = looking
        self.changed()

    def _carried(self, note: Note) -> None:
        self._end(note)
        self.carried(note)

    def _end(self, note: Note) -> None:
        self.looking, self.note = None, note
        self.changed()


def note_of_proof(proof: Proof, words: Words, now: datetime) -> Note:
    """Return what a proof came to: what was found, what was done about it, and what is safe."""
    if proof.damaged or proof.wrong or proof.repaired or proof.filled:
        found = (
            words("proof.damaged") if proof.damaged else words("proof.wrong", n=proof.wrong or proof.repaired)
        )
    else:
        found = words("proof.whole")
    if proof.as_of is not None:
        done = words("proof.equal", time=short_time(proof.as_of, now))
        if proof.repaired:
            done = words("proof.repaired", n=proof.repaired, rows=proof.rows) + done
        if proof.filled:
            done = words("proof.filled") + done
        return Note("ok" if proof.whole else "warn", found, done)
    why = (
        words("proof.not_asked", cause=words(f"cause.{proof.trouble}"))
        if proof.trouble
        else words("proof.open")
    )
    safe = "" if proof.whole else words("proof.later")
    return Note("warn", found, why + safe)
