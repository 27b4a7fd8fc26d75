"""The tables of codes in docs/CONTRACT.md are complete, and name nothing that is no longer said."""

import ast
import re
from functools import cache
from pathlib import Path

import cloud
from tests.cloud.contract_reader import contract

ROOM = Path(str(cloud.__file__)).parent
CODE = re.compile(
    r"(terminal|carried|office|register|request|feed|lease|quarantine|attachment|training|link|service|sign_in|refused|conflict|cloud|warning)"
    r"\.[a-z_]+"
)
NOT_CODES = {  # names of logs, acts in the office's log, sentences of the office's own pages
    *("cloud.call", "cloud.town", "terminal.token"),
    *("attachment.opened", "office.entered", "office.left", "quarantine.opened"),
    *("sign_in.no_right", "office.own_access", "office.beyond_own"),
}
FILES = (".html", ".toml", ".json", ".db", ".key")
OF_THE_PROXY = {"terminal.no_certificate"}


@cache
def words() -> frozenset[str]:
    """Return every text that stands in the cloud's code."""
    trees = (ast.parse(path.read_text("utf-8")) for path in sorted(ROOM.rglob("*.py")))
    nodes = (node for tree in trees for node in ast.walk(tree))
    return frozenset(
        node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def section(first: str, end: str) -> str:
    text = Path("docs/CONTRACT.md").read_text("utf-8")
    return text[text.index(f"## {first}") : text.index(f"## {end}")]


def test_every_code_is_in_a_table_and_none_is_stale() -> None:
    told = set(re.findall(r"`([a-z_]+\.[a-z_]+)`", section("Problem codes", "Building a server from it")))
    said = {word for word in words() if CODE.fullmatch(word) and not word.endswith(FILES)} - NOT_CODES
    assert said - told == set()
    assert told - said == OF_THE_PROXY


def test_every_reason_of_what_is_put_aside_is_a_word_of_the_cloud() -> None:
    text = section("Codes inside an answer", "Building a server from it")
    reasons = set(re.findall(r"`([a-z_]+)`", text[text.index("What is put aside") :]))
    assert len(reasons) > 10
    assert reasons <= words()


def test_every_code_is_written_as_the_contract_has_it() -> None:
    pattern = contract()["components"]["schemas"]["Problem"]["properties"]["code"]["pattern"]
    table = section("Problem codes", "Codes inside an answer")
    assert all(re.match(pattern, code) for code in re.findall(r"`([a-z_]+\.[a-z_]+)`", table))
