"""The contract as a judge: holds every real answer of the cloud against resources/contract/openapi.yaml."""

import json
import re
from functools import cache
from typing import Any

import httpx
import jsonschema
import msgspec
import yaml
import zstandard

from resources import read_text

METHODS = ("get", "head", "post", "put", "delete", "patch")


@cache
def contract() -> dict[str, Any]:
    return dict(yaml.safe_load(read_text("contract", "openapi.yaml")))


@cache
def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """Return every operation by method and path."""
    return {
        (method.upper(), path): item[method]
        for path, item in contract()["paths"].items()
        for method in METHODS
        if method in item
    }


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """Return the operation a real call belongs to, the plainest path first; a town's code before it is its server's."""
    path = re.sub(r"^/\d{6}(?=/)", "", path)
    for declared in sorted(contract()["paths"], key=lambda one: one.count("{")):
        pattern = re.sub(r"\{\w+\}", "[^/]+", declared)
        if re.fullmatch(pattern, path):
            found = operations().get((method, declared))
            if found is not None:
                return found
    return None


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference of the contract."""
    if "$ref" not in node:
        return node
    found: Any = contract()
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def check(schema: dict[str, Any], value: object) -> None:
    """Raise where a value is not of a schema of the contract."""
    whole = {**schema, "components": contract()["components"]}
    jsonschema.Draft202012Validator(whole).validate(value)


def as_json(value: object) -> object:
    """Return msgpack values as a schema sees them: bin as base64."""
    return json.loads(msgspec.json.encode(value))


async def judge(response: httpx.Response) -> None:
    """Check one answer: its status, its type and its content are of the contract."""
    operation = operation_of(response.request.method, response.request.url.path)
    if operation is None:
        return  # an unknown path; its answer is a problem all the same
    await response.aread()
    declared = resolved(
        operation["responses"].get(str(response.status_code)) or operation["responses"]["default"]
    )
    content = declared.get("content")
    if content is None:
        assert response.content == b"", operation["operationId"]
        return
    kind = response.headers["content-type"].partition(";")[0]
    assert kind in content, (operation["operationId"], response.status_code, kind)
    if kind == "application/msgpack":
        envelope = msgspec.msgpack.decode(response.content)
        check(content[kind]["schema"], as_json(envelope))
        if "x-body" not in content[kind]:
            return  # a parcel: what is in it is sealed
        inside = msgspec.msgpack.decode(zstandard.decompress(envelope["body"]))
        check(content[kind]["x-body"], as_json(inside))
    elif kind not in {"application/octet-stream", "application/pkix-crl"}:
        check(content[kind]["schema"], response.json())


def request_examples() -> list[tuple[str, str, str, Any]]:
    """Return every example of a request: method, path, name, body."""
    found = []
    for (method, path), operation in operations().items():
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        named = {"example": {"value": content["example"]}} if "example" in content else {}
        for name, example in {**named, **content.get("examples", {})}.items():
            found.append((method, path, name, example["value"]))
    return found
