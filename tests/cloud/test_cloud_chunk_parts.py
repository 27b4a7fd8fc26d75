"""Chunks over HTTP as caches and resumed downloads ask for them: RFC 9110 sections 8.8, 13 and 14."""

from collections.abc import Mapping

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.routes.parts import OutOfRangeError, Part, has_it, part_asked
from tests.cloud.cloud_builders import Site

TAG = '"abc"'
OK, PARTIAL = httpx.codes.OK, httpx.codes.PARTIAL_CONTENT
UNCHANGED, NOT_SATISFIABLE = httpx.codes.NOT_MODIFIED, httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE


async def a_chunk(site: Site) -> tuple[str, bytes]:
    """Return address and content of the largest chunk."""
    manifest = site.opened(await site.terminal.call("GET", "/v1/snapshot"))
    largest = max(manifest["chunks"], key=lambda chunk: int(chunk["size"]))
    path = f"/v1/snapshot/chunks/{largest['sha256']}"
    return path, (await site.client.get(path)).content


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [("bytes=10-", 10, -1), ("bytes=0-0", 0, 0), ("bytes=5-99999999", 5, -1), ("Bytes= 3-9 ", 3, 9)],
)
async def test_a_part_is_answered_with_its_place(site: Site, wanted: str, first: int, last: int) -> None:
    path, whole = await a_chunk(site)
    answer = await site.client.get(path, headers={"range": wanted})
    end = len(whole) - 1 if last < 0 else last
    assert (answer.status_code, answer.content) == (PARTIAL, whole[first : end + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{end}/{len(whole)}"
    assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.asyncio
async def test_the_end_of_a_chunk_may_be_asked_for(site: Site) -> None:
    path, whole = await a_chunk(site)
    answer = await site.client.get(path, headers={"range": "bytes=-7"})
    assert (answer.status_code, answer.content) == (PARTIAL, whole[-7:])
    answer = await site.client.get(path, headers={"range": f"bytes=-{len(whole) + 5}"})
    assert (answer.status_code, answer.content) == (PARTIAL, whole)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=0-1,5-6",
        "bytes=9-5",
        "bytes=-",
        "bytes=",
        "lines=1-2",
        "bytes=a-b",
        "bytes 0-1",
        "bytes=٣-",
        "",
    ],
)
async def test_what_is_no_single_range_of_bytes_is_answered_whole(site: Site, wanted: str) -> None:
    path, whole = await a_chunk(site)
    answer = await site.client.get(path, headers=[(b"range", wanted.encode())])
    assert (answer.status_code, answer.content) == (OK, whole)
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.asyncio
@pytest.mark.parametrize("wanted", ["bytes={size}-", "bytes=99999999-", "bytes=-0"])
async def test_a_part_behind_the_end_is_not_satisfiable(site: Site, wanted: str) -> None:
    path, whole = await a_chunk(site)
    answer = await site.client.get(path, headers={"range": wanted.format(size=len(whole))})
    assert (answer.status_code, answer.json()["code"]) == (NOT_SATISFIABLE, "request.out_of_range")
    assert answer.headers["content-range"] == f"bytes */{len(whole)}"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.asyncio
async def test_a_range_of_another_content_is_answered_whole(site: Site) -> None:
    path, whole = await a_chunk(site)
    tag = (await site.client.head(path)).headers["etag"]

    async def asked(if_range: str) -> tuple[int, bytes]:
        answer = await site.client.get(path, headers={"range": "bytes=4-", "if-range": if_range})
        return answer.status_code, answer.content

    assert await asked(tag) == (PARTIAL, whole[4:])
    for other in ('"another"', f"W/{tag}", "Fri, 20 Nov 2026 05:00:00 GMT"):
        assert await asked(other) == (OK, whole)


@pytest.mark.asyncio
async def test_who_has_it_is_told_so_whatever_else_is_asked(site: Site) -> None:
    path, _ = await a_chunk(site)
    tag = (await site.client.head(path)).headers["etag"]
    for having in (tag, f"W/{tag}", f'"x", {tag}', f'"a,b",W/{tag} ,"c"', "*"):
        answer = await site.client.get(path, headers={"if-none-match": having, "range": "bytes=0-1"})
        assert (answer.status_code, answer.content) == (UNCHANGED, b"")
        assert (answer.headers["etag"], answer.headers["cache-control"].split(",")[0]) == (tag, "public")
    two: list[tuple[str, str]] = [("if-none-match", '"x"'), ("if-none-match", tag)]
    assert (await site.client.get(path, headers=two)).status_code == UNCHANGED
    for lacking in ('"x"', tag.strip('"'), ""):
        assert (await site.client.get(path, headers={"if-none-match": lacking})).status_code == OK


@pytest.mark.asyncio
async def test_the_head_alone_tells_size_and_tag(site: Site) -> None:
    path, whole = await a_chunk(site)
    answer = await site.client.head(path, headers={"range": "bytes=0-1"})
    assert (answer.status_code, answer.content) == (OK, b"")
    assert int(answer.headers["content-length"]) == len(whole)
    assert answer.headers["etag"] == f'"{path.rpartition("/")[2]}"'
    assert (await site.client.head(path, headers={"if-none-match": "*"})).status_code == UNCHANGED
    assert (await site.client.head(path[:-1] + "_")).status_code == httpx.codes.NOT_FOUND


@given(st.binary(min_size=1, max_size=60), st.integers(0, 80), st.integers(0, 80))
def test_any_part_is_what_the_whole_has_there(content: bytes, first: int, last: int) -> None:
    wanted = f"bytes={first}-{last}"
    if first >= len(content) and last >= first:
        with pytest.raises(OutOfRangeError):
            part_asked(wanted, "", TAG, len(content))
        return
    part = part_asked(wanted, "", TAG, len(content))
    if last < first:
        assert part is None
    else:
        assert part is not None
        assert content[part.first : part.end] == content[first : last + 1]
        assert part.size == len(content[first : last + 1])


@given(st.text(max_size=30))
def test_no_header_at_all_is_a_failure(words: str) -> None:
    for wanted, other in ((words, ""), ("bytes=" + words, ""), ("bytes=0-1", words)):
        try:
            part = part_asked(wanted, other, TAG, 10)
        except OutOfRangeError:
            continue
        assert part is None or 0 <= part.first < part.end <= 10
    assert has_it(words, TAG) in {True, False}


def test_an_empty_content_has_no_part() -> None:
    sizes: Mapping[str, int] = {"bytes=0-": 0, "bytes=-1": 0}
    for wanted, size in sizes.items():
        with pytest.raises(OutOfRangeError):
            part_asked(wanted, "", TAG, size)
    assert part_asked("bytes=0-", "", TAG, 1) == Part(0, 1)
