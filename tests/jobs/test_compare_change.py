"""What was taken in is read again beside the register only while somebody can say that nobody in it is protected (P08)."""

import pytest

from client.domain.change import ChangeKind, NewChange
from client.domain.errors import StoreError
from client.domain.resident import AtenaNo
from tests.builders import NOW
from tests.ui.world import PROTECTED, WATANABE, World

pytestmark = pytest.mark.asyncio


async def a_move(world: World, who: AtenaNo) -> str:
    payload = {"to": {"town": "本町", "banchi": "1", "katagaki": ""}}
    change = NewChange("K1", ChangeKind.TENKYO, (who,), {who: 1}, payload, NOW, "s001")
    return (await world.ledger.queue(change)).key


@pytest.mark.parametrize(("who", "sealed"), [(PROTECTED, True), (WATANABE, False)])
@pytest.mark.parametrize("offline", [False, True])
async def test_what_is_about_a_protected_person_is_sealed_on_line_and_off(
    who: AtenaNo, *, sealed: bool, offline: bool
) -> None:
    world = World()
    key = await a_move(world, who)
    if offline:
        world.cut()
    assert (await world.jobs.compare(world.sign_in, key)).sealed is sealed


@pytest.mark.parametrize("code", ["store.damaged_replica", "store.not_filled", "store.unreadable"])
async def test_where_nobody_can_say_it_is_sealed_too(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    world = World()
    key = await a_move(world, WATANABE)
    world.cut()

    async def damaged(*_: object) -> None:
        raise StoreError(code)

    monkeypatch.setattr(world.replica, "restrictions_of", damaged)
    told = await world.jobs.compare(world.sign_in, key)
    assert (told.sealed, told.people, told.household) == (True, (), None)
