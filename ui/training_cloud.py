"""The training cloud beside a drill: the second program, started, waited for, and ended with the drill."""

import json
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

from client.domain.errors import StoreError

_PATIENCE = 120.0
_RESIDENTS = 2_000  # a small town is made in a second


def training_program() -> list[str]:
    """Return the words that start `madoguchi-training`. StoreError ``store.no_training`` where it is not installed."""
    if getattr(sys, "frozen", False):
        beside = Path(sys.executable).with_name("madoguchi-training").with_suffix(Path(sys.executable).suffix)
        if beside.exists():
            return [str(beside)]
    elif find_spec("cloud") is not None:
        return [sys.executable, "-P", "-m", "cloud"]
    raise StoreError("store.no_training")


class TrainingCloud:
    """One run of the training cloud on a folder of its own, on this machine only."""

    def __init__(self, folder: Path) -> None:
        self.ready_file = folder / "ready.json"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.ca_file = self.readings_file = ""
        self.token_file = folder / "token"

    def __enter__(self) -> "TrainingCloud":
        self._folder.mkdir(parents=True, exist_ok=True)
        words = [*training_program(), "serve", "--data", str(self._folder), "--training"]
        words += ["--residents", str(_RESIDENTS), "--ready", str(self.ready_file), "--until-eof"]
        with (self._folder / "cloud.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 our own program, no shell
                words,
                stdout=log,
                stderr=log,
                stdin=subprocess.PIPE,  # the pipe ends with this process, even killed
            )
        try:
            self._wait()
        except StoreError:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it: by the end of its pipe, which it answers on every system; by force where it does not."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _wait(self) -> None:
        until = time.monotonic() + _PATIENCE
        while not self.ready_file.exists():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > until:
                raise StoreError("store.no_training")
            time.sleep(0.05)
        ready = json.loads(self.ready_file.read_text("utf-8"))
        self.url, self.ca_file = ready["url"], ready["ca_file"]
        self.readings_file = str(ready.get("place_readings_file", ""))
        self.token_file.write_text(ready["enrolment_tokens"][0], "utf-8")
