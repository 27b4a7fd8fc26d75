"""A bundle somebody brought, and what is said of it before anybody types a share. No toolkit."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from client.domain.bundle import Bundle, BundleKind
from client.domain.errors import RefusedError
from client.domain.feed import Feed, Position
from ui.clock import header_time, short_time
from ui.line_report import size_words
from ui.text import Words


@dataclass(frozen=True, slots=True)
class Carried:
    """A bundle somebody brought: what it says of itself, where the replica stands, and why it cannot be used, if so."""

    path: Path
    bundle: Bundle
    spoken: str
    stands: Position
    refused: RefusedError | None = None


def facts_of(
    carried: Carried, town: tuple[str, str], words: Words, now: datetime
) -> tuple[tuple[str, str], ...]:
    """Return what a bundle says of itself, line by line, and where this terminal, of a town by number and name, stands."""
    bundle, (code, name) = carried.bundle, town
    whose = name if bundle.municipality == code else words("carry.other_town")
    maker = words("carry.cloud") if bundle.signer.is_cloud else words("carry.terminal", no=bundle.made_by)
    return (
        (words("carry.town"), f"{whose}（{bundle.municipality}）"),
        (words("carry.made"), f"{header_time(bundle.made_at)}　{maker}"),
        (words("carry.kind"), words(f"carry.kind_{bundle.kind.value}")),
        (words("carry.versions"), _versions(bundle, words)),
        (words("carry.stands"), _stands(carried.stands, words, now)),
        (words("carry.size"), size_words(bundle.size)),
        (words("carry.spoken"), carried.spoken),
    )


def needs_of(carried: Carried, words: Words) -> str:
    """Return which bundle would do, where this one does not go on from here; empty where something else is wrong."""
    if carried.refused is None or carried.refused.code != "bundle.gap":
        return ""
    register, blocks = carried.stands.register, carried.stands.blocks
    if register is None or blocks is None:
        return " " + words("carry.needs_whole")
    return " " + words("carry.needs", register=register.version, blocks=blocks.version)


def _versions(bundle: Bundle, words: Words) -> str:
    register, blocks = bundle.spans[Feed.REGISTER], bundle.spans[Feed.BLOCKS]
    if bundle.kind is BundleKind.WHOLE:
        return words("carry.versions_whole", register=register.to, blocks=blocks.to)
    return words(
        "carry.versions_delta",
        register=register.to,
        blocks=blocks.to,
        register_after=register.after,
        blocks_after=blocks.after,
    )


def _stands(stands: Position, words: Words, now: datetime) -> str:
    if stands.register is None or stands.blocks is None:
        return words("carry.stands_nowhere")
    time = short_time(stands.register.at, now)
    return words("carry.stands_at", register=stands.register.version, blocks=stands.blocks.version, time=time)
