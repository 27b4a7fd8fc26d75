"""No verb tries a secret beside an open counter: whoever adds one says so, and is then run against a held lock."""

import ast
import re
from pathlib import Path

from tests.trying_verbs import HELD_ELSEWHERE, TRYING, TRYING_NOTHING, acts

ROOT = Path(__file__).resolve().parents[2]
CLI = ROOT / "ui" / "cli"
# What asks for a secret, and what tries one.
TRIES = re.compile(
    r"\b(Asking|getpass|stdin|unlock|unlock_handed|open_share|introduce|enrolled_terminal|secret_of|open_counter)\b"
)


def reached(module: str) -> set[str]:
    """Return the modules of the command line a verb's leads to, itself among them; late imports count."""
    found, ahead = set[str](), [module]
    while ahead:
        name = ahead.pop()
        if name in found or not (CLI / f"{name}.py").exists():
            continue
        found.add(name)
        for node in ast.walk(ast.parse((CLI / f"{name}.py").read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "ui.cli":
                ahead += [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ui.cli."):
                ahead.append((node.module or "").removeprefix("ui.cli."))
            elif isinstance(node, ast.Constant) and str(node.value).startswith("ui.cli."):
                ahead.append(str(node.value).removeprefix("ui.cli."))
    return found


def tries(verb: str) -> bool:
    """Tell whether a verb's modules name anything that asks for a secret or tries one."""
    return any(TRIES.search((CLI / f"{name}.py").read_text("utf-8")) for name in reached(verb))


def test_of_every_act_it_is_said_whether_it_tries_secrets() -> None:
    said = [*TRYING, *HELD_ELSEWHERE, *TRYING_NOTHING]
    assert sorted(acts()) == sorted(said)


def test_a_verb_said_to_try_nothing_reaches_nothing_that_asks_or_tries() -> None:
    trying = {act[0] for act in (*TRYING, *HELD_ELSEWHERE)}
    assert {act[0] for act in TRYING_NOTHING if act[0] not in trying and tries(act[0])} == set()
    missed = {act[0] for act in TRYING if act[0] != "wipe" and not tries(act[0])}
    assert not missed, "the look finds what is known to try"


def test_only_the_modules_below_let_anybody_in_by_a_try() -> None:
    """An act added to a verb that has others reaches the keeper of keys through one of these, or is looked at here."""
    found = {
        path.stem for path in CLI.glob("*.py") if re.search(r"\.unlock(_handed)?\(", path.read_text("utf-8"))
    }
    assert found == {
        "account",
        "audit",
        "bundle_stores",
        "device_move",
        "device_rotate",
        "verify",
        "wrap_erase",
    }
