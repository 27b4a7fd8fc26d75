"""Ways that were open to what is hidden, to what is counted, and to keys: each stays shut."""

import logging
import threading
from datetime import date
from hashlib import sha256
from pathlib import Path

import httpx
import msgspec
import pytest

from cloud import sign_in
from cloud.attachments import Announced, Limits
from cloud.authority import open_authority
from cloud.keys import open_keys
from cloud.logs import log_as_json
from cloud.office.desk import desk_of
from cloud.office.log import By
from cloud.office.residents import Ido
from cloud.office.staff_desk import Entry
from cloud.problems import ProblemError
from cloud.quarantine import of_command, put_aside
from cloud.routes.commands import Item
from cloud.staff import NewStaff
from cloud.tenants import Tenants
from cloud.town.numbers import next_number
from tests.cloud.cloud_builders import (
    CODE,
    HANAKO,
    HIDDEN_STREET,
    JIRO,
    KIMI,
    OTHER_HOME,
    PASSWORD,
    SEED,
    TARO,
    SetClock,
    Site,
    a_resident,
    new_key,
    staff,
    tiny_town,
)
from tests.cloud.intake_builders import NO, a_newcomer, newest, request, rows, stand, taken, tennyu
from tests.cloud.office_builders import SEE_OTHER, Browser, acts, form_of, officer, read

NEW_STREET = "77番77号"
CHILD = "1000000065"


@pytest.mark.asyncio
async def test_a_revoked_terminal_is_told_of_a_conflict_without_the_records(site: Site) -> None:
    gone = await site.another_terminal()
    stale = gone.tenkyo({"subject": HANAKO, "members": [HANAKO]}, base={HANAKO: 9})
    (answer,) = await gone.send(stale)
    assert (answer["outcome"], len(answer["rows"])) == ("conflict", 1)
    await site.office("POST", f"/terminals/{gone.number}/revocation")
    stand(site, "resident", newest(site, HANAKO) | {"history_no": 2, "address_banchi": NEW_STREET})
    asked = await gone.call("GET", f"/v1/commands/{stale['key']}")
    (again,) = await gone.send(stale)
    assert (asked.json()["rows"], again["rows"]) == ([], [])
    told = (await site.terminal.call("GET", f"/v1/commands/{stale['key']}")).json()
    assert told["rows"][0]["address_banchi"] == NEW_STREET


@pytest.mark.asyncio
async def test_invented_methods_are_counted_as_one(site: Site) -> None:
    for number in range(50):
        await site.client.request(f"M{number}", "/v1/clock")
    text = site.app.state.meter.text().decode()
    assert 'method="unknown"' in text
    assert 'method="M1"' not in text


@pytest.mark.asyncio
async def test_an_opened_item_hides_the_hidden_home_somebody_moves_into(site: Site) -> None:
    gone = await site.another_terminal()
    await site.office("POST", f"/terminals/{gone.number}/revocation")
    await gone.send(tennyu(gone, joins=OTHER_HOME, to={"town": "泉町", "banchi": HIDDEN_STREET}))
    (item,) = (await site.office("GET", "/quarantine?state=kept")).json()["items"]
    visitor = await officer(site)
    page = await visitor.fill(f"/quarantine/{item['item_id']}", "/opening")
    assert page.status_code == httpx.codes.OK
    assert HIDDEN_STREET not in page.text


@pytest.mark.asyncio
async def test_the_new_home_of_somebody_protected_who_comes_back_is_hidden(site: Site) -> None:
    stand(site, "shien_sochi", {"measure_id": "m9", "atena_no": JIRO, "provisional": False})
    back = tennyu(site.terminal, a_newcomer(former=JIRO), to={"town": "泉町", "banchi": NEW_STREET})
    key = await taken(site, back)
    visitor = await officer(site)
    page = await visitor.get(f"/intakes/{key}")
    assert NEW_STREET not in page.text
    shown = await visitor.send(form_of(page, "/address"))
    assert NEW_STREET in shown.text


@pytest.mark.asyncio
async def test_places_that_come_with_a_refused_form_are_written_down_as_shown(site: Site) -> None:
    visitor = await officer(site)
    form = form_of(await visitor.get(f"/residents/{KIMI}/edit"), "/edit")
    answer = await visitor.send(form, address_town="泉町", ido_date="いつか")
    assert HIDDEN_STREET in answer.text
    assert ("s002", "resident.address_shown", KIMI) in acts(site)


