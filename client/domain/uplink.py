"""The ways to the cloud a terminal may have, best first, and where each leads.

A hall server is none of them: it is asked in parcels (``client/api/neighbours.py``) and answers for nobody.
"""

from dataclasses import dataclass
from enum import Enum


class Uplink(Enum):
    """An up-link; the order is the order of choice. Behind the last one there is only the own replica."""

    MAIN = "main"
    SECOND = "second"
    MOBILE = "mobile"


@dataclass(frozen=True, slots=True)
class Route:
    """An up-link as it is set: address, proxy, authority, and whether it is paid by the byte.

    Without an authority of its own the operating system's trust store decides.
    """

    uplink: Uplink
    url: str
    proxy: str = ""
    ca_file: str = ""
    metered: bool = False
