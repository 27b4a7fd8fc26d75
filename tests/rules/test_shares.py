"""Two of n: any two shares give the key, one gives nothing; and what is typed from paper is checked line by line."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from client.domain.errors import RefusedError
from client.rules.shamir import combined, inverse, times
from client.rules.share_text import letters_typed, read_share, wrong_group
from cloud.escrow import Share, ShareCost, new_escrow, split, written

SECRETS = st.binary(min_size=32, max_size=32)
COST = ShareCost(passes=1, log2_kib=3)


def a_paper(number: int = 2) -> tuple[str, str]:
    public, private = new_escrow()
    share = split(private, 3)[number - 1]
    return written(share, 3, public, "aikotoba", COST), public.hex()


def test_the_field_is_that_of_aes() -> None:
    assert times(0x57, 0x83) == 0xC1  # FIPS 197, 4.2
    assert times(0x57, 0x13) == 0xFE
    assert inverse(0x53) == 0xCA
    assert all(times(one, inverse(one)) == 1 for one in range(1, 256))


@settings(max_examples=15)
@given(SECRETS, st.integers(2, 5))
def test_any_two_shares_give_the_secret(secret: bytes, of: int) -> None:
    shares = {share.number: share.value for share in split(secret, of)}
    for first, second in combinations(shares, 2):
        assert combined({first: shares[first], second: shares[second]}) == secret


@settings(max_examples=25)
@given(SECRETS, SECRETS, st.integers(1, 20))
def test_one_share_fits_every_secret_there_is(secret: bytes, other: bytes, number: int) -> None:
    held = split(secret, 20)[number - 1]
    second = number % 20 + 1
    slope = bytes(
        times(have ^ wanted, inverse(number)) for have, wanted in zip(held.value, other, strict=True)
    )
    guessed = bytes(height ^ times(rise, second) for height, rise in zip(other, slope, strict=True))
    assert combined({number: held.value, second: guessed}) == other


def test_shares_of_two_towns_give_neither_key() -> None:
    one, other = bytes(32), b"\xff" * 32
    mixed = {1: split(one, 3)[0].value, 2: split(other, 3)[1].value}
    assert combined(mixed) not in {one, other}


def test_an_escrow_of_one_officer_is_none() -> None:
    for of in (0, 1, 21):
        with pytest.raises(ValueError, match="two to twenty"):
            split(bytes(32), of)


def test_a_paper_says_whose_it_is() -> None:
    paper, _ = a_paper(3)
    letter = read_share(f"窓口　分割鍵\n3人目／3人\n\n{paper}\nこの紙は…")
    assert (letter.number, letter.of, letter.threshold) == (3, 3, 2)
    assert (letter.time, letter.memory_kib, letter.lanes) == (1, 8, 1)
    assert all(len(line) <= 32 for line in paper.splitlines())


def test_a_paper_is_read_however_it_was_typed() -> None:
    paper, _ = a_paper()
    letter = read_share(paper)
    wide = paper.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
    sloppy = paper.lower().replace("0", "o").replace("1 ", "1 ").replace("-", " ")
    assert read_share(wide) == letter
    assert read_share(sloppy.replace("\n", "\r\n")) == letter
    assert read_share("\n".join(reversed(paper.splitlines()))) == letter


@settings(max_examples=50)
@given(st.data())
def test_a_slip_of_the_finger_is_told_by_its_line(data: st.DataObject) -> None:
    paper, _ = a_paper()
    lines = paper.splitlines()
    at = data.draw(st.integers(0, 7))
    place = data.draw(
        st.sampled_from([n for n, letter in enumerate(lines[at]) if n > 2 and letter.isalnum()])
    )
    letter = data.draw(
        st.sampled_from([one for one in "0123456789ABCDEFGHJKMNPQRSTVWXYZ" if one != lines[at][place]])
    )
    lines[at] = lines[at][:place] + letter + lines[at][place + 1 :]
    with pytest.raises(RefusedError) as refused:
        read_share("\n".join(lines))
    assert (refused.value.code, refused.value.facts) == ("bundle.share", {"line": at + 1})


FIFTH = "C5QQMVVJC4PQ6T3FWK9X"  # a fifth line as it may stand on a paper
SWAPPED = [place for place in range(19) if FIFTH[place] != FIFTH[place + 1]]


@pytest.mark.parametrize("place", range(20))
def test_a_slip_of_one_letter_is_told_by_its_group(place: int) -> None:
    slip = "7" if FIFTH[place] != "7" else "8"
    assert wrong_group(5, FIFTH[:place] + slip + FIFTH[place + 1 :]) == place // 4 + 1


@pytest.mark.parametrize("place", SWAPPED)
def test_two_letters_in_each_others_place_are_told_by_their_group(place: int) -> None:
    swapped = FIFTH[:place] + FIFTH[place + 1] + FIFTH[place] + FIFTH[place + 2 :]
    assert wrong_group(5, swapped) == place // 4 + 1


def test_a_right_line_and_one_of_several_slips_name_no_group() -> None:
    assert wrong_group(5, FIFTH) == 0
    assert wrong_group(5, "7" * 20) == 0


def test_a_letter_no_share_has_is_told_before_the_line_is_whole() -> None:
    assert wrong_group(1, "ABCD EFG!") == 2
    assert wrong_group(1, "ABCD EFG") == 0  # as far as it goes, nothing is wrong
    assert wrong_group(1, "ABCD " * 5 + "!") == 5
    assert letters_typed("ａｂｃｄ－12 3") == 7


def test_two_lines_in_each_others_place_and_a_missing_one_are_told() -> None:
    lines = a_paper()[0].splitlines()
    swapped = [lines[0], "2" + lines[2][1:], "3" + lines[1][1:], *lines[3:]]
    for wrong, line in ((swapped, 2), (lines[:4] + lines[5:], 5), ([], 1)):
        with pytest.raises(RefusedError) as refused:
            read_share("\n".join(wrong))
        assert refused.value.facts == {"line": line}


def test_a_share_is_not_shown_by_accident() -> None:
    assert "secret" not in repr(Share(1, b"secret"))
