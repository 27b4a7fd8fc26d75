"""Play the main job, or a drill, through the real windows; exit code 0 only if all of it held.

    play.py --out DIR [--plays killed,stopped,dropped] [--without STEP] [--residents N]
    play.py --out DIR --drill cut

Leaves numbered pictures, the papers and summary.json in DIR. The verdict on the main job is the auditor's.
"""

import argparse
import asyncio
import os
import shutil
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from client.config import Config
from tests.journeys.clerk import Played, common_arguments
from tests.journeys.drill_play import DrillPlay, open_drill
from tests.journeys.gestures import NotShownError
from tests.journeys.judge import audit
from tests.journeys.main_job import PLAYS, MainJob
from tests.journeys.training_cloud import OwnHost, TrainingCloud, can_have_own_host

if TYPE_CHECKING:
    from ui.assembly import Counter
    from ui.window import Driver

OURS = ("screens", "papers", "state", "summary.json", "baseline.json")


def main() -> int:
    """Play, and let the auditor judge."""
    options = asked()
    clear(options)
    played = Played(options.out)
    ok = False
    try:
        ok = play_drill(played, options) if options.drill else play_main_job(played, options)
    finally:
        played.write(ok=ok)
    print(
        f"[play] {'all of it held' if ok else 'it did NOT hold'}; see {options.out / 'summary.json'}",
        flush=True,
    )
    return 0 if ok else 1


def play_main_job(played: Played, options: argparse.Namespace) -> bool:
    """Play the main job against a cloud on a host of its own, where root allows one."""
    with ExitStack() as stack:
        host = stack.enter_context(OwnHost()) if can_have_own_host() else None
        if host is None and "dropped" in options.plays:
            options.plays = tuple(play for play in options.plays if play != "dropped")
            print("[play] no root here: the play with dropped packets is left out", flush=True)
        cloud = TrainingCloud(played.out / "state" / "cloud", residents=options.residents, host=host)
        stack.callback(cloud.close)
        asyncio.run(cloud.start())
        plays = options.plays
        audit("baseline", cloud.database, played.out, plays)
        code = open_with_player(cloud, played, options)
        played.write(ok=code == 0)
        return audit("after", cloud.database, played.out, plays) == 0 and code == 0


def play_drill(played: Played, options: argparse.Namespace) -> bool:
    """Play a drill as a clerk would; the report is on paper at the end."""
    return (
        open_drill(played, options.drill, lambda counter, cloud: driven(DrillPlay(counter, cloud, played)))
        == 0
    )


def open_with_player(cloud: TrainingCloud, played: Played, options: argparse.Namespace) -> int:
    """Open the counter with the player at its keys."""
    from ui.window import open_counter  # Qt only now: the platform is chosen below

    token = played.out / "state" / "token"
    token.write_text(cloud.ready["enrolment_tokens"][0], "utf-8")
    config = Config(
        data_dir=played.out / "state" / "terminal",
        environment="trial",
        cloud_url=cloud.ready["url"],
        ca_file=cloud.ready["ca_file"],
        terminal_name="本庁1",
        printer_uri=f"file:{(played.out / 'papers').resolve()}",
        printer_name="プリンタ001",
        training_hint=str(cloud.ready_file),
        place_readings_file=cloud.ready["place_readings_file"],
        enrolment_token_file=str(token),
        sync_seconds=2,
        theme="light",
    )

    async def driver(counter: "Counter") -> int:
        return await driven(MainJob(counter, cloud, played, options))

    hands: Driver = driver
    return open_counter(config, driver=hands)


async def driven(clerk: "MainJob | DrillPlay") -> int:
    """Let a clerk play; what does not appear ends the play, with its name."""
    try:
        await clerk.play()
    except (NotShownError, OSError, RuntimeError) as trouble:
        print(f"[play] not shown: {trouble}", flush=True)
        return 1
    return 0


def clear(options: argparse.Namespace) -> None:
    """Put away what an earlier play left, and nothing else."""
    for name in OURS:
        path = options.out / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    options.out.mkdir(parents=True, exist_ok=True)


def asked() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    common_arguments(parser)
    parser.add_argument("--plays", type=lambda text: tuple(text.split(",")), default=PLAYS)
    parser.add_argument("--residents", type=int, default=10_000)
    parser.add_argument("--drill", default="", help="play this drill instead of the main job")
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.exit(main())
