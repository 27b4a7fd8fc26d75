"""The training town comes with readings of its 町字, in a file a terminal takes as it is; each of its towns has one."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cloud import database, storage
from tests.cloud.test_cloud_served import Program
from ui.place_readings import read_file

pytestmark = [pytest.mark.long, pytest.mark.asyncio]
_CHOME = re.compile("[一二三四五六七八九]丁目$")


def towns_of(url: str) -> Iterator[str]:
    with database.reading(database.open_engine(url)) as connection:
        column = storage.rows["resident"].c.address_town
        for text in connection.execute(sa.select(column).distinct()).scalars():
            if text and text.startswith("みどり県あおぞら市"):
                yield _CHOME.sub("", text.removeprefix("みどり県あおぞら市"))


async def test_every_town_somebody_lives_in_is_found_by_its_kana(tmp_path: Path) -> None:
    program = Program(tmp_path)
    ready = await program.start()
    try:
        path = Path(ready["place_readings_file"])
        lived_in = set(towns_of(ready["database"]))
    finally:
        program.end(signal.SIGTERM)
    assert path.parent == (tmp_path / "data").resolve()
    told = read_file(str(path))
    assert told.bad_lines == ()
    assert len(lived_in) > 9
    assert lived_in <= {name for name, _ in told.readings}
    for typed in ("いず", "イズ", "ｲｽﾞ"):
        assert "泉" in told.named(typed)
    assert told.named("やまさき") == ("大字山﨑",)
