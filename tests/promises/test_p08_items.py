"""P08: 在留資格等 is told by no search, screen, preview, paper or line to who has no right to it, on line and off."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from client.api.auth import Sessions
from client.domain.certificate import CertificateRequest, JuminhyoOptions
from client.domain.clerk import Right
from client.domain.errors import RefusedError
from client.domain.query import Query
from client.domain.resident import AtenaNo
from client.rules import gate
from cloud.staff import RIGHTS
from cloud.town import STORY
from tests.promises.p08_town import Counter, Row, Rows, leaks, open_counter, request_for, town_rows

pytestmark = pytest.mark.asyncio
GUEST = AtenaNo(STORY.foreigner)
CARD = "ZZ98765432YX"
ITEMS: Row = {
    "nationality": "ミクロネシア連邦",
    "article_30_45": "一時庇護許可者",
    "residence_status": "興行の甲",
    "residence_period": "四十七月",
    "residence_until": "2019-01-17",  # over long ago
    "residence_card_no": CARD,
}
SECRETS = frozenset(map(str, ITEMS.values())) | {"2019年1月17日"}
UNSEEN = tuple(right for right in RIGHTS if right != "zairyu")
WAYS = pytest.mark.parametrize("offline", [False, True], ids=["on line", "off line"])


def rows_with_a_guest() -> Rows:
    return [
        (table, row | ITEMS if table == "resident" and row["atena_no"] == GUEST else row)
        for table, row in town_rows()
    ]


@asynccontextmanager
async def at_work(
    folder: Path, patched: pytest.MonkeyPatch, rights: tuple[str, ...], *, offline: bool
) -> AsyncIterator[Counter]:
    async with open_counter(folder, patched, rights, rows_with_a_guest()) as counter:
        counter.link.usable = not offline
        yield counter


def asking(**options: bool) -> CertificateRequest:
    return replace(request_for(GUEST), options=JuminhyoOptions(**options))


@WAYS
async def test_who_has_no_right_sees_none_of_it_on_the_screen_and_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: bool
) -> None:
    async with at_work(tmp_path, monkeypatch, UNSEEN, offline=offline) as counter:
        view = (await counter.find.household(counter.sign_in, GUEST, identity_checked=True)).value
        (guest,) = view.projected.members
        assert leaks(view, SECRETS) == []
        assert gate.withheld(guest, counter.sign_in) == (Right.ZAIRYU,)
        assert leaks(await counter.stores.ledger.journal_tail(99), SECRETS) == []


@WAYS
async def test_who_has_the_right_sees_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: bool
) -> None:
    async with at_work(tmp_path, monkeypatch, RIGHTS, offline=offline) as counter:
        view = (await counter.find.household(counter.sign_in, GUEST, identity_checked=True)).value
        assert leaks(view, SECRETS) == sorted(map(str, ITEMS.values()))
        assert gate.withheld(view.projected.members[0], counter.sign_in) == ()
        found = (await counter.find.find(counter.sign_in, Query(typed=CARD))).value.hits
        assert [hit.atena_no for hit in found] == [GUEST]
        assert (await counter.issue.prepare(counter.sign_in, asking(foreign_items=True))).pages == 1


@WAYS
async def test_nobody_is_found_by_the_number_of_a_card_that_is_not_to_be_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: bool
) -> None:
    async with at_work(tmp_path, monkeypatch, UNSEEN, offline=offline) as counter:
        for query in (Query(typed=CARD), Query(number=CARD.lower()), Query(typed=f"{CARD} CHEN")):
            for answer in (
                await counter.find.find(counter.sign_in, query),
                await counter.find.find_here(counter.sign_in, query),
            ):
                assert answer is not None
                assert answer.value.hits == (), query
        by_name = (await counter.find.find(counter.sign_in, Query(typed="CHEN"))).value.hits
        assert GUEST in [hit.atena_no for hit in by_name]


@WAYS
async def test_no_paper_shows_it_and_one_without_it_comes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offline: bool
) -> None:
    async with at_work(tmp_path, monkeypatch, UNSEEN, offline=offline) as counter:
        for options in ({"foreign_items": True}, {"honseki": True}):  # 国籍・地域 goes with 本籍
            with pytest.raises(RefusedError, match=r"refused\.right_missing") as refused:
                await counter.issue.prepare(counter.sign_in, asking(**options))
            assert refused.value.facts == {"right": "zairyu"}
        prepared = await counter.issue.prepare(counter.sign_in, asking(relationship=True))
        assert leaks(prepared, SECRETS) == []
        assert gate.WARN_STAY_UNSEEN in prepared.warnings
        assert gate.WARN_STAY_EXPIRED not in prepared.warnings  # that it is over is 在留期間 too
        await counter.issue.preview(prepared)
        (issued,) = await counter.issue.issue(counter.sign_in, prepared)
        assert leaks((counter.press.printed, issued), SECRETS) == []
        assert leaks(await counter.stores.ledger.journal_tail(99), SECRETS) == []


async def test_the_cloud_itself_leaves_it_out_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_work(tmp_path, monkeypatch, UNSEEN, offline=False) as counter:
        token = counter.sign_in.access_token
        for what in ("household", "history"):
            path = f"/v1/residents/{quote(GUEST)}/{what}"
            told = (await counter.http.call("GET", path, token=token)).decode(dict[str, object])
            assert leaks(told, SECRETS) == []
            assert told["withheld"] == ["zairyu"]


async def test_a_right_taken_while_signed_in_is_gone_with_the_next_renewal_and_a_new_one_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_work(tmp_path, monkeypatch, RIGHTS, offline=False) as counter:
        clerk, sessions = counter.sign_in.clerk, Sessions(counter.http, now=counter.now)
        counter.site.tenant.personnel.revoke(f"{clerk.staff_id}-zairyu", done_by="o001")
        less = replace(clerk, rights=clerk.rights - {Right.CASH})
        renewed = await sessions.renew(replace(counter.sign_in, clerk=less))
        # The lease was reckoned with the rights of the sign-in: none is added to them.
        assert renewed.clerk == replace(clerk, rights=clerk.rights - {Right.ZAIRYU, Right.CASH})
        counter.link.usable = False  # and off line it is gone too
        view = (await counter.find.household(renewed, GUEST, identity_checked=True)).value
        assert leaks(view, SECRETS) == []


async def test_a_right_the_cloud_took_meanwhile_leaves_a_gap_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_work(tmp_path, monkeypatch, RIGHTS, offline=False) as counter:
        clerk = counter.sign_in.clerk
        counter.site.tenant.personnel.revoke(f"{clerk.staff_id}-zairyu", done_by="o001")
        assert Right.ZAIRYU in clerk.rights  # this terminal has not heard of it
        view = (await counter.find.household(counter.sign_in, GUEST, identity_checked=True)).value
        assert leaks(view, SECRETS) == []
        assert gate.withheld(view.projected.members[0], counter.sign_in) == (Right.ZAIRYU,)
        with pytest.raises(RefusedError, match=r"refused\.right_missing"):
            await counter.issue.prepare(counter.sign_in, asking(foreign_items=True))
