"""Exit codes of ``madoguchi``: documented, stable, and told by ``--help``."""

from client.domain.errors import CounterError, LinkDownError, PaperError, StoreError

OK, FAILED, USAGE = 0, 1, 2
CLOUD, DAMAGED, IN_USE, NOT_ENROLLED, DISK_FULL, KEYRING, NEWER, PAPER, CLOCK, UNSENT, CHANGED = range(10, 21)
MEANINGS = {
    OK: "all is well",
    FAILED: "something else went wrong",
    USAGE: "a word on the command line or a setting is not known",
    CLOUD: "the cloud cannot be reached or is not the town's own",
    DAMAGED: "a file of this terminal is damaged or behind its mark",
    IN_USE: "the counter is open already on the same data",
    NOT_ENROLLED: "this PC is not a terminal, or was revoked",
    DISK_FULL: "the disk is full",
    KEYRING: "the operating system's keyring, or the TPM, cannot be used",
    NEWER: "the data was made by a newer version of the program",
    PAPER: "the printer or a font is missing",
    CLOCK: "the clock of this PC is off by more than five minutes",
    UNSENT: "something lies here that neither the cloud nor an export has",
    CHANGED: "somebody changed terminal.json, or put another one in its place",
}
_BY_CODE = {
    "store.in_use": IN_USE,
    "store.full": DISK_FULL,
    "store.facts_changed": CHANGED,
    "store.no_keyring": KEYRING,
    "store.no_keys": NOT_ENROLLED,
    "store.newer": NEWER,
    "store.not_handed_over": CLOUD,
    "store.being_wiped": NOT_ENROLLED,
    "store.wiped": NOT_ENROLLED,
    "store.forbidden_number": FAILED,  # the files are whole: it is the cloud's data that is wrong
    "sign_in.clock_off": CLOCK,
    "refused.enrolment": NOT_ENROLLED,
    "refused.terminal_revoked": NOT_ENROLLED,
}
_BY_KIND = ((StoreError, DAMAGED), (LinkDownError, CLOUD), (PaperError, PAPER))


def of(error: CounterError) -> int:
    """Return the exit code for known trouble."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    if error.code.startswith("tpm."):
        return KEYRING
    return next((code for kind, code in _BY_KIND if isinstance(error, kind)), FAILED)


def table() -> str:
    """Return the codes and what they mean, for --help."""
    return "\n".join(["exit codes:", *(f"  {code:>3}  {meaning}" for code, meaning in MEANINGS.items())])
