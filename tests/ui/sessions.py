"""The cloud's sign-in, as screens meet it."""

from dataclasses import dataclass, replace

from client.domain.clerk import ITEMS, CloudSignIn, Right, SignIn
from client.domain.errors import LinkDownError, SignInNeededError
from tests.fakes import MemoryLink


@dataclass
class Sessions:
    """ports.CloudSessions that knows two clerks with the same rights, one who sees no item, one who only receives."""

    sign_in_value: SignIn
    link: MemoryLink

    async def sign_in(self, staff_id: str, password: str, code: str) -> CloudSignIn:
        if not self.link.usable:
            raise LinkDownError("link.unreachable")
        if staff_id not in {"s001", "s002", "s003", "s004"} or password != "aozora" or len(code) != 6:
            raise SignInNeededError("sign_in.wrong_secret")
        clerk = replace(self.sign_in_value.clerk, staff_id=staff_id)
        if staff_id == "s003":
            clerk = replace(clerk, rights=clerk.rights - ITEMS - {Right.HONSEKI}, by_item=True)
        if staff_id == "s004":
            clerk = replace(clerk, rights=frozenset({Right.VIEW, Right.RECEIVE, Right.HONSEKI}))
        return CloudSignIn(replace(self.sign_in_value, clerk=clerk), b"seed", 1, b"deposit")

    async def renew(self, sign_in: SignIn) -> SignIn:
        return sign_in

    async def sign_out(self, sign_in: SignIn) -> None:
        return
