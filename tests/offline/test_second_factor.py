"""The second factor as a wrap names it."""

import base64
import json
from pathlib import Path

import pytest

from client.domain.errors import StoreError
from offline.store.wraps import Place, wrap_info
from tests.builders import NOW
from tests.offline.vault_builders import PASSWORD, enrolled, said, seal_by_hand, with_clerk
from tests.store_builders import cloud_sign_in


@pytest.mark.asyncio
async def test_a_wrap_names_its_second_factor_and_has_a_place_for_a_card(tmp_path: Path) -> None:
    await with_clerk(tmp_path)
    (wrap,) = json.loads((tmp_path / "wraps.json").read_bytes())["staff"]
    assert (wrap["factor"], wrap["card"]) == ("totp", "")


@pytest.mark.asyncio
async def test_the_factor_and_the_card_are_bound_into_the_wrap(tmp_path: Path) -> None:
    place, words = Place("992011", "0007"), ("s001", 1)
    infos = {
        wrap_info(place, *words, factor=factor, card=card)
        for factor in ("totp", "card")
        for card in (b"", b"\0", b"a card")
    }
    assert len(infos) == 6
    vault = await with_clerk(tmp_path)
    path = tmp_path / "wraps.json"
    book = json.loads(path.read_bytes())
    book["staff"][0]["card"] = base64.b64encode(b"a card").decode()
    seal_by_hand(path, book, vault)
    assert await said(vault, NOW) == "sign_in.wrong_secret"


@pytest.mark.asyncio
@pytest.mark.parametrize("factor", ["fido2", "", "none"])
async def test_a_factor_this_program_does_not_know_lets_nobody_in(tmp_path: Path, factor: str) -> None:
    vault, deposit = await enrolled(tmp_path)
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    path = tmp_path / "wraps.json"
    book = json.loads(path.read_bytes())
    book["staff"][0]["factor"] = factor
    seal_by_hand(path, book, vault)
    assert await said(vault, NOW) == "store.newer"
    with pytest.raises(StoreError, match="no_keys"):  # nor does signing in on line take the keys out of it
        await vault.admit(cloud_sign_in(b""), PASSWORD, now=NOW)
    await vault.admit(cloud_sign_in(deposit), PASSWORD, now=NOW)
    assert await said(vault, NOW) == "in"
