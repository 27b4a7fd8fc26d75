"""Synthetic towns: a seeded generator of everything a register of residents holds, invented from tables."""

from cloud.town.generator import generate
from cloud.town.story import STORY, Story

__all__ = ["STORY", "Story", "generate"]
