"""Rows about the municipality itself: town, certifiers, seals, fees and the words of certification."""

from collections.abc import Iterator
from datetime import date, timedelta

from cloud.town.addresses import CITY, CITY_KANA, CODE, PREFECTURE
from cloud.town.seal import seal_image

Row = dict[str, object]

_MAYOR_SEAL_MM, _ACTING_SEAL_MM = 24, 21
_MAYOR_PATTERN, _ACTING_PATTERN = 0b1010_0101_1100_0011, 0b0110_1001_0011_1100
_FEES = {"juminhyo_copy": 300, "kisai_jiko_certificate": 300, "johyo_copy": 300}
_SINCE = "2012-07-09"
_TEXTS = (
    ("juminhyo_copy", "household", "この写しは、世帯全員の住民票の原本と相違ないことを証明する。"),
    ("juminhyo_copy", "members", "この写しは、住民票の原本と相違ないことを証明する。"),
    ("johyo_copy", "members", "この写しは、除かれた住民票の原本と相違ないことを証明する。"),
    *(
        (
            "kisai_jiko_certificate",
            scope,
            "この証明書に記載された事項は、住民票に記載されている事項と相違ないことを証明する。",
        )
        for scope in ("household", "members")
    ),
)


def office_rows(today: date, code: str = CODE) -> Iterator[tuple[str, Row]]:
    """Yield the rows about the municipality as they stand on a day; under another code the town is a twin."""
    town: Row = {"code": code, "name": CITY, "prefecture": PREFECTURE, "kana": CITY_KANA}
    yield "town", town | {"rights_by_item": True}
    yield from _certifiers(today)
    for place, (certificate, yen) in enumerate(_FEES.items(), 1):
        rule: Row = {"certificate": certificate, "unit": "通"}
        yield (
            "fee_rule",
            {**rule, "rule_id": f"fee-{place}-old", "yen": yen - 100, "in_force_from": _SINCE}
            | {"in_force_until": "2019-09-30"},
        )
        yield "fee_rule", {**rule, "rule_id": f"fee-{place}", "yen": yen, "in_force_from": "2019-10-01"}
    for certificate, scope, text in _TEXTS:
        yield (
            "attestation",
            {
                "attestation_id": f"{certificate}-{scope}",
                "certificate": certificate,
                "scope": scope,
                "text": text,
                "in_force_from": _SINCE,
            },
        )


def _certifiers(today: date) -> Iterator[tuple[str, Row]]:
    """Yield the mayor, the acting mayor of two weeks some while ago, the mayor again, and their seals."""
    acting_from = today - timedelta(days=60)
    acting_until = acting_from + timedelta(days=13)
    spells: tuple[tuple[str, str, str, date, date | None], ...] = (
        ("mayor-1", "市長", "青木　瑞穂", date(2012, 7, 9), acting_from - timedelta(days=1)),
        ("acting-1", "市長職務代理者　副市長", "緑川　誠", acting_from, acting_until),
        ("mayor-2", "市長", "青木　瑞穂", acting_until + timedelta(days=1), None),
    )
    images = {
        "市長": (_MAYOR_SEAL_MM, seal_image(_MAYOR_SEAL_MM, _MAYOR_PATTERN)),
        "市長職務代理者　副市長": (_ACTING_SEAL_MM, seal_image(_ACTING_SEAL_MM, _ACTING_PATTERN)),
    }
    for certifier_id, title, name, first, last in spells:
        period: Row = {"in_force_from": first.isoformat()}
        if last:
            period["in_force_until"] = last.isoformat()
        yield "certifier", {"certifier_id": certifier_id, "title": title, "name": name, **period}
        side, image = images[title]
        yield (
            "official_seal",
            {
                "seal_id": f"seal-{certifier_id}",
                "certifier_id": certifier_id,
                "image": image,
                "side_mm": side,
                **period,
            },
        )
