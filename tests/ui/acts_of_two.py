"""The acts of two over a world."""

from datetime import timedelta

from client.jobs.declare_deputy import DeclareDeputy
from client.jobs.declare_disaster import DeclareDisaster
from client.jobs.let_in import LetIn
from tests.ui.world import World


def let_in(world: World) -> LetIn:
    """Return how two let a third in."""
    return LetIn(
        world.jobs.log_in,
        world.keys,
        world.staff,
        world.ledger,
        now=world.clock,
        random=lambda count: bytes(range(count)),
        longest=timedelta(days=1),
    )


def deputy(world: World) -> DeclareDeputy:
    """Return how two declare a deputy."""
    return DeclareDeputy(
        world.jobs.log_in,
        world.keys,
        world.deputies,
        world.ledger,
        world.replica,
        now=world.clock,
        on_line=lambda: world.link.usable,
        missing=lambda _text: (),
        longest=7,
    )


def declare(world: World) -> DeclareDisaster:
    """Return how two declare a disaster."""
    return DeclareDisaster(
        world.jobs.log_in,
        world.keys,
        world.declarations,
        world.ledger,
        now=world.clock,
        on_line=lambda: world.link.usable,
        last=timedelta(days=7),
        most=timedelta(days=7),
    )
