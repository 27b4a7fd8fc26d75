"""How each service of the cloud is: what it stands on is asked, nothing is assumed."""

import time
from typing import Literal

import sqlalchemy as sa

from cloud.service_names import SERVICES

_SLOW_S = 0.5
State = Literal["ok", "slow", "down"]


def health_of(engine: sa.Engine) -> dict[str, State]:
    """Return the state of every service; all of them stand on one database."""
    began = time.monotonic()
    try:
        with engine.connect() as connection:
            connection.execute(sa.select(1)).scalar_one()
    except sa.exc.SQLAlchemyError:
        return dict.fromkeys(SERVICES, "down")
    slow = time.monotonic() - began > _SLOW_S
    return dict.fromkeys(SERVICES, "slow" if slow else "ok")
