"""What a town sets about the rules, as the rules take it."""

from datetime import timedelta

from client.config import Config
from client.rules import freshness


def limits_of(config: Config) -> freshness.Table:
    """Return how old the data of a paper may be, and from which age on it is 本人's alone."""
    hours = config.self_only_hours
    since = freshness.ALWAYS if config.shelter else timedelta(hours=hours) if hours else None
    return freshness.with_hours(
        register=(config.register_warn_hours, config.register_stop_hours, config.register_declared_hours),
        blocks=(config.blocks_warn_hours, config.blocks_stop_hours),
        self_only_after=since,
    )
