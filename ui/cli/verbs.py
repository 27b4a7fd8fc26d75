"""The verbs of ``madoguchi``: which there are, their words on the command line, and where each is done."""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from client.config import Config
from client.domain.errors import CounterError
from client.rules.settings import ConfigError
from ui.cli import account_words, bundle_words, exit_codes, keys_words
from ui.config_file import Loaded, load
from ui.no_core import keep_memory_off_the_disk, overwrite_what_is_freed

VERBS = {
    "open": "open the counter (also without any verb)",
    "drill": "open the counter on the training environment, with a drill ready to start",
    "status": "say how this terminal stands",
    "config": "print every setting, its value and where it was set; --sample prints a settings file",
    "doctor": "look at everything the counter needs, and say what to do",
    "verify": "read the whole book and every row of the replica anew; asks for staff id, password and code",
    "audit": "verify: read the whole book anew, against its mark, the keyring and what was signed and receipted",
    "hall": "be the hall server of this house: keep what the cloud says, sealed, and serve it to the terminals",
    "bundle": "write, show, open or keep a bundle that is carried by hand",
    "outbox": "write down what was not sent yet, for a PC that dies; bring another terminal's to the cloud",
    "account": "hand this terminal's secret to another OS account of this PC, or take it under that account",
    "keys": "move or change the device secret, or erase what one clerk opens here",
    "factor": "have a card or FIDO2 key write the line an officer of the back office enrols it with; asks for its PIN",
    "card": "speak with the module of IC cards; the counter starts this itself",
    "wipe": "hand over what the cloud does not have, then erase this terminal; with --transfer enrol the PC anew",
    "enrol": "make this PC a terminal of the town, with a one-time token",
}
_WORDS = {
    "bundle": bundle_words.add_to,
    "outbox": bundle_words.add_outbox_to,
    "account": account_words.add_to,
    "keys": keys_words.add_to,
}
Verb = Callable[[Loaded, argparse.Namespace], int]


def main(words: Sequence[str] | None = None) -> int:
    """Do what was asked; returns the documented exit code."""
    keep_memory_off_the_disk()
    overwrite_what_is_freed()
    asked = _parser().parse_args(words)
    try:
        loaded = load()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return exit_codes.USAGE
    if asked.verb in {None, "open"}:
        return _open(loaded.config)
    verb: Verb = import_module(f"ui.cli.{asked.verb}").run
    try:
        return verb(loaded, asked)
    except CounterError as error:
        return say_error(error, loaded.config, json=asked.json)


def say_error(error: CounterError, config: Config, *, json: bool) -> int:
    """Tell known trouble in words, or as JSON with its code; returns its exit code."""
    from ui.text import Words

    said = Words(config.language, config.help_contact).error(error.code, error.facts)
    if json:
        from msgspec import json as wire

        body = {"ok": False, "code": error.code, "facts": error.facts, "what": said.what, "do": said.do}
        print(wire.encode(body).decode())
    else:
        print("\n".join(filter(None, (said.what, said.why, said.do, said.safe))), file=sys.stderr)
    return exit_codes.of(error)


def _open(config: Config) -> int:
    # The roof and Qt only where a window is wanted: every other verb runs without a display.
    import_module("ui.last_words").keep_names_out_of_qt()
    code: int = import_module("ui.window").open_counter(config)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="madoguchi",
        description="窓口: the counter terminal of a town hall.",
        epilog=exit_codes.table(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    for name, sentence in VERBS.items():
        verb = verbs.add_parser(name, help=sentence, description=sentence)
        verb.add_argument("--json", action="store_true", help="one JSON object on standard output")
        if name == "config":
            verb.add_argument("--sample", action="store_true", help="print a sample settings file")
        if name == "factor":
            verb.add_argument("kind", choices=("card", "fido2"))
            verb.add_argument("staff", metavar="STAFF", help="staff id of who will sign in with it")
        if name == "card":
            verb.add_argument("--module", default="", help="file of the PKCS#11 module")
            verb.add_argument("--key", default="", help="label of the key on the card")
        if name == "audit":
            verb.add_argument("act", choices=("verify",), help="asks for staff id, password and code")
        if name == "enrol":
            verb.add_argument("--token-file", default="", help="file with the token (else the setting)")
        if name == "hall":
            verb.add_argument(
                "--token-file", default="", help="file with the token of a hall server, for its first start"
            )
            verb.add_argument("--ready", default="", metavar="FILE", help="written (JSON) once it serves")
        if name in _WORDS:
            _WORDS[name](verb)
        if name == "wipe":
            verb.add_argument(
                "--terminal", required=True, help="number of this terminal, so that it is no slip"
            )
            verb.add_argument("--transfer", action="store_true", help="then make the PC a terminal anew")
            verb.add_argument("--token-file", default="", help="file with the token for that")
        if name == "drill":
            verb.add_argument("name", nargs="?", default="cut", help="which drill (cut)")
    return parser
