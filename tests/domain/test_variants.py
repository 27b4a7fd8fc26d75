"""Variants of kanji count as one in keys, by the contract's table ([STD j330])."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.domain import letters
from client.domain.letters import one_for_all
from cloud.letters import name_key as key_of_the_cloud
from offline.store.search_key import name_key as key_of_the_terminal
from resources import read_text

ALIKE = (
    *("辺邊边邉𨘢", "浜濱頻濵滨", "藤䕨籘籐"),  # [STD j330] itself; 頻 is printed there
    *("高髙", "斉齊", "斎齋", "沢澤", "島嶋嶌", "吉𠮷", "国國圀", "広廣", "竜龍", "恵惠", "渕淵", "桜櫻"),
    *("土𡈽", "柳栁", "徳德", "崎﨑嵜", "富冨", "曽曾", "渋澁澀", "鶴靍靏", "鴎鷗", "塚塚", "麹麴", "遥遙"),
)
CLASSES = [
    line.split("\t")[0] + line.split("\t")[1]
    for line in read_text("contract", "variants.tsv").splitlines()
    if not line.startswith("#")
]
names = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("".join(CLASSES[::40]))), max_size=12)


@pytest.mark.parametrize("letters_alike", ALIKE)
def test_variants_have_one_representative(letters_alike: str) -> None:
    assert len({one_for_all(letter) for letter in letters_alike}) == 1


@pytest.mark.parametrize(
    "apart", ["斉斎", "功切", "師帥", "玉王", "坂阪", "大太", "川河", "崎埼", "伊尹", "浜辺", "田町"]
)
def test_different_letters_stay_apart(apart: str) -> None:
    assert len({one_for_all(letter) for letter in apart}) == 2


def test_the_usual_letter_stands_for_its_variants() -> None:
    assert "".join(map(one_for_all, "邉濱籐髙齋澤嶋𠮷國廣龍惠淵櫻德")) == "辺浜藤高斎沢島吉国広竜恵淵桜徳"


def test_no_letter_is_in_two_classes_and_no_class_is_a_heap() -> None:
    members = [letter for found in CLASSES for letter in found]
    assert len(members) == len(set(members))
    assert max(map(len, CLASSES)) < 36
    assert all(len(found) > 1 for found in CLASSES)


@given(st.characters())
def test_a_representative_stands_for_itself(letter: str) -> None:
    assert one_for_all(one_for_all(letter)) == one_for_all(letter)


@given(names)
def test_terminal_and_cloud_call_the_same_names_variants(name: str) -> None:
    for other in (name, "".join(one_for_all(letter) for letter in name)):
        assert (key_of_the_terminal(name) == key_of_the_terminal(other)) is (
            key_of_the_cloud(name) == key_of_the_cloud(other)
        )


def test_a_letter_of_the_towns_own_stays_in_the_key() -> None:
    assert key_of_the_terminal("山\ue000田") == key_of_the_cloud("山\ue000田") == "山\ue000田"


def test_the_table_is_read_fast() -> None:
    letters._representatives.cache_clear()
    start = time.perf_counter()
    one_for_all("邉")
    assert time.perf_counter() - start < 0.3  # 5 ms; ten times 30 ms for a machine that is busy
