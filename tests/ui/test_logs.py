"""Logs: ids only; personal data cannot pass."""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client import logs
from client.domain.errors import StoreError


def test_a_field_that_is_not_on_the_list_is_refused() -> None:
    with pytest.raises(logs.LogFieldError, match="full_name"):
        logs.OnlyListed(strict=True)(None, "info", {"event": "found", "full_name": "x"})


@given(st.text(min_size=1).filter(lambda text: not text.isascii()))
def test_no_text_with_japanese_in_it_is_ever_written(text: str) -> None:
    line = logs.OnlyListed(strict=False)(None, "info", {"event": "found", "key": text})
    assert text not in json.dumps(dict(line), ensure_ascii=False)
    assert line["refused"] == "key"


@pytest.mark.skipif(sys.platform == "win32", reason="no modes")
def test_nobody_else_may_read_the_logs(tmp_path: Path) -> None:
    logs.set_up(tmp_path / "logs")
    logs.logger().info("opened")
    logs.set_up(None)
    assert (tmp_path / "logs").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "logs" / "madoguchi.log").stat().st_mode & 0o777 == 0o600


def test_an_error_is_written_by_class_code_and_place_never_by_its_words(tmp_path: Path) -> None:
    logs.set_up(tmp_path, strict=True)
    try:
        int("渡邉󠄐 太郎 at 葛城町")
    except ValueError as error:
        logs.logger().error("bug", **logs.facts_of(error))
    trouble = StoreError("store.full")
    trouble.__cause__ = OSError("渡邉󠄐 太郎.pdf")
    logs.logger().warning("trouble", **logs.facts_of(trouble))
    logs.set_up(None)
    first, second = (json.loads(line) for line in (tmp_path / "madoguchi.log").read_text().splitlines())
    assert first["error"] == "ValueError"
    assert "test_logs" in first["where"]
    assert "葛城" not in json.dumps(first, ensure_ascii=False)
    assert (second["code"], second["cause"]) == ("store.full", "OSError")
    assert "太郎" not in json.dumps(second, ensure_ascii=False)
