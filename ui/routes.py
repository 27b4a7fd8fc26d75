"""Settings → up-links: the main one, and those beside it that are set."""

from client.config import Config
from client.domain.uplink import Route, Uplink


def more_routes(config: Config, main_url: str) -> tuple[Route, ...]:
    """Return the up-links beside the main one, best first. One without an address of its own leads to the main one's."""
    metered = frozenset(config.metered_lines.split())
    set_ones = (
        (Uplink.SECOND, config.second_url, config.second_proxy, config.second_ca_file),
        (Uplink.MOBILE, config.mobile_url, config.mobile_proxy, config.mobile_ca_file),
    )
    return tuple(
        Route(uplink, url or main_url, proxy, ca_file or config.ca_file, uplink.value in metered)
        for uplink, url, proxy, ca_file in set_ones
        if url or proxy
    )
