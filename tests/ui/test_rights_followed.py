"""Rights that change while a clerk is signed in: the renewal tells them, and the screens go by them within a second."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

from client.domain.clerk import Right
from tests.ui.drive import Counter
from tests.ui.test_models import WORDS
from ui.background import Background

Drive = Callable[..., None]


class Present:
    """The job of signing in, as far as the screens follow it: who is here now."""

    def __init__(self, present: object) -> None:
        self.present = present
        self.has_session = True


def test_a_right_taken_by_the_town_is_gone_from_the_screen_with_the_next_renewal(drive: Drive) -> None:
    async def play(counter: Counter) -> None:
        await counter.sign_in()
        await counter.open_resident("わたなべ あん")
        face, here = counter.face, counter.face.present_clerk
        assert here is not None
        assert WORDS("resident.nationality") in dict(face.counter.details())
        nobody = cast(Any, None)  # neither asked nor called here
        log_in = Present(replace(here, access_token="renewed"))
        background = Background(
            watch=nobody,
            log_in=cast(Any, log_in),
            face=face,
            rounds=nobody,
            reporter=nobody,
            now=counter.world.clock,
            idle=timedelta(hours=1),
            copied=nobody,
            tell_hint=nobody,
        )
        background._follow_rights()
        assert face.present_clerk is here  # the same rights under a new token are nothing to tell
        less = replace(here.clerk, rights=here.clerk.rights - {Right.ZAIRYU}, by_item=True)
        log_in.present = replace(here, clerk=less)
        background._follow_rights()
        assert WORDS("resident.nationality") not in dict(face.counter.details())
        await counter.quiet()
        assert face.counter.view is not None
        assert all(one.foreign is None for one in face.counter.view.household.members)
        log_in.present = replace(here, clerk=replace(here.clerk, staff_id="s002"))
        background._follow_rights()
        assert face.present_clerk is not None
        assert face.present_clerk.clerk == less  # nobody takes another's place by a renewal

    drive(play)
