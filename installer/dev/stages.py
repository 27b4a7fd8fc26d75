"""The stages: long tests of one subject each, and which of them a change calls for."""

import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LANDED_AT_ONCE = 8  # commits on the main line that may have landed together


@dataclass(frozen=True, slots=True)
class Stage:
    """A long test of one subject: the slow tests in tests/stages/<name>/, where there is one, and in ``also``.

    ``paths`` are those whose change calls for it; ``minutes`` no less than it takes on two cores that are
    the gate's alone; the gate leaves room for more.
    """

    name: str
    minutes: int
    paths: tuple[str, ...]
    also: tuple[str, ...] = ()
    root: bool = False
    apart: bool = False  # its tests need neither screen nor service, and no quiet machine: two run at once

    @property
    def where(self) -> tuple[str, ...]:
        """Return the folders of its tests."""
        own = f"tests/stages/{self.name}"
        return ((own,) if (ROOT / own).is_dir() else ()) + self.also


STAGES = (
    Stage("letters", 1, ("printing/", "client/domain/letters.py", "resources/fonts/")),
    Stage(
        "search",
        16,
        (
            *(
                f"offline/store/search{part}.py"
                for part in ("", "_index", "_key", "_line", "_memory", "_terms", "_tokens")
            ),
            *("offline/store/residents.py", "client/domain/letters.py", "client/domain/place_key.py"),
            *("client/domain/date_span.py", "tests/bench/search.py", "tests/bench/_crowd.py"),
            *("tests/bench/_search_asked.py", "tests/bench/_search_queries.py"),
        ),
        also=(
            "tests/offline/test_search.py",
            *(f"tests/offline/test_search_{part}.py" for part in ("in_a_city", "beside_the_cloud")),
            *(f"tests/cloud/test_cloud_search_{part}.py" for part in ("former_homes", "shelter")),
        ),
    ),
    Stage(
        "damage",
        11,
        (
            *(
                f"offline/store/{part}.py"
                for part in ("doubt", "losses", "mending", "salvage", "salvage_rows", "torn", "search_index")
            ),
        ),
        also=tuple(f"tests/offline/test_{part}.py" for part in ("damaged_index", "salvage", "torn")),
        apart=True,
    ),
    Stage(
        "town",
        2,
        ("cloud/town/", "tests/cloud/town_builders.py"),
        also=tuple(f"tests/cloud/test_town{part}.py" for part in ("", "_holdings", "_letters", "_shares")),
        apart=True,
    ),
    Stage(
        "load",
        6,
        ("offline/store/", "client/rules/digest.py", "client/api/sync.py", "tests/bench/replica_load.py"),
    ),
    Stage(
        "outbox",
        14,
        ("offline/store/", "client/rules/", "client/jobs/"),
        also=("tests/promises", "tests/cloud/test_cloud_faults_served.py"),
    ),
    Stage(
        "sync",
        7,
        ("client/rules/", "client/jobs/", "tests/replica_fakes.py", "tests/jobs/"),
        apart=True,
    ),
    Stage(
        "hall",
        4,
        (
            *(
                "offline/hall/",
                "ui/hall.py",
                "ui/cli/hall.py",
                "client/rules/peers.py",
                "client/rules/parcels.py",
            ),
            *("client/jobs/keep_hall.py", "client/api/neighbours.py", "cloud/peers.py", "cloud/parcels.py"),
        ),
    ),
    Stage(
        "thin",
        7,
        (
            *(f"client/api/{part}.py" for part in ("http", "parcels", "sync")),
            *(f"client/rules/{part}.py" for part in ("parcels", "sync", "sync_steps")),
            *(
                f"cloud/{part}.py"
                for part in ("differences", "feeds", "parcels", "routes/feeds", "snapshots", "serve")
            ),
            *(
                "client/jobs/sync_replica.py",
                "client/jobs/take_chunks.py",
                "client/jobs/reach.py",
                "client/api/certificates.py",
                "client/api/hall_first.py",
                "cloud/certificates.py",
                "offline/hall/answers.py",
                "tests/net/",
                *(f"tests/bench/{part}.py" for part in ("_house", "_issuing", "_terminal", "_town", "thin")),
            ),
        ),
        root=True,
    ),
    Stage(
        "contract",
        4,
        ("cloud/", "resources/contract/", "tests/cloud/contract_attack.py"),
        also=("tests/cloud/test_cloud_schemathesis.py",),
        apart=True,
    ),
    Stage(
        "look",
        15,
        ("ui/", "resources/text/", "resources/theme/", "tests/ui/"),
        also=("tests/ui/test_keyboard_only.py", "tests/ui/test_look.py"),
        apart=True,
    ),
    Stage(
        "screens",
        2,
        ("ui/", "cloud/office/", "tests/cloud/chromium.py"),
        also=("tests/ui/test_drill_beside.py", "tests/cloud/test_cloud_office_seen.py"),
    ),
    Stage(
        "drills",
        15,
        (
            "ui/",
            "client/jobs/",
            "client/rules/",
            "cloud/",
            "resources/drills/",
            "tests/journeys/",
            "tests/auditor/",
        ),
        also=("tests/journeys",),
    ),
    Stage(
        "leaks",
        14,
        (
            *(f"ui/{part}.py" for part in ("__main__", "background", "clipboard", "last_words", "no_core")),
            *("client/logs.py", "offline/store/door.py", "offline/store/files.py", "printing/desk/"),
            *("offline/store/freed.py", "ui/widgets/secret_field.py", "ui/screens/log_in/"),
            *("tests/leak_forms.py", "tests/leak_search.py", "tests/journeys/leaks.py"),
        ),
        also=("tests/ui/test_no_way_out.py",),
    ),
    Stage(
        "packages",
        20,
        (
            "installer/",
            "pyproject.toml",
            "resources/",
            "ui/cli/",
            "ui/training_cloud.py",
            "tests/offline/fixtures/",
        ),
        root=True,
    ),
)


