"""The outbox asked by SQL answers as the rule does, and stays quick with ten thousand waiting."""

import sqlite3
from contextlib import closing
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.change import ChangeKind, ChangeState, NewChange, change_key
from client.domain.resident import AtenaNo
from client.rules import outbox as rules
from offline.store import attachments, heads, journal, outbox, reckoning, waiting
from tests.builders import NOW, TODAY
from tests.fakes import counted_random
from tests.store_builders import IDENTITY, facts

_random = counted_random()
TO = outbox.Envelope(facts().command_keys, "0007", IDENTITY.sign)
PEOPLE = tuple(AtenaNo(f"100000000{number}") for number in range(5))

changes = st.lists(
    st.tuples(
        st.sampled_from(ChangeState),
        st.sampled_from([ChangeKind.TENKYO, ChangeKind.HANDED_OVER, ChangeKind.JOURNAL]),
        st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3, unique=True),
        st.integers(0, 3),
        st.sampled_from(
            [None, *(NOW + timedelta(microseconds=us) for us in (-1, 0, 1, 60_000_000, 60_000_001))]
        ),
        st.sampled_from(["", "link.broken", "refused.stumbles", "refused.cannot_be_read"]),
    ),
    max_size=14,
)


def a_new_change(who: tuple[AtenaNo, ...], kind: ChangeKind) -> NewChange:
    return NewChange(change_key(NOW, _random(10)), kind, who, {}, {"n": 1}, NOW, "s001", todoke_date=TODAY)


@settings(max_examples=150, deadline=None)
@given(made=changes, limit=st.integers(1, 15))
def test_what_goes_next_is_what_the_rule_says(
    made: list[tuple[ChangeState, ChangeKind, list[AtenaNo], int, datetime | None, str]], limit: int
) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        heads.create(connection)
        journal.create(connection)
        outbox.create(connection)
        attachments.create(connection)
        reckoning.fourth_shape(connection)
        for state, kind, who, attempts, next_try_at, words in made:
            change = a_new_change(tuple(who), kind)
            outbox.add(connection, change, TO)
            connection.execute(
                "UPDATE outbox SET state = ?, attempts = ?, last_words = ? WHERE key = ?",
                (state.value, attempts, words, change.key),
            )
            if next_try_at is not None:
                outbox.postpone(connection, (change.key,), next_try_at, words)
        everything = outbox.waiting(connection, settled=True)
        wanted = rules.ready(everything, NOW)
        before_all = sorted(wanted, key=lambda one: one.kind is not ChangeKind.JOURNAL)
        together = tuple(one for one in before_all if one.attempts < 2)[:limit]
        alone = tuple(sorted(wanted, key=lambda one: one.attempts)[:1])
        assert waiting.ready(connection, NOW, limit=limit, alone_after=2) == (together or alone)
        counts = waiting.counts(connection)
        assert counts.waiting == rules.waiting_to_be_sent(everything)
        assert counts.wants_a_clerk == sum(rules.needs_a_person(one) for one in everything)
        asking = {one.key for one in everything if rules.needs_a_person(one)}
        assert asking <= {one.key for one in waiting.recent(connection, len(made))}
        for person in PEOPLE:
            theirs = tuple(one for one in everything if person in one.residents)
            assert waiting.of_residents(connection, (person,), settled=True) == theirs
