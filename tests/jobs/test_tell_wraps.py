"""The book is told of a file of keys that was begun anew or mended by whoever shows secrets first, beside a clerk too."""

import pytest

from tests.jobs.test_release_issue import Counter

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("word", ["anew", "mended"])
async def test_that_the_file_of_keys_was_tampered_with_since_the_sign_in_is_in_the_book_with_the_next_secrets_shown(
    word: str,
) -> None:
    counter = Counter()
    setattr(counter.keys, f"wraps_{word}", True)
    await counter.ask()
    told = [dict(line.facts) for line in counter.ledger.journal if "wraps" in line.facts]
    assert told == [{"how": "wraps", "wraps": word}]
