"""Versions under many writers: no gap, no fork, and nobody sees version n + 1 before n, on both engines."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from cloud import storage
from cloud.digest import root_of
from cloud.register import Register, put, remove
from tests.cloud.cloud_builders import Site
from tests.cloud.test_cloud_feeds import proved, standing

WRITERS, COMMITS, READERS = 6, 12, 3
FEEDS = {"register": "intake", "blocks": "block"}


class ChangedMindError(Exception):
    """A writer that gives up after it had a version."""


def a_row(feed: str, name: str) -> dict[str, object]:
    if feed == "register":
        return {"command_key": name, "kind": "todoke.tenkyo", "atena_no": "1", "state": "received"}
    return {"block_id": name, "atena_no": "1", "process": "issue", "level": "alert"}


def perhaps_give_up(dice: random.Random) -> None:
    if dice.random() < 0.25:
        raise ChangedMindError


def write(register: Register, dice: random.Random, writer: int) -> list[tuple[str, int]]:
    """Commit rows of both feeds, sometimes two versions at once, sometimes giving up; return what was acknowledged."""
    done: list[tuple[str, int]] = []
    for turn in range(COMMITS):
        feeds = dice.choice((["register"], ["blocks"], ["register", "blocks"]))
        try:
            with register.writing() as connection:
                made = []
                for feed in feeds:
                    row = put(FEEDS[feed], a_row(feed, f"w{writer}-{turn}"))
                    made.append((feed, register.commit(connection, feed, [row])))
                    time.sleep(dice.random() / 300)  # others come in between, if they can
                perhaps_give_up(dice)
        except ChangedMindError:
            continue
        done += made
    return done


def read(register: Register, stop: threading.Event) -> dict[str, list[int]]:
    """Look again and again; fail where one look shows a version and not all before it."""
    seen: dict[str, list[int]] = {feed: [] for feed in FEEDS}
    past = storage.feed_version
    while not stop.is_set():
        for feed in FEEDS:
            with register.reading() as connection:
                head = register.head(connection, feed)
                query = sa.select(past.c.version).where(
                    past.c.municipality == register.municipality, past.c.feed == feed
                )
                versions = sorted(connection.execute(query).scalars())
                assert versions == list(range(1, head.version + 1))
                assert head.root == root_of(register.mids(connection, feed))
            seen[feed].append(head.version)
    return seen


def at_once(register: Register, seed: int) -> tuple[list[tuple[str, int]], list[dict[str, list[int]]]]:
    stop = threading.Event()
    dices = [random.Random(seed + no) for no in range(WRITERS)]  # noqa: S311 - chances, not secrets
    with ThreadPoolExecutor(WRITERS + READERS) as threads:
        readers = [threads.submit(read, register, stop) for _ in range(READERS)]
        writers = [threads.submit(write, register, dice, no) for no, dice in enumerate(dices)]
        try:
            done = [one for writer in writers for one in writer.result(90)]
        finally:
            stop.set()
        return done, [reader.result(30) for reader in readers]


@pytest.mark.asyncio
@pytest.mark.parametrize("seed", [1, 20])
async def test_every_acknowledged_commit_is_one_version_and_no_look_shows_a_gap(
    site: Site, seed: int
) -> None:
    register = site.tenant.register
    done, looks = at_once(register, seed)
    for feed in FEEDS:
        versions = sorted(version for name, version in done if name == feed)
        assert versions == list(range(2, len(versions) + 2))  # who gave up left no hole
        for look in looks:
            assert look[feed] == sorted(look[feed])  # time does not run backwards for a reader
        with register.reading() as connection:
            head = register.head(connection, feed)
        assert head.version == versions[-1]
        assert proved(standing(register, feed), site.tenant.keys.digest)[0] == head.root


@pytest.mark.asyncio
async def test_who_follows_the_feed_meanwhile_ends_with_every_row_of_every_version(site: Site) -> None:
    register, stop = site.tenant.register, threading.Event()
    got: list[tuple[int, int, int]] = []

    def follow(more: Callable[[], bool]) -> None:
        after = 1
        while more():
            batch = site.opened_body(site.tenant.feeds.batch("register", after, 3))
            got.append((batch["after"], batch["to"], len(batch["changes"])))
            after = batch["to"]

    follower = threading.Thread(target=follow, args=(lambda: not stop.is_set(),))
    follower.start()
    done, _ = at_once(register, 7)
    stop.set()
    follower.join(30)
    last = got[-1][1] if got else 1
    mine = [version for feed, version in done if feed == "register"]
    while last < max(mine):
        batch = site.opened_body(site.tenant.feeds.batch("register", last, 3))
        got.append((batch["after"], batch["to"], len(batch["changes"])))
        last = batch["to"]
    steps = [(after, to) for after, to, _ in got if to > after]
    assert [after for after, _ in steps] == [1, *(to for _, to in steps[:-1])]
    assert sum(count for _, _, count in got) == len(mine)


@pytest.mark.asyncio
async def test_a_row_that_goes_is_told_as_gone_and_leaves_the_sums(site: Site) -> None:
    register = site.tenant.register
    with register.writing() as connection:
        before = register.head(connection, "blocks").root
        register.commit(connection, "blocks", [put("block", a_row("blocks", "b1"))])
        register.commit(connection, "blocks", [remove("block", ("b1",))])
        assert register.head(connection, "blocks").root == before
    batch = site.opened_body(site.tenant.feeds.batch("blocks", 1, 10))
    assert batch["changes"] == [["block", ["b1"], None]]
