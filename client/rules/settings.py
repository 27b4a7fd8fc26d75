"""What makes a Config unusable: each check, and the words for whoever set it."""

from __future__ import annotations

import re
import sys
from dataclasses import fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from client.config import Config

_ADDRESS = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):[0-9]{1,5}")


class ConfigError(ValueError):
    """A setting cannot be used: which one, where it was found, and what would be right."""


def guard(config: Config) -> None:
    """Check what the settings say together and alone. ConfigError names the setting and what would be right."""
    if config.drill and config.environment != "training":
        raise ConfigError("drill: only in the training environment")
    if config.environment == "production":
        _guard_what_is_real(config)
    _guard_lines(config)
    if config.client_certificate == "memfd" and on_windows():
        raise ConfigError("client_certificate: memfd is only on Linux")
    if config.device_key == "tpm" and on_windows():
        raise ConfigError("device_key: tpm is only on Linux")
    _guard_pcrs(config)
    _guard_addresses(config)
    if 0 < config.book_keep_days < config.book_keep_least_days + 7:
        raise ConfigError(
            f"book_keep_days = {config.book_keep_days}: at least {config.book_keep_least_days + 7}, a week more than"
            " book_keep_least_days; 0 keeps all"
        )
    config.days("open_days")
    config.days("closed_days")
    for declared in fields(config):
        low_high = declared.metadata.get("range")
        value = getattr(config, declared.name)
        if low_high and not low_high[0] <= value <= low_high[1]:
            raise ConfigError(f"{declared.name} = {value}: must be {low_high[0]} to {low_high[1]}")


def _guard_what_is_real(config: Config) -> None:
    if config.training_hint:
        raise ConfigError("training_hint: not in production")
    if config.printer_uri.startswith("file:") and not config.allow_pdf_files:
        raise ConfigError(
            "printer_uri: file: writes papers unencrypted; set allow_pdf_files = true to allow it"
        )


def _guard_lines(config: Config) -> None:
    for name in ("second_url", "mobile_url"):
        address = getattr(config, name)
        if address and not address.startswith("https://"):
            raise ConfigError(f"{name} = {address}: must begin with https://")
    if wrong := set(config.metered_lines.split()) - {"second", "mobile"}:
        raise ConfigError(f"metered_lines = {' '.join(sorted(wrong))}: second or mobile")


def _guard_pcrs(config: Config) -> None:
    words = config.tpm_pcrs.split()
    if not all(word.isascii() and word.isdigit() and int(word) <= 23 for word in words):
        raise ConfigError(f"tpm_pcrs = {config.tpm_pcrs}: numbers from 0 to 23")


def _guard_addresses(config: Config) -> None:
    for name in ("neighbours", "serve_neighbours"):
        for address in filter(None, getattr(config, name).split(",")):
            if not _ADDRESS.fullmatch(address.strip()):
                raise ConfigError(f"{name} = {address}: must be host:port")
    if config.serve_neighbours.count(","):
        raise ConfigError("serve_neighbours: one host:port")
    bare = config.hall_url.removeprefix("https://").rstrip("/")
    if config.hall_url and (bare == config.hall_url or not _ADDRESS.fullmatch(bare)):
        raise ConfigError(f"hall_url = {config.hall_url}: must be https://host:port")


def on_windows() -> bool:
    """Tell whether this PC runs Windows."""
    return sys.platform == "win32"
