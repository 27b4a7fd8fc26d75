"""A search as it travels: what was asked, whole, in the contract's words; and what never travels."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.api.codec import search_body
from client.api.residents import CloudRegister
from client.domain.query import Match, Query
from tests.api.small_cloud import small_cloud
from tests.builders import HANAKO, TARO
from tests.cloud.contract_reader import check, operation_of

TEXTS = st.text(max_size=200)
QUERIES = st.builds(Query, *[TEXTS] * 6, st.sampled_from(Match), *[st.booleans()] * 3)


def schema() -> dict[str, Any]:
    operation = operation_of("POST", "/v1/residents/search")
    assert operation is not None
    body: dict[str, Any] = operation["requestBody"]["content"]["application/json"]["schema"]
    return body


@given(QUERIES, st.integers(1, 200))
def test_a_query_is_a_body_of_the_contract_and_none_of_it_is_lost(query: Query, limit: int) -> None:
    body = search_body(query, limit)
    check(schema(), body)
    assert set(body) <= set(schema()["properties"])
    told = {name: str(body.get(name, "")) for name in ("typed", "name", "birth", "place", "number", "sex")}
    asked = {name: getattr(query, name) for name in told}
    assert {name: text.strip() for name, text in told.items()} == {
        name: text.strip() for name, text in asked.items()
    }
    assert Match(body.get("match", "infix")) is query.match
    assert (body.get("past", False), body["removed"]) == (query.past, query.removed)


def test_whether_hidden_places_are_searched_is_not_the_terminal_s_to_say() -> None:
    assert search_body(Query("町", sheltered=True), 5) == search_body(Query("町"), 5)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("query", "whom"),
    [
        (Query(name="わたなべ", birth="S58"), [TARO, HANAKO]),
        (Query(name="わたなべたろう", match=Match.EXACT), [TARO]),
        (Query(name="たろう", match=Match.PREFIX), []),
        (Query(number=HANAKO), [HANAKO]),
        (Query(name="わたなべ", place="どこにもない町"), []),
    ],
)
async def test_the_cloud_answers_what_a_form_asks(tmp_path: Path, query: Query, whom: list[str]) -> None:
    with small_cloud(tmp_path) as cloud:
        await cloud.enrol()
        await cloud.sign_in()
        register = CloudRegister(cloud.http, lambda: cloud.token)
        assert [hit.atena_no for hit in (await register.find(query, limit=5)).value] == whom
