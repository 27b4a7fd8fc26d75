"""Two readings of one contract: the JSON Schemas of payloads, and the Structs the cloud reads them with."""

import json
import re
from typing import Any

import jsonschema
import msgspec
import pytest

from cloud.payloads.kinds import FACTS, REQUESTS, BadFieldError, read, read_kept
from tests.cloud.contract_reader import contract
from tests.cloud.payload_reader import FOLDER, examples, schemas, spoilt, validator

KINDS = {**REQUESTS, **FACTS}
EXAMPLES = examples()


def is_read(kind: str, payload: Any) -> bool:
    try:
        read_kept(KINDS[kind], json.dumps(payload))
    except msgspec.ValidationError:
        return False
    return True


def test_every_kind_has_a_schema_and_every_schema_a_kind() -> None:
    named = contract()["components"]["schemas"]["Command"]["x-payloads"]
    assert named == {kind: f"commands/{kind}.json" for kind in schemas()}
    assert set(named) == set(KINDS)
    for kind, schema in schemas().items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["examples"], kind
        assert schema["$id"] == f"{kind}.json"


@pytest.mark.parametrize(("kind", "place", "example"), EXAMPLES, ids=lambda one: str(one)[:30])
def test_every_example_is_read_by_both(kind: str, place: int, example: dict[str, Any]) -> None:
    validator(kind).validate(example)
    assert is_read(kind, example)


@pytest.mark.parametrize(("kind", "place", "example"), EXAMPLES, ids=lambda one: str(one)[:30])
def test_both_take_and_refuse_the_same(kind: str, place: int, example: dict[str, Any]) -> None:
    judge = validator(kind)
    apart, refused = [], 0
    for name, changed in spoilt(example):
        by_schema = judge.is_valid(changed)
        refused += not by_schema
        if by_schema != is_read(kind, changed):
            apart.append((name, by_schema))
    assert apart == []
    assert refused > 20


@pytest.mark.parametrize("kind", sorted(REQUESTS))
def test_a_request_holds_no_field_that_nobody_knows(kind: str) -> None:
    example = schemas()[kind]["examples"][0]
    assert not is_read(kind, example | {"kojin_bango": "1"})


def _names(node: Any) -> set[str]:
    if isinstance(node, list):
        return set().union(*map(_names, node))
    if not isinstance(node, dict):
        return set()
    own = set(node.get("properties", {}))
    return own.union(*(_names(value) for key, value in node.items() if key != "examples"))


def test_no_field_has_room_for_a_number_that_may_not_be_here() -> None:
    """個人番号 and 住民票コード travel in a blob sealed once more, and in nothing else."""
    forbidden = re.compile(r"individual|my_?number|kojin|bango|juminhyo_?code|code_no", re.IGNORECASE)
    for path in FOLDER.glob("*.json"):
        text = json.loads(path.read_text("utf-8"))
        for name in _names(text):
            assert not forbidden.search(name) or name.endswith("_sealed"), (path.name, name)
    common = json.loads((FOLDER / "common.json").read_text("utf-8"))["$defs"]
    assert common["Newcomer"]["properties"]["mynumber_sealed"]["$ref"] == "#/$defs/Sealed"
    assert common["Sealed"]["contentEncoding"] == "base64"


def test_a_wrong_field_is_named_and_its_value_is_not() -> None:
    example = schemas()["todoke.tenkyo"]["examples"][0]
    for changed, name in (
        (example | {"ido_date": "秘密の日"}, "ido_date"),
        (example | {"to": {"town": "秘密町", "banchi": ""}}, "banchi"),
        (example | {"members": ["秘密"]}, "members"),
        ({**example, "秘密": 1}, "unknown_field"),
        ({key: value for key, value in example.items() if key != "subject"}, "subject"),
    ):
        with pytest.raises(BadFieldError) as caught:
            read(REQUESTS["todoke.tenkyo"], changed)
        assert str(caught.value) == name
        assert "秘密" not in repr(caught.value)
        assert caught.value.__cause__ is None


def test_blobs_come_as_bytes_out_of_an_envelope() -> None:
    example = schemas()["seal.register"]["examples"][0]
    with pytest.raises(BadFieldError, match="image"):
        read(REQUESTS["seal.register"], example)
    assert read(REQUESTS["seal.register"], example | {"image": b"\x89PNG"})
