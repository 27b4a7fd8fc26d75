"""What a printer's answer about a job means for the sheet: the one place that turns IPP states into ours."""

from dataclasses import dataclass

from client.domain.certificate import SheetState
from printing.desk import words
from printing.desk.ipp import JobState, Reply


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a sheet, and in which words; ``final`` when asking again will tell no more.

    ``troubled`` while the printer wants a person, or does not answer.
    """

    state: SheetState
    words: str
    final: bool
    troubled: bool = False


def judge(job: Reply, printer: Reply | None) -> Verdict:
    """Read a job's state; the printer's own words stand before the job's.

    Completed is the printer's word that the sheet came out. Canceled and aborted jobs may have left half a
    paper in the tray, so what became of the sheet is unknown until a person has looked.
    """
    number = job.number("job-state") if job.ok else None
    if number is None or number not in set(JobState):
        return Verdict(SheetState.UNKNOWN, words.own("stopped_answering"), final=not job.ok)
    state = JobState(number)
    of_printer = words.of_printer(printer.words("printer-state-reasons")) if printer else ()
    of_job = words.of_job(job.words("job-state-reasons"))
    if state is JobState.COMPLETED:
        return Verdict(SheetState.PRINTED, words.sentence(*of_job, words.of_state(state)), final=True)
    if state in {JobState.CANCELED, JobState.ABORTED}:
        said = words.sentence(*of_printer, *of_job, words.of_state(state), words.own("incomplete"))
        return Verdict(SheetState.UNKNOWN, said, final=True)
    said = words.sentence(*of_printer, *of_job, words.of_state(state))
    return Verdict(SheetState.SENT, said, final=state is JobState.PENDING_HELD, troubled=bool(of_printer))


def silent() -> Verdict:
    """Return the verdict while the printer does not answer at all."""
    return Verdict(SheetState.UNKNOWN, words.own("stopped_answering"), final=False, troubled=True)
