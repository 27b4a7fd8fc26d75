"""Forms filled in with what they need, as a clerk types it."""

from dataclasses import replace
from datetime import date

from client.domain.calendar import wareki
from client.domain.intake import Ask, Entry, newcomer_id
from client.domain.resident import Household
from client.rules.intakes import FORMS
from client.rules.intakes.form import Who
from tests.builders import HANAKO, TARO, TODAY, a_household

NEW = newcomer_id("019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d21")
CHILD = newcomer_id("019a9f6e-5b1c-7c3a-9c55-0a4b5a1f7d22")
ANSWERS = {
    "to.town": "みどり県あおぞら市泉町",
    "to.banchi": "5番地",
    "to": "みどり県つきみ市本町1番",
    "from": "みどり県つきみ市本町1番",
    "householder": HANAKO,
    f"relationships.{TARO}": "夫",
    f"relationships.{HANAKO}": "世帯主",
    "reason": "",
    "registered_name": "渡邉󠄐 太郎",
    "phone.number": "090-1234-5678",
    "phone.use": "mobile",
    "delivery.addressee": "渡邉　花子",
    "delivery.place.town": "みどり県つきみ市本町",
    "delivery.place.banchi": "1番",
    "delivery.from": "R8.12.1",
    "fiscal_year": "R8",
    "circumstances": "床上浸水\n家財を失う",
    "disaster.name": "令和8年11月豪雨",
    "place": "みどり県あおぞら市泉町5番地",
    "damage": "床上50cm",
    "received_at": "14:05",
    "papers": "出生届1通",
    "scope.juminhyo": "1",
}
PERSON = {
    "kind": "japanese", "full_name": "大野　君代", "furigana": "オオノ　キミヨ", "birth_date": "H2.4.12", "sex": "女",
    "relationship": "世帯主", "honseki": "みどり県つきみ市一番地", "hittosha": "大野　一郎",
}  # fmt: skip


def filled(name: str, day: date = TODAY, household: Household | None = None, **more: str) -> Entry:
    """Fill a form in with what it needs, on a day."""
    form = FORMS[name]
    people = {f"{NEW}.{piece}": said for piece, said in PERSON.items()}
    entry = Entry(
        household=household or a_household(),
        subject=TARO,
        members=(TARO, HANAKO) if form.who is Who.MEMBERS else (),
        values={**people, **ANSWERS, **{piece.replace("__", "."): said for piece, said in more.items()}},
        todoke=wareki(day),
        newcomers=(NEW,) if form.who is Who.NEWCOMERS else (),
    )
    for field in form.fields(entry):
        first = field.choices[0] if field.choices else (wareki(day) if field.ask is Ask.DAY else "")
        if field.needed and not entry.value(field.name):
            entry = replace(entry, values={**entry.values, field.name: first})
    return entry
