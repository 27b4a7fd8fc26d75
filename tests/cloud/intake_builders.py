"""Requests of every kind on the tiny town, and what the register says after them."""

from typing import Any

from tests.cloud.cloud_builders import HANAKO, KIMI, TARO, Row, Site, Terminal

NEW, CHILD = "p:019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d21", "p:019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d22"
DAY, PAST, AHEAD = "2026-11-20", "2026-11-18", "2026-12-01"  # the day at the counter, before it, after it
YES: Row = {"decision": "register", "decided_by": "s002"}
NO: Row = {"decision": "return", "decided_by": "s002", "reason": "書類不備"}
BASES = {TARO: 2, HANAKO: 1, KIMI: 1}
DELIVERY: Row = {
    "addressee": "渡邉　花子　様",
    "place": {"town": "みどり県つきみ市本町", "banchi": "1番", "katagaki": "月見病院"},
    "from": AHEAD,
    "until": "2027-03-31",
}
PAYLOADS: dict[str, Row] = {
    "todoke.tenshutsu": {
        "members": [TARO, HANAKO],
        "planned": AHEAD,
        "to": "みどり県つきみ市本町1番",
        "abroad": False,
        "whole_household": True,
    },
    "todoke.death": {"died_on": PAST, "filer": "渡邉　花子"},
    "todoke.setai_henko": {"members": [TARO, HANAKO], "what": "nushi_henko", "ido_date": PAST},
    "nhi.acquire": {"members": [TARO], "acquired": PAST, "reason": "社保離脱"},
    "nhi.lose": {"members": [TARO], "lost": PAST, "reason": "社保加入"},
    "nhi.change": {"members": [TARO, HANAKO], "changed": PAST, "what": "世帯主", "memo": "花子から太郎へ"},
    "seal.register": {"registered_name": "渡邉　太郎", "identity": "photo", "image": b"\x89PNG"},
    "seal.abolish": {},
    "seal.card_lost": {},
    "disaster.application": {
        "disaster": {"name": "豪雨", "on": PAST},
        "place": "葛城町一丁目2番3号",
        "building": "dwelling",
        "owner": "own",
        "damage": "床上浸水",
    },
    "contact.change": {
        "phone": {"number": "090-0010-0001", "use": "mobile"},
        "delivery": DELIVERY,
        "ends_delivery": True,
    },
    "tax.reduction": {
        "tax": "kotei",
        "fiscal_year": 2026,
        "reason": "disaster",
        "since": PAST,
        "circumstances": "床上浸水により家財を失った",
    },
    "koseki.memo": {
        "what": "death",
        "members": [HANAKO],
        "received_at": "2026-11-20T04:30:00Z",
        "papers": "死亡届1通、死亡診断書1通",
        "contact": "090-0010-0002",
        "cremation_asked": True,
    },
    "shien_sochi.application": {"scope": ["juminhyo"], "members": [HANAKO]},
    "shien_sochi.end": {},
}


def request(terminal: Terminal, kind: str, **more: Any) -> Row:
    """Make a request of a kind about Taro, or whom ``more`` says; ``made_at`` is when."""
    told = {"made_at": more.pop("made_at")} if "made_at" in more else {}
    payload: dict[str, Any] = {"subject": TARO, "todoke_date": DAY, **PAYLOADS[kind], **more}
    persons = list(dict.fromkeys((payload["subject"], *payload.get("members", []))))
    base = {one: BASES[one] for one in persons if one in BASES}
    return terminal.command(kind, payload, residents=persons, base=base, todoke_date=DAY, **told)


def a_newcomer(provisional: str = NEW, **more: object) -> Row:
    return {
        "id": provisional,
        "kind": "japanese",
        "birth_date": "1990-04-12",
        "sex": "女",
        "relationship": "世帯主",
        "full_name": "大野󠄀　君代",
        "furigana": "オオノ　キミヨ",
        "mynumber_sealed": b"sealed once more",
        **more,
    }


def tennyu(terminal: Terminal, *newcomers: Row, **more: Any) -> Row:
    """Make a 転入届 of one woman, or of whom is given."""
    members = list(newcomers) or [a_newcomer()]
    payload = {
        "subject": members[0]["id"],
        "todoke_date": DAY,
        "members": members,
        "ido_date": PAST,
        "to": {"town": "みどり県あおぞら市泉町", "banchi": "5番地"},
        "from": "みどり県つきみ市本町1番",
        "certificate": "paper",
        "azukari": False,
        **more,
    }
    return terminal.command("todoke.tennyu", payload, residents=[one["id"] for one in members])


async def taken(site: Site, command: Row) -> str:
    """Send a request that is accepted; returns its key."""
    (answer,) = await site.terminal.send(command)
    assert answer["outcome"] == "accepted", answer
    return str(answer["key"])


async def decided(site: Site, key: str, decision: Row) -> dict[str, Any]:
    """Decide an intake; returns what was answered."""
    answer = await site.office("POST", f"/intakes/{key}/decision", decision)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def rows(site: Site, table: str) -> list[dict[str, Any]]:
    with site.tenant.register.reading() as connection:
        return site.tenant.register.rows(connection, table)


def newest(site: Site, atena_no: str) -> dict[str, Any]:
    found = [row for row in rows(site, "resident") if row["atena_no"] == atena_no]
    return max(found, key=lambda row: int(row["history_no"]))


def holds(site: Site, key: str) -> list[tuple[str, str, str, str]]:
    """Return whom a command has stopped, in what, how hard and from when."""
    return [
        (row["atena_no"], row["process"], row["level"], row["starts"])
        for row in rows(site, "block")
        if row["block_id"].startswith(key)
    ]


def stand(site: Site, table: str, row: Row) -> None:
    """Let a row stand in the register."""
    from cloud.contract import tables
    from cloud.register import put

    with site.tenant.register.writing() as connection:
        site.tenant.register.commit(connection, tables()[table].feed, [put(table, row)])
