"""個人番号 and 住民票コード are known by name and by check digit, and what only looks like one is let be."""

from datetime import date, datetime, time
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from client.domain.change import ChangeKind, CloudAnswer, NewChange, Receipt
from client.domain.errors import RefusedError
from client.domain.forbidden_numbers import (
    forbidden_field,
    holds_forbidden_number,
    is_coded,
    is_forbidden_name,
    without_forbidden_numbers,
)
from tests.builders import NOW, TARO
from tests.vectors import vector

NUMBER, CODE = "379474484458", "24727059608"  # 個人番号, 住民票コード; both published as examples
SAID = vector("forbidden_numbers")  # of the contract: the cloud reads texts alike
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
digits = st.text("0123456789", min_size=12, max_size=12)


def with_check_digit(first: str) -> str:
    """Add the check digit as the law words it: Q(n) is n+1 for n up to 6, n-5 from 7, from the lowest digit on."""
    total = sum(int(d) * (n + 1 if n <= 6 else n - 5) for n, d in enumerate(reversed(first), 1))
    return first + str(0 if total % 11 <= 1 else 11 - total % 11)


def is_a_moment(text: str) -> bool:
    try:
        return 1900 <= datetime.strptime(text, "%Y%m%d%H%M").year < 2100  # noqa: DTZ007 - only whether it is one
    except ValueError:
        return False


def spellings(number: str) -> list[str]:
    first, second, third = number[:4], number[4:8], number[8:]
    return [
        number,
        number.translate(FULL_WIDTH),
        f"{first}-{second}-{third}",
        f"{first} {second} {third}",
        f"{first}　{second}　{third}".translate(FULL_WIDTH),
        f"{first}－{second}－{third}".translate(FULL_WIDTH),
        f"{first}‐{second}‐{third}",
        f"{first} - {second} - {third}",
        " ".join(number),
        f"個人番号は{number}です。",
        f"3番 {number} 号",
        f"（{number}）",
    ]


@pytest.mark.parametrize(
    "text", [*spellings(NUMBER), *spellings(CODE), "983205673214", "\n".join(["a", NUMBER])]
)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    assert holds_forbidden_number(text)
    blotted = without_forbidden_numbers(text)
    assert not any(letter.isdigit() for letter in blotted)
    assert len(blotted) == len(text)


@given(st.text("0123456789", min_size=11, max_size=11))
def test_twelve_digits_are_one_exactly_when_the_check_digit_is_right(first: str) -> None:
    number = with_check_digit(first)
    assume(not is_a_moment(number))
    assert holds_forbidden_number(f"番号 {number} です")
    assert not holds_forbidden_number(f"{first}{(int(number[-1]) + 1) % 10}")


@given(st.text("0123456789", min_size=10, max_size=10).filter(lambda text: text[0] != "0"))
def test_eleven_digits_are_one_exactly_when_the_check_digit_is_right(first: str) -> None:
    code = with_check_digit(first)
    assert holds_forbidden_number(code)
    assert not holds_forbidden_number(f"{first}{(int(code[-1]) + 1) % 10}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "090-1234-5678",
        "999-0001",
        "コーポ101",
        "1234567890123456",
        "１－２－３",
        "令和8年11月20日",
        f"{NUMBER}0",  # a run of thirteen
        f"AB{NUMBER}",  # part of a digest or a key
        f"{NUMBER}f",
        f"0.{NUMBER}",
        f"+{NUMBER}",  # +81 and a telephone number
        "1-2-3 090-1234-5678",
        "１丁目２番３号　０９０－１２３４－５６７８",
    ],
)
def test_telephones_rooms_and_keys_are_none(text: str) -> None:
    assert not holds_forbidden_number(text)
    assert without_forbidden_numbers(text) == text


@given(st.from_regex(r"0[0-9]{10}", fullmatch=True), st.sampled_from(["", "-"]))
def test_no_telephone_number_is_one(phone: str, dash: str) -> None:
    assert not holds_forbidden_number(f"{phone[:3]}{dash}{phone[3:7]}{dash}{phone[7:]}")


@given(digits)
def test_no_corporate_number_is_one_whole_or_in_groups(base: str) -> None:
    total = sum(int(d) * (1 if n % 2 else 2) for n, d in enumerate(reversed(base), 1))
    number = f"{9 - total % 9}{base}"
    assert not holds_forbidden_number(number)
    assert not holds_forbidden_number(f"{number[0]}-{number[1:5]}-{number[5:9]}-{number[9:]}")


