"""Applications beside the register: support measures, where letters go, reductions, 罹災証明; and 戸籍 papers as a memo."""

from client.domain.change import ChangeKind
from client.domain.errors import RefusedError
from client.domain.intake import Ask, Entry, Field
from client.rules.intakes.form import Form, Payload, Who, part

SCOPE = ("etsuran", "juminhyo", "juminhyo_before", "fuhyo", "fuhyo_before")
OPPONENT = "opponent"  # 加害者, in words for the cloud alone


def _shien_fields(_entry: Entry) -> tuple[Field, ...]:
    return (
        *(Field(f"scope.{one}", Ask.CHECK, default="1" if one == "juminhyo" else "") for one in SCOPE),
        Field("first_town", Ask.TEXT),
        Field(OPPONENT, Ask.SEALED),
    )


def _shien_lay(entry: Entry, payload: Payload) -> None:
    chosen = part(payload, "scope")
    payload["scope"] = [one for one in SCOPE if chosen.get(one)]
    if not payload["scope"]:
        raise RefusedError("refused.input", field=f"scope.{SCOPE[0]}")
    if OPPONENT in entry.sealed:
        payload["opponent_sealed"] = entry.sealed[OPPONENT]


SHIEN = Form("shien", ChangeKind.SHIEN_SOCHI, Who.MORE, _shien_fields, _shien_lay)


def _contact_fields(_entry: Entry) -> tuple[Field, ...]:
    return (
        Field("phone.number", Ask.PHONE, said="phone"),
        Field("phone.use", Ask.CHOICE, choices=("mobile", "home", "work", "other"), said="phone_use"),
        Field("delivery.addressee", Ask.TEXT),
        Field("delivery.place.town", Ask.TEXT),
        Field("delivery.place.banchi", Ask.TEXT),
        Field("delivery.place.katagaki", Ask.TEXT),
        Field("delivery.place.postcode", Ask.TEXT),
        Field("delivery.business", Ask.TEXT),
        Field("delivery.from", Ask.DAY, ahead=True, said="delivery_from"),
        Field("delivery.until", Ask.DAY, ahead=True, said="delivery_until"),
        Field("ends_delivery", Ask.CHECK),
    )


def _contact_lay(_entry: Entry, payload: Payload) -> None:
    """Hold together what is asked in pieces: a number with its use, an address with whom and from when."""
    if not payload.get("ends_delivery"):
        payload.pop("ends_delivery", None)
    phone, delivery = payload.get("phone"), payload.get("delivery")
    if isinstance(phone, dict):
        _whole(phone, "phone", ("number", "use"))
    if isinstance(delivery, dict):
        _whole(delivery, "delivery", ("addressee", "place", "from"))
        place = part(delivery, "place")
        _whole(place, "delivery.place", ("town", "banchi"))
        if str(delivery.get("until", delivery["from"])) < str(delivery["from"]):
            raise RefusedError("refused.date", field="delivery.until")
    if not (phone or delivery or payload.get("ends_delivery")):
        raise RefusedError("refused.input", field="phone.number")


def _whole(part: Payload, name: str, needed: tuple[str, ...]) -> None:
    for piece in needed:
        if piece not in part:
            last = "place.town" if piece == "place" else piece
            raise RefusedError("refused.input", field=f"{name}.{last}")


CONTACT = Form(
    "contact",
    ChangeKind.CONTACT,
    Who.ONE,
    _contact_fields,
    _contact_lay,
    event=("phone", "delivery"),
    once=False,
)


def _reduction_fields(_entry: Entry) -> tuple[Field, ...]:
    return (
        Field("tax", Ask.CHOICE, needed=True, choices=("juminzei", "nhi", "kotei", "keiji", "kaigo")),
        Field("fiscal_year", Ask.YEAR, needed=True),
        Field(
            "reason",
            Ask.CHOICE,
            needed=True,
            choices=("disaster", "unemployment", "income", "welfare", "illness", "other"),
            said="reduction_reason",
        ),
        Field("since", Ask.DAY, needed=True),
        Field("circumstances", Ask.LONG, needed=True),
    )


REDUCTION = Form(
    "reduction",
    ChangeKind.TAX_REDUCTION,
    Who.ONE,
    _reduction_fields,
    event=("tax", "fiscal_year"),
    once=False,
)


def _disaster_fields(_entry: Entry) -> tuple[Field, ...]:
    return (
        Field("disaster.name", Ask.TEXT, needed=True, said="disaster_name"),
        Field("disaster.on", Ask.DAY, needed=True, said="disaster_on"),
        Field("place", Ask.TEXT, needed=True, said="disaster_place"),
        Field("building", Ask.CHOICE, needed=True, choices=("dwelling", "other")),
        Field("owner", Ask.CHOICE, needed=True, choices=("own", "rented", "other")),
        Field("damage", Ask.LONG, needed=True),
        Field("contact", Ask.TEXT),
    )


DISASTER = Form(
    "disaster", ChangeKind.DISASTER, Who.ONE, _disaster_fields, event=("disaster", "place"), once=False
)


def _death_fields(_entry: Entry) -> tuple[Field, ...]:
    return (
        Field("died_on", Ask.DAY, needed=True),
        Field("filer_relationship", Ask.TEXT),
        Field("todoke_accepted_by", Ask.TEXT),
    )


DEATH = Form("death", ChangeKind.DEATH, Who.ONE, _death_fields, day="died_on")


def _koseki_fields(_entry: Entry) -> tuple[Field, ...]:
    return (
        Field(
            "what",
            Ask.CHOICE,
            needed=True,
            choices=("birth", "death", "marriage", "divorce", "other"),
            said="koseki_what",
        ),
        Field("received_at", Ask.TIME, needed=True),
        Field("papers", Ask.LONG, needed=True),
        Field("contact", Ask.TEXT),
        Field("cremation_asked", Ask.CHECK),
    )


KOSEKI = Form(
    "koseki", ChangeKind.KOSEKI_MEMO, Who.ANYBODY, _koseki_fields, event=("what", "received_at"), once=False
)
