"""The written contract is valid, complete, and what the cloud really does."""

import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from cloud.app import create_app
from cloud.contract import tables
from cloud.routes import upkeep
from tests.cloud.cloud_builders import TARO, Site
from tests.cloud.contract_reader import check, contract, operations, request_examples, resolved

CALLS = request_examples()
LINKS = [
    (operation["operationId"], link)
    for operation in operations().values()
    for answer in operation["responses"].values()
    for link in resolved(answer).get("links", {}).values()
]
PLACES = {
    "feed": "register",
    "key": "019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d21",
    "atena_no": TARO,
    "item_id": "0" * 64,
    "order_id": "019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d23",
}


def test_the_document_is_openapi_3_1() -> None:
    validate(contract(), cls=OpenAPIV31SpecValidator)


@pytest.mark.asyncio
async def test_every_route_is_in_the_contract_and_the_contract_has_no_other(site: Site) -> None:
    paths = site.app.openapi()["paths"]
    served = {(method.upper(), path) for path, item in paths.items() for method in item}
    assert served == set(operations())


@pytest.mark.asyncio
async def test_a_route_is_made_once_however_often_the_cloud_is_served(site: Site) -> None:
    """Made again for each application they cost the first calls of each a while."""
    again = create_app(site.tenant)
    assert {id(route) for route in upkeep.router.routes} <= {id(route) for route in again.routes}


def test_every_body_has_an_example_of_its_own_schema() -> None:
    bodies = {key: one["requestBody"]["content"] for key, one in operations().items() if "requestBody" in one}
    asked = {key for key, content in bodies.items() if "application/json" in content}
    assert asked == {(method, path) for method, path, _, _ in CALLS}
    for method, path, _, body in CALLS:
        schema = operations()[method, path]["requestBody"]["content"]["application/json"]["schema"]
        check(schema, body)


def test_every_example_of_an_answer_is_of_its_schema() -> None:
    seen = 0
    for operation in operations().values():
        for answer in operation["responses"].values():
            for content in resolved(answer).get("content", {}).values():
                assert "examples" not in content, "one example an answer: the terminal reads it too"
                if "example" in content:
                    check(content["schema"], content["example"])
                    seen += 1
    assert seen > 20


def test_every_example_of_a_schema_is_of_it() -> None:
    for name, schema in contract()["components"]["schemas"].items():
        examples = [*schema.get("examples", ()), *([schema["example"]] if "example" in schema else ())]
        for example in examples:
            check({"$ref": f"#/components/schemas/{name}"}, example)


@pytest.mark.parametrize(
    ("origin", "link"), LINKS, ids=lambda one: one if isinstance(one, str) else str(one["operationId"])
)
def test_every_link_gives_what_the_next_call_needs(origin: str, link: dict[str, Any]) -> None:
    (target,) = [
        (path, one) for (_, path), one in operations().items() if one["operationId"] == link["operationId"]
    ]
    path, operation = target
    item = contract()["paths"][path]
    declared = [resolved(one) for one in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    assert set(link.get("parameters", {})) <= {one["name"] for one in declared}
    needed = {one["name"] for one in declared if one["in"] == "path"} - set(link.get("parameters", {}))
    assert not needed or "description" in link, (origin, needed)


@pytest.mark.asyncio
@pytest.mark.parametrize(("method", "path", "name", "body"), CALLS, ids=lambda one: str(one)[:40])
async def test_every_example_is_understood(site: Site, method: str, path: str, name: str, body: Any) -> None:
    await site.terminal.sign_in()
    filled = path
    for place, value in PLACES.items():
        filled = filled.replace(f"{{{place}}}", value)
    assert "{" not in filled
    if path.startswith("/office"):
        answer = await site.office(method, filled.removeprefix("/office/v1"), body)
    else:
        answer = await site.terminal.call(method, filled, body)
    csr_is_no_real_one = path in {"/v1/enrolments", "/v1/terminals/self/certificate"}
    assert (answer.status_code == 422) == csr_is_no_real_one, (name, answer.text)


def test_every_code_of_a_problem_is_a_stable_word(tmp_path: Any) -> None:
    from pathlib import Path

    import cloud

    source = "".join(path.read_text("utf-8") for path in Path(str(cloud.__file__)).parent.rglob("*.py"))
    codes = set(
        re.findall(r'(?:ProblemError\([^"]*?|sign_in_again\(|forbidden\(|not_found\()"([^"]+)"', source)
    )
    assert codes >= {"terminal.revoked", "feed.too_old", "link.busy", "sign_in.expired"}
    pattern = contract()["components"]["schemas"]["Problem"]["properties"]["code"]["pattern"]
    assert all(re.match(pattern, code) for code in codes)


def test_the_row_contract_holds_no_number_that_may_not_be_here() -> None:
    forbidden = {"individual_number", "my_number", "juminhyo_code"}
    for table in tables().values():
        assert not forbidden & set(table.columns)
        assert set(table.key) <= set(table.columns)
