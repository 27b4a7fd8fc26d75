"""No call of the JSON office leads around those in charge of measures (支援措置責任者) [STD j440]."""

from typing import Any

import pytest

from cloud import storage
from cloud.clock import day_in_tokyo
from tests.cloud.attachment_builders import SCAN, a_bundle
from tests.cloud.cloud_builders import TARO, Site, new_key
from tests.cloud.intake_builders import BASES, DAY, PAYLOADS, request
from tests.cloud.office_builders import acts
from tests.cloud.test_cloud_commands import lines
from tests.cloud.test_cloud_office_other_side import HIS_TOWN, OTHER_SIDE, TOLD, applied

pytestmark = pytest.mark.asyncio
IN_CHARGE = "s002"
KIND = "shien_sochi.application"
NOT_IN_CHARGE = (
    "s001",  # a clerk, no officer
    "o001",  # of whom the town knows nothing
    "",
    "s002 ",
    "S002",
)
Asked = tuple[str, str, dict[str, Any] | None]


async def put_aside(site: Site) -> str:
    """Return an application that was put aside."""
    gone = await site.another_terminal()
    await site.office("POST", f"/terminals/{gone.number}/revocation")
    await site.terminal.send(request(gone, KIND, subject=TARO, **TOLD[KIND]))
    (item,) = lines(site, storage.quarantine)
    return str(item.item_id)


def ways(key: str, attachment: str, item: str, who: str) -> list[Asked]:
    """Return every call of the JSON office that reads such a request, or decides about it."""
    by = {"by": who, "decided_by": who}
    decisions = [{**by, "decision": one, "reason": "x"} for one in ("review", "return", "register")]
    return [
        ("POST", f"/attachments/{attachment}/opening", by),
        ("POST", f"/quarantine/{item}/opening", by),
        ("POST", f"/quarantine/{item}/release", by),
        ("POST", f"/quarantine/{item}/dismissal", by | {"reason": "x"}),
        *(("POST", f"/intakes/{key}/decision", one) for one in decisions),
    ]


async def test_who_is_not_in_charge_is_refused_on_every_way_and_the_office_log_says_who_tried(
    site: Site,
) -> None:
    key, attachment = await applied(site)
    item = await put_aside(site)
    for who in NOT_IN_CHARGE:
        for method, path, body in ways(key, attachment, item, who):
            before = acts(site)
            answer = await site.office(method, path, body)
            told = acts(site)[len(before) :]
            if not who:  # nobody is named: malformed before anything is asked
                assert (answer.status_code, told) == (422, []), (who, path)
                continue
            assert answer.status_code == 403, (who, path, answer.text)
            assert answer.json()["code"] == "refused.right_missing"
            assert told == [(who, "measures.refused", path.split("/")[2])]
            assert not any(word in answer.text for word in (OTHER_SIDE, HIS_TOWN))
    states = {case.state for case in lines(site, storage.intake_case)}
    assert (states, {one.state for one in lines(site, storage.quarantine)}) == ({"received"}, {"kept"})


async def test_the_list_of_requests_tells_their_words_to_those_in_charge_alone(site: Site) -> None:
    await applied(site)
    for who in ("", *NOT_IN_CHARGE):
        answer = await site.office("GET", f"/intakes?by={who}")
        (case,) = answer.json()["intakes"]
        assert (case["kind"], case["withheld"], "payload" in case) == (KIND, True, False)
        assert not any(word in answer.text for word in (OTHER_SIDE, HIS_TOWN))
    answer = await site.office("GET", f"/intakes?by={IN_CHARGE}")
    assert OTHER_SIDE in answer.text


async def test_the_right_counts_on_its_days_alone(site: Site) -> None:
    key, attachment = await applied(site)
    opening = f"/attachments/{attachment}/opening"
    assert (await site.office("POST", opening, {"by": IN_CHARGE})).content == SCAN
    personnel, today = site.tenant.personnel, day_in_tokyo(site.clock())
    personnel.revoke("s002-shien_sochi", done_by="o001")
    personnel.grant("shien_sochi", today, staff_id="s001", done_by="o001")  # a clerk, still no officer
    assert (await site.office("POST", opening, {"by": "s001"})).status_code == 403
    assert (await site.office("POST", opening, {"by": IN_CHARGE})).status_code == 403
    review = {"decision": "review", "decided_by": IN_CHARGE}
    assert (await site.office("POST", f"/intakes/{key}/decision", review)).status_code == 403


async def test_what_lies_beside_a_request_that_never_came_may_be_of_a_measure(site: Site) -> None:
    bundle = a_bundle(site.terminal, new_key())
    await bundle.bring()
    opening = f"/attachments/{bundle.key}/opening"
    assert (await site.office("POST", opening, {"by": "o001"})).status_code == 403
    assert (await site.office("POST", opening, {"by": IN_CHARGE})).content == SCAN


async def test_another_request_put_aside_under_its_key_does_not_open_what_lies_beside_it(site: Site) -> None:
    key, attachment = await applied(site)
    payload = {"subject": TARO, "todoke_date": DAY, **PAYLOADS["nhi.change"]}
    more = {"residents": [TARO], "base": {TARO: BASES[TARO]}, "todoke_date": DAY}
    (answer,) = await site.terminal.send(site.terminal.command("nhi.change", payload, key=key, **more))
    assert answer["outcome"] != "accepted"
    refused = await site.office("POST", f"/attachments/{attachment}/opening", {"by": "o001"})
    assert refused.status_code == 403
