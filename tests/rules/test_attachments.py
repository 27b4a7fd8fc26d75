"""An attachment is cut so that its parts are the whole, and a change has gone up whole only with all of them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.attachment import (
    MOST_BYTES,
    Attached,
    Attachment,
    CloudAttachment,
    Limits,
    MediaType,
    media_type_of,
)
from client.domain.change import ChangeKind, ChangeState, NewChange
from client.domain.errors import RefusedError
from client.rules import attachments as rules
from client.rules.outbox import LONGEST_WAIT
from tests.builders import NOW, TARO

KEY, COMMAND = "019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d31", "019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d21"
ONE = Attachment(KEY, COMMAND, MediaType.JPEG, 300_000, "ab" * 32)


@given(st.integers(1, MOST_BYTES))
def test_the_parts_of_any_size_follow_one_another_and_the_contract_takes_each(size: int) -> None:
    parts = rules.parts_of(size)
    spans = [rules.span(place, size) for place in range(1, parts + 1)]
    assert [begins for begins, _ in spans] == [sum(length for _, length in spans[:n]) for n in range(parts)]
    assert sum(length for _, length in spans) == size
    assert all(1 <= length <= 262_144 for _, length in spans)
    assert -(-size // 262_144) <= parts <= min(2000, size)


@given(st.integers(1, 400), st.sets(st.integers(-1, 402)))
def test_what_is_missing_and_what_is_there_are_the_whole(parts: int, have: set[int]) -> None:
    left = rules.missing(parts, CloudAttachment(frozenset(have)))
    assert sorted({*left, *have} & set(range(1, parts + 1))) == list(range(1, parts + 1))
    assert not set(left) & have
    assert rules.missing(parts, CloudAttachment(frozenset(have), whole=True)) == ()


@given(st.sampled_from(ChangeState), st.integers(0, 20), st.integers(0, 20))
def test_a_change_is_sent_only_with_its_receipt_and_every_attachment(
    state: ChangeState, of: int, there: int
) -> None:
    sent = rules.is_fully_sent(state, Attached(of, there))
    assert sent is (state in {ChangeState.ACCEPTED, ChangeState.LANDED} and there == of)


def test_a_no_is_asked_again_in_an_hour_and_a_broken_line_within_the_minute() -> None:
    assert rules.wait(1, 1.0, refused=True) == timedelta(hours=1)
    assert rules.wait(99, 1.0, refused=False) == LONGEST_WAIT


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\xff\xd8\xff\xe1..", MediaType.JPEG),
        (b"\x89PNG\r\n\x1a\n..", MediaType.PNG),
        (b"%PDF-1.4", MediaType.PDF),
    ],
)
def test_what_a_file_is_its_content_says(content: bytes, kind: MediaType) -> None:
    assert media_type_of(content) is kind


@pytest.mark.parametrize(
    "content",
    [b"\x00\x00\x00\x18ftypheic", b"GIF89a", b"II*\x00", b"<html>", b"\xff\xd8", b" %PDF-1.4", b"MZ"],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(RefusedError) as caught:
        media_type_of(content)
    assert caught.value.code == "attachment.type"


def test_a_change_names_its_attachments_with_their_hashes_and_none_sealed_for_another() -> None:
    change = NewChange(
        COMMAND, ChangeKind.TENKYO, (TARO,), {}, {"subject": TARO}, NOW, "s001", attachments=(ONE,)
    )
    assert change.payload["attachments"] == [{"key": KEY, "sha256": "ab" * 32, "media_type": "image/jpeg"}]
    assert change.payload["subject"] == TARO
    with pytest.raises(ValueError, match="sealed for the change"):
        NewChange(KEY, ChangeKind.TENKYO, (TARO,), {}, {"subject": TARO}, NOW, "s001", attachments=(ONE,))
    plain = NewChange(COMMAND, ChangeKind.TENKYO, (TARO,), {}, {"subject": TARO}, NOW, "s001")
    assert "attachments" not in plain.payload


@pytest.mark.parametrize(
    ("key", "size", "digest"),
    [
        ("3f2504e0-4f89-41d3-9a0c-0305e82c3301", 1, "ab" * 32),  # a UUIDv4
        (KEY.upper(), 1, "ab" * 32),
        (KEY, 0, "ab" * 32),
        (KEY, MOST_BYTES + 1, "ab" * 32),
        (KEY, 1, "ab" * 31),
    ],
)
def test_what_the_cloud_would_not_take_is_no_attachment(key: str, size: int, digest: str) -> None:
    with pytest.raises(ValueError, match=r"UUIDv7|no such"):
        Attachment(key, COMMAND, MediaType.PNG, size, digest)


@pytest.mark.parametrize("limits", [(0, 1), (1, 0), (MOST_BYTES + 1, 1), (1, 21)])
def test_a_town_can_set_no_limit_beyond_the_contracts(limits: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="no more"):
        Limits(*limits)
