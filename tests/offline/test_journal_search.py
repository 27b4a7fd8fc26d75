"""The book is looked through from its newest line back, by person, staff, kind and period, a part at a time (P12)."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain.journal import BookLine, Wanted
from client.domain.resident import AtenaNo
from client.jobs.ports import JournalEntry
from offline.store import heads, journal
from offline.store.journal_search import search
from tests.builders import NOW

STAFF = ("s001", "s002", "s0011")
KINDS = ("look_up", "view", "release")
PEOPLE = tuple(AtenaNo(f"100000000{n}") for n in range(4))


def at(place: int) -> datetime:
    return NOW + timedelta(minutes=place)


def a_book(entries: list[JournalEntry]) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    heads.create(connection)
    journal.create(connection)
    for place, entry in enumerate(entries):
        journal.append(connection, entry, at(place))
    return connection


def all_of(
    connection: sqlite3.Connection, wanted: Wanted, below: int, *, span: int = 4, most: int = 3
) -> Iterator[BookLine]:
    while below:
        slab = search(connection, wanted, below=below, span=span, most=most)
        assert len(slab.lines) <= most
        assert slab.below < below
        yield from slab.lines
        below = slab.below


@pytest.fixture
def book() -> Iterator[sqlite3.Connection]:
    entries = [
        JournalEntry("look_up", "s001", PEOPLE[:2], {"hits": 2}),
        JournalEntry("release", "s001", PEOPLE[:1], {"officer": "s009", "second": "s003"}),
        JournalEntry("sign_in", "s020", (), {"how": "offline", "let_in_by": "s009 s004"}),
        JournalEntry("view", "s0091", PEOPLE[1:2], {"line": 1}),
    ]
    with closing(a_book(entries)) as connection:
        yield connection


def seqs(connection: sqlite3.Connection, wanted: Wanted) -> list[int]:
    return [line.seq for line in all_of(connection, wanted, 5)]


def test_lines_are_found_by_whose_record_it_was_also_where_there_were_several(
    book: sqlite3.Connection,
) -> None:
    assert seqs(book, Wanted(subject=PEOPLE[0])) == [2, 1]
    assert seqs(book, Wanted(subject=PEOPLE[1])) == [4, 1]


def test_lines_are_found_by_staff_who_did_it_or_took_part(book: sqlite3.Connection) -> None:
    assert seqs(book, Wanted(staff="s001")) == [2, 1]
    assert seqs(book, Wanted(staff="s009")) == [3, 2]
    assert seqs(book, Wanted(staff="s004")) == [3]


def test_lines_are_found_by_kind_and_by_moments_the_last_left_out(book: sqlite3.Connection) -> None:
    assert seqs(book, Wanted(kind="view")) == [4]
    assert seqs(book, Wanted(since=at(1), until=at(3))) == [3, 2]


def test_what_was_typed_is_looked_for_and_never_read_as_a_pattern(book: sqlite3.Connection) -> None:
    for odd in ("%", "_", "'", '"', "s00%", "' OR 1=1 --"):
        assert seqs(book, Wanted(subject=odd)) == []
        assert seqs(book, Wanted(staff=odd)) == []


@given(
    entries=st.lists(
        st.builds(
            JournalEntry,
            st.sampled_from(KINDS),
            st.sampled_from(STAFF),
            st.lists(st.sampled_from(PEOPLE), max_size=3).map(tuple),
        ),
        max_size=30,
    ),
    wanted=st.builds(
        Wanted,
        st.sampled_from(("", *PEOPLE)),
        st.sampled_from(("", *STAFF)),
        st.sampled_from(("", *KINDS)),
    ),
    span=st.integers(1, 40),
    most=st.integers(1, 10),
)
def test_however_it_is_cut_no_line_is_left_out_told_twice_or_out_of_turn(
    entries: list[JournalEntry], wanted: Wanted, span: int, most: int
) -> None:
    expected = [
        seq
        for seq, entry in reversed(list(enumerate(entries, 1)))
        if (not wanted.subject or wanted.subject in entry.subjects)
        and (not wanted.staff or wanted.staff == entry.actor)
        and (not wanted.kind or wanted.kind == entry.kind)
    ]
    with closing(a_book(entries)) as connection:
        found = [line.seq for line in all_of(connection, wanted, len(entries) + 1, span=span, most=most)]
    assert found == expected
