"""Of a 方書 the building's name alone is offered: no room, and nobody's home by name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.rules.buildings import building_of


@pytest.mark.parametrize(
    ("katagaki", "building"),
    [
        ("コーポ青空201号", "コーポ青空"),
        ("コーポ青空　２０１号室", "コーポ青空"),
        ("メゾン・ド・サトウ　2-3", "メゾン・ド・サトウ"),
        ("第2ハイツ", "第2ハイツ"),
        ("シャトー21　305号", "シャトー21"),
        ("ひまわり団地12号棟3号", "ひまわり団地12号棟"),
        ("B棟101", "B棟"),
        ("ハイツ桜B棟101号", "ハイツ桜B棟"),
        ("ハイツ桜A101", "ハイツ桜"),
        ("ハイツＡＢＣ１０１", "ハイツＡＢＣ"),
        ("葛󠄂城ビル3階", "葛󠄂城ビル"),
        ("葛󠄂城ビル3F 301", "葛󠄂城ビル"),
        ("コーポ二〇一号室", "コーポ"),
        ("コーポ青空3号2", "コーポ青空"),
        ("101", ""),
        ("", ""),
        ("　", ""),
        ("山田様方", ""),
        ("山田方", ""),
        ("山田様方　2階", ""),
    ],
)
def test_the_building_is_what_is_left_without_the_room(katagaki: str, building: str) -> None:
    assert building_of(katagaki) == building


@given(st.text(alphabet="コーポ青空 　葛󠄂0129２Aａ号室棟階-－の様方", max_size=14))
def test_a_building_is_a_beginning_of_what_the_register_writes_and_has_no_room_left(katagaki: str) -> None:
    name = building_of(katagaki)
    assert katagaki.strip().startswith(name)
    assert not re.search(r"[0-9２]\s*(?:号室?|室|階)$", name)
    assert "様" not in name