@pytest.mark.asyncio
async def test_a_history_through_a_hidden_home_has_no_places(site: Site) -> None:
    child = a_resident(CHILD, OTHER_HOME, "髙島　子", "タカシマ　コ", address_banchi=HIDDEN_STREET)
    stand(site, "resident", child)
    stand(site, "resident", child | {"history_no": 2, "household_no": "2000000052", "address_banchi": "1番"})
    await site.terminal.sign_in()
    history = await site.terminal.call("GET", f"/v1/residents/{CHILD}/history")
    assert history.status_code == httpx.codes.OK
    assert HIDDEN_STREET not in history.text


@pytest.mark.asyncio
async def test_a_form_that_comes_again_with_other_words_acts_and_a_second_click_does_not(site: Site) -> None:
    visitor = await officer(site)
    page = await visitor.get("/restrictions")
    (form,) = [one for one in read(page).forms if one.action.endswith("/measures")]
    for number in (TARO, TARO, HANAKO):
        answer = await visitor.send(form, number=number, measure="full", starts="2026-11-20")
        assert answer.status_code == SEE_OTHER
    found = [row["atena_no"] for row in rows(site, "shien_sochi")]
    assert (found.count(TARO), found.count(HANAKO)) == (1, 1)


@pytest.mark.asyncio
async def test_a_number_drawn_twice_takes_nobodys_protection(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = iter((7, 7, 8))
    monkeypatch.setattr("cloud.office.measures.secrets.randbelow", lambda _most: next(drawn))
    desk = desk_of(site.tenant).measures
    for number in (TARO, HANAKO):
        desk.begin(By("s002"), [number], provisional=False, starts="2026-11-20")
    assert {TARO, HANAKO} <= {row["atena_no"] for row in rows(site, "shien_sochi")}


@pytest.mark.asyncio
async def test_only_who_may_begin_measures_ends_one_by_an_intake(site: Site) -> None:
    clerk = NewStaff("s020", "事務　一", "税務課", ("office",), "nagai-aikotoba-x", SEED)
    site.tenant.personnel.add(clerk, done_by="s002")
    key = await taken(site, request(site.terminal, "shien_sochi.end", subject=KIMI))
    visitor = Browser(site.client, site.clock)
    await visitor.sign_in("s020", "nagai-aikotoba-x")
    page = await visitor.get(f"/intakes/{key}")
    assert not [form for form in read(page).forms if form.action.endswith("/decision")]
    csrf = form_of(page, "/sign-out").fields["csrf"]
    typed = {"csrf": csrf, "decision": "register"}
    answer = await visitor.client.post(f"/office/intakes/{key}/decision", data=typed)
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert KIMI in {row["atena_no"] for row in rows(site, "shien_sochi")}


@pytest.mark.asyncio
async def test_an_item_whose_command_took_effect_cannot_take_effect_again(site: Site) -> None:
    raw = site.terminal.tenkyo()
    key = await taken(site, raw)
    command = msgspec.convert(raw, Item, strict=False).command()
    with site.tenant.register.writing() as connection:
        put_aside(connection, CODE, of_command(command), "unknown_terminal", "2026-11-20T05:00:00Z")
    (item,) = (await site.office("GET", "/quarantine?state=kept")).json()["items"]
    await site.office("POST", f"/intakes/{key}/decision", NO)
    answer = await site.office("POST", f"/quarantine/{item['item_id']}/release", {"by": "o001"})
    assert (answer.status_code, answer.json()["reason"]) == (httpx.codes.CONFLICT, "key_taken")


@pytest.mark.asyncio
async def test_however_small_only_so_many_attachments_may_wait(site: Site) -> None:
    object.__setattr__(site.tenant.attachments, "limits", Limits(waiting=3))
    digest = sha256(b"x").hexdigest()
    *first, last = (Announced(new_key(), new_key(), "image/png", 1, digest, 1) for _ in range(4))
    for one in first:
        site.tenant.attachments.announce(site.terminal.number, one)
    with pytest.raises(ProblemError) as refused:
        site.tenant.attachments.announce(site.terminal.number, last)
    assert refused.value.code == "attachment.too_many"


def test_keys_of_a_founding_that_never_ended_take_nobodys_place(tmp_path: Path) -> None:
    clock = SetClock()
    open_keys(tmp_path / "keys", clock())
    open_authority(tmp_path / "keys", "never founded", clock())
    towns = Tenants(tmp_path, now=clock)
    town = towns.open(CODE, town=tiny_town, staff=staff())
    before = (town.keys.digest, town.keys.office_token, town.authority.pem)
    towns.close()
    towns = Tenants(tmp_path, now=clock)
    again = towns.of(CODE)
    assert again is not None
    assert (again.keys.digest, again.keys.office_token, again.authority.pem) == before
    towns.close()


def test_a_town_asked_for_by_many_at_once_is_opened_once(tmp_path: Path) -> None:
    clock = SetClock()
    towns = Tenants(tmp_path, now=clock)
    towns.open(CODE, town=tiny_town, staff=staff())
    towns.close()
    towns, found = Tenants(tmp_path, now=clock), []
    askers = [threading.Thread(target=lambda: found.append(towns.of(CODE))) for _ in range(6)]
    for one in askers:
        one.start()
    for one in askers:
        one.join()
    assert len({id(one) for one in found}) == 1
    towns.close()


def test_a_log_line_tells_an_exceptions_kind_and_place_and_not_its_words(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", list(root.handlers))
    level = root.level
    log_as_json()
    try:
        int(HIDDEN_STREET)
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    root.setLevel(level)
    told = capfd.readouterr().err
    assert HIDDEN_STREET not in told
    assert '"kind": "ValueError"' in told
    assert "test_cloud_closed_gaps.py" in told


@pytest.mark.asyncio
async def test_a_new_resident_gets_no_payers_number(site: Site) -> None:
    last = max(row["atena_no"] for row in rows(site, "resident"))
    following = next_number(last)
    stand(site, "outsider", {"atena_no": following, "full_name": "町外　太郎"})
    typed = {"full_name": "新田　次郎", "birth_text": "昭和58年4月12日", "sex": "男", "kind": "japanese"}
    typed |= {"relationship": "世帯主", "address_town": "泉町"}
    given, _ = desk_of(site.tenant).residents.enter(By("s002"), typed, Ido("職権記載", date(2026, 11, 20)))
    assert given != following


@pytest.mark.asyncio
async def test_an_officer_gives_no_right_and_no_secrets_that_lead_beyond_their_own(site: Site) -> None:
    clerk = NewStaff("s010", "事務　係", "総務課", ("office", "view"), PASSWORD, SEED)
    site.tenant.personnel.add(clerk, done_by="s002")
    desk, by, today = desk_of(site.tenant).staff, By("s010"), date(2026, 11, 20)
    further = Entry("s011", "新人　二", "総務課", ("view", "shien_sochi"))
    for act in (
        lambda: desk.add(by, further),
        lambda: desk.grant(by, "shien_sochi", today, staff_id="s009"),
        lambda: desk.grant(by, "issue", today, section="市民課"),
        lambda: desk.new_password(by, "s002"),
        lambda: desk.new_factor(by, "s002"),
    ):
        with pytest.raises(ProblemError) as caught:
            act()
        assert caught.value.code == "office.beyond_own"
    assert desk.add(by, Entry("s011", "新人　二", "総務課", ("view",))).password
    assert desk.new_password(by, "s009").password
    assert desk.new_password(By("s002"), "s010").password


@pytest.mark.asyncio
async def test_who_has_left_a_hidden_home_does_not_lead_there_in_the_office(site: Site) -> None:
    mate = "1000000065"
    stand(
        site,
        "resident",
        a_resident(mate, OTHER_HOME, "髙島　桃", "タカシマ　モモ", address_banchi=HIDDEN_STREET),
    )
    moved = a_resident(
        mate, "2000000052", "髙島　桃", "タカシマ　モモ", history_no=2, before_move=HIDDEN_STREET
    )
    stand(site, "resident", moved)
    assert desk_of(site.tenant).residents.record(mate).is_sheltered
    assert not desk_of(site.tenant).residents.record(TARO).is_sheltered


@pytest.mark.asyncio
async def test_guesses_at_sign_in_do_not_take_the_threads_of_all_other_calls(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_in, "_here", threading.BoundedSemaphore(1))
    with sign_in._in_turn():
        busy = await site.terminal.sign_in()
    assert (busy.status_code, busy.json()["code"]) == (503, "link.busy")
    assert (await site.terminal.sign_in()).status_code == 201
