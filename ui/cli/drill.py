"""``madoguchi drill``: a training cloud, a terminal of it with its own files and numbers, and a drill ready to start."""

import argparse
import asyncio
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from zoneinfo import ZoneInfo

from client.config import Config
from client.domain.errors import RefusedError
from ui.config_file import Loaded
from ui.drill_plan import names
from ui.training_cloud import TrainingCloud


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Open the drill's own counter; returns its exit code. StoreError ``store.no_training``."""
    config = loaded.config
    if asked.name not in names():
        raise RefusedError("refused.input", field="drill")
    # Each drill has a folder of its own: nothing of it can reach another, or what is real (P13).
    folder = config.data_dir / "drills" / f"{datetime.now(ZoneInfo('Asia/Tokyo')):%Y%m%d-%H%M%S}"
    with TrainingCloud(folder / "cloud") as cloud:
        settings = drill_config(config, cloud, asked.name)
        try:
            import_module("ui.last_words").keep_names_out_of_qt()
            code: int = import_module("ui.window").open_counter(settings)
        finally:
            asyncio.run(put_away(settings))
    return code


async def put_away(config: Config) -> None:
    """Take a drill's secrets out of the keyring: its papers and report stay, its stores can be read by nobody."""
    vault = import_module("ui.vaults").vault_of(config)
    if vault.facts is not None:
        await vault.forget()


def drill_config(config: Config, cloud: TrainingCloud, name: str) -> Config:
    """Return the settings of a drill's terminal: nothing of the real one but its printer and its looks."""
    real_printer = config.printer_uri.startswith("ipp")
    return replace(
        config,
        data_dir=cloud.ready_file.parent.parent,
        environment="training",
        cloud_url=cloud.url,
        ca_file=cloud.ca_file,
        proxy="",
        municipality="",
        terminal_name="訓練1",
        printer_uri=config.printer_uri if real_printer else "file:papers",
        line_profile="mobile",
        training_hint=str(cloud.ready_file),
        place_readings_file=cloud.readings_file,
        enrolment_token_file=str(cloud.token_file),
        sync_seconds=5,
        drill=name,
    )
