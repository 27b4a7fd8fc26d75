"""What a town sets about the rules, as the rules take it."""

from client.config import Config
from client.rules import freshness


def limits_of(config: Config) -> freshness.Table:
    """Return how old the data of a paper may be."""
    return freshness.with_hours(
        register=(config.register_warn_hours, config.register_stop_hours, config.register_declared_hours),
        blocks=(config.blocks_warn_hours, config.blocks_stop_hours),
    )