def git(*words: str) -> list[str]:
    """Return the lines git prints, or none where it fails."""
    answer = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return answer.stdout.splitlines() if answer.returncode == 0 else []


def base_of_change() -> str | None:
    """Return the commit this line of work began at; None where that cannot be known.

    CI_BASE, where the runner says it; the main line, where this is a branch of it; else, on the main line itself, some
    commits back: what landed together is not marked, and too much tested is better than too little.
    """
    for name in filter(None, (os.environ.get("CI_BASE"), "origin/HEAD", "origin/main", "origin/master")):
        base = git("merge-base", "HEAD", name)
        if base and base != git("rev-parse", "HEAD"):
            return base[0]
    line = git("rev-list", "--first-parent", f"--max-count={LANDED_AT_ONCE + 1}", "HEAD")
    return line[-1] if len(line) > LANDED_AT_ONCE else None


def changed_paths() -> list[str] | None:
    """Return what differs from where this line of work began, uncommitted work included; None when not known."""
    base = base_of_change()
    if base is None:
        return None
    return git("diff", "--name-only", base) + git("ls-files", "--others", "--exclude-standard")


def called_for(stages: Iterable[Stage], changed: Sequence[str] | None) -> list[Stage]:
    """Return the stages whose paths, or whose own tests, changed; the shortest first, so that most find the time.

    None where what changed is not known (a line just begun, a shallow clone): all together take longer than the
    budget, so they are run by name, ``./test full STAGE``.
    """
    if changed is None:
        return []
    found = [
        stage
        for stage in stages
        if any(
            path.startswith((*stage.paths, *stage.also, f"tests/stages/{stage.name}/")) for path in changed
        )
    ]
    return sorted(found, key=lambda stage: stage.minutes)


def chosen_stages(words: Sequence[str]) -> list[Stage] | str:
    """Return the stages the caller asked for, or what is wrong with the question."""
    known = {stage.name: stage for stage in STAGES}
    unknown = [word for word in words if word not in known]
    if unknown:
        return f"no stage {', '.join(unknown)}; there are: {' '.join(known)}"
    return [known[word] for word in words]