@given(
    st.dates(date(1900, 1, 1), date(2099, 12, 31)),
    st.times(),
    digits,
    st.text("0123456789", min_size=4, max_size=4),
)
def test_no_moment_and_no_card_is_one(day: date, at: time, card: str, end: str) -> None:
    assert not holds_forbidden_number(f"{day:%Y%m%d}{at:%H%M}")
    assert not holds_forbidden_number(f"{card[:4]}-{card[4:8]}-{card[8:]}-{end}")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "individual_number",
            "my_number",
            "mynumber",
            "MyNumber",
            "kojin_bango",
            "juminhyo_code",
            "個人番号",
        ),
        *(
            "former_mynumber",
            "mynumber_text",
            "juminhyo_code_2",
            "住民票コード",
            "マイナンバー",
            "individual_numbers",
        ),
    ],
)
def test_a_name_like_theirs_is_refused_whatever_it_holds(name: str) -> None:
    assert is_forbidden_name(name, "")
    assert is_forbidden_name(name, b"sealed")


def test_only_bytes_pass_under_a_sealed_name() -> None:
    assert not is_forbidden_name("mynumber_sealed", b"ciphertext")
    assert is_forbidden_name("mynumber_sealed", NUMBER)
    assert is_forbidden_name("mynumber_sealed", None)


@pytest.mark.parametrize(
    "name", ["mynumber_card_status", "corporate_no", "address_code", "number", "remarks"]
)
def test_other_names_pass(name: str) -> None:
    assert not is_forbidden_name(name, "")


def test_codes_are_no_words() -> None:
    assert is_coded("atena_no")
    assert is_coded("address_code")
    assert not is_coded("remarks")


def request(payload: dict[str, object], kind: ChangeKind = ChangeKind.TENKYO) -> NewChange:
    return NewChange("k", kind, (TARO,), {TARO: 3}, payload, NOW, "s001")


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"note": NUMBER}, "note"),
        ({"to": {"town": "本町", "katagaki": f"寮{CODE}号"}}, "katagaki"),
        ({"people": [{"furigana": "オオノ"}, {"remarks": f"番号 {NUMBER}"}]}, "remarks"),
        ({"papers": ["転出証明書", NUMBER]}, "papers"),
        ({"people": [{"mynumber_sealed": NUMBER}]}, "mynumber_sealed"),
        ({"individual_number": b"sealed"}, "individual_number"),
    ],
)
def test_a_request_with_one_in_it_is_never_made(payload: dict[str, object], field: str) -> None:
    assert forbidden_field(payload) == field
    with pytest.raises(RefusedError) as refused:
        request(payload)
    assert (refused.value.code, refused.value.facts) == ("refused.forbidden_number", {"field": field})


def test_ids_and_ciphertext_of_a_request_pass_and_a_fact_is_never_refused() -> None:
    payload: dict[str, object] = {
        "subject": NUMBER,
        "members": [NUMBER],
        "people": [{"mynumber_sealed": b"x"}],
    }
    assert request(payload).payload == payload
    assert request({"words": NUMBER}, ChangeKind.SPOILED).payload == {"words": NUMBER}


def test_the_clouds_words_are_kept_without_the_digits() -> None:
    assert NUMBER not in CloudAnswer("k", "refused", None, f"番号 {NUMBER} は要りません").words
    assert Receipt(1, NOW, NUMBER).text == "＊" * 12
    assert Receipt(1, NOW, "受付 12").text == "受付 12"


@pytest.mark.parametrize("told", SAID["texts"], ids=lambda told: f"{told['text']} {told['why']}")
def test_a_text_holds_one_as_the_contracts_vector_says(told: dict[str, Any]) -> None:
    assert holds_forbidden_number(told["text"]) == told["holds"]


def test_names_and_codes_are_as_the_contracts_vectors_say() -> None:
    for told in SAID["names"]:
        value = b"sealed" if told.get("octets") else "words"
        assert is_forbidden_name(told["name"], value) == told["forbidden"], told
    assert all(map(is_coded, SAID["codes"]))
    assert not any(map(is_coded, SAID["words"]))
