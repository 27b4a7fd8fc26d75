"""What the people of the tiny town hold."""

from collections.abc import Iterator

OUTSIDER, COMPANY = "3000000016", "4000000010"

Row = dict[str, object]


def holdings(taro: str, hanako: str, kimi: str, hidden_street: str) -> Iterator[tuple[str, Row]]:
    """Yield what the couple and the protected woman hold, and two payers who are no residents."""
    for atena_no, place in ((taro, "葛城町一丁目"), (kimi, hidden_street)):
        mine: Row = {"atena_no": atena_no}
        owed = mine | {"fiscal_year": 2026, "instalment": 1, "billed": 5000, "paid": 0}
        yield (
            "juminzei",
            mine | {"fiscal_year": 2026, "levy": "課税", "annual_tax": 5000, "address_jan1": place},
        )
        yield "nhi_member", mine | {"acquired": "2020-04-01", "number": "10000001"}
        yield "light_vehicle", mine | {"vehicle_id": f"v{atena_no}", "plate": "あおぞら580　あ　00-01"}
        yield (
            "fixed_asset",
            mine
            | {"asset_id": f"l{atena_no}", "fiscal_year": 2026, "kind": "土地", "place": place, "value": 9},
        )
        for tax in ("juminzei", "nhi"):
            yield "tax_account", owed | {"tax": tax, "due": "2026-06-30", "confirmed_on": "2026-11-17"}
        yield "entitlement", mine | {"service": "nenkin", "since": "2020-04-01", "kind": "第1号被保険者"}
        yield "delivery_address", mine | {"delivery_id": f"d{atena_no}", "address": place, "reason": "入院"}
        yield "bank_account", mine | {"account_id": f"a{atena_no}", "bank_code": "0990", "branch_name": place}
        yield (
            "phone",
            mine | {"phone_id": f"p{atena_no}", "kind": "自宅", "number": f"0999-00-{atena_no[-4:]}"},
        )
    yield (
        "seal_registration",
        {"atena_no": hanako, "registration_no": "1000003", "image": b"\x89PNG", "registered": "2020-04-01"},
    )
    yield (
        "outsider",
        {
            "atena_no": OUTSIDER,
            "full_name": "緑川　渚",
            "furigana": "ミドリカワ　ナギサ",
            "address": "東京都千代田区1番",
        },
    )
    yield (
        "corporation",
        {
            "atena_no": COMPANY,
            "corporate_no": "7999900000001",
            "name": "株式会社あおぞら商店",
            "kana": "カブシキガイシャアオゾラショウテン",
        },
    )
