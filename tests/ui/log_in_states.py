"""The states of the sign-in that a town with cards, keys or TPMs sees."""

from client.domain.errors import SignInNeededError, StoreError
from tests.ui.drive import Counter
from ui.notices import note_of
from ui.screens.log_in.model import LogInModel
from ui.screens.log_in.view import LogInView


async def log_in_other_tpm(counter: Counter) -> None:
    counter.face.log_in.refuse(note_of(StoreError("tpm.other"), counter.words))


async def log_in_card(counter: Counter) -> None:
    _show_second(counter, "pin")


async def log_in_key(counter: Counter) -> None:
    _show_second(counter, "key")


async def log_in_card_last_try(counter: Counter) -> None:
    _show_second(counter, "pin").refuse(note_of(SignInNeededError("card.last_try"), counter.words))


def _show_second(counter: Counter, second: str) -> LogInModel:
    """Put the sign-in of a town with cards or keys in the place of the one with codes."""
    model = LogInModel(counter.words, second=second)
    view = LogInView(model, counter.words, town="あおぞら市", terminal="市民課　窓口1")
    counter.shell.add("log_in", view)
    counter.shell.show_screen("log_in")
    return model


LOG_IN_STATES = {
    "log-in-other-tpm": log_in_other_tpm,
    "log-in-card": log_in_card,
    "log-in-key": log_in_key,
    "log-in-card-last-try": log_in_card_last_try,
}
