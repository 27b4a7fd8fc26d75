"""Settings: declared, not gathered."""

from dataclasses import fields
from pathlib import Path

import pytest

from client.config import Config
from client.rules.settings import ConfigError
from ui.config_file import load, sample


def test_later_sources_win_and_each_value_names_its_own(tmp_path: Path) -> None:
    first, second = tmp_path / "a.toml", tmp_path / "b.toml"
    first.write_text('cloud_url = "https://a"\nterminal_name = "窓口2"\n', "utf-8")
    second.write_text('cloud_url = "https://b"\n', "utf-8")
    loaded = load({"MADOGUCHI_SYNC_SECONDS": "30", "MADOGUCHI_DATA_DIR": "/x"}, (first, second))
    assert (loaded.config.cloud_url, loaded.config.terminal_name, loaded.config.sync_seconds) == (
        "https://b",
        "窓口2",
        30,
    )
    assert loaded.sources["cloud_url"] == str(second)
    assert loaded.sources["sync_seconds"] == "MADOGUCHI_SYNC_SECONDS"
    assert loaded.sources["theme"] == "default"


def test_an_unknown_name_is_an_error_that_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'cloud_url'"):
        load({"MADOGUCHI_CLOUD_ULR": "https://a"}, ())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("THEME", "blue"),
        ("TEXT_PERCENT", "50"),
        ("IDLE_LOCK_MINUTES", "many"),
        ("SHOW_AS_OF_OFFLINE", "perhaps"),
        ("ENVIRONMENT", "test"),
        ("OPEN_DAYS", "tomorrow"),
        ("NIGHT_FROM", "24"),
        ("BOOK_KEEP_LEAST_DAYS", "364"),
        ("BOOK_KEEP_DAYS", "1101"),
        ("SECOND_URL", "http://10.0.0.2/990001"),
        ("HALL_URL", "hall"),
        ("METERED_LINES", "mobile main"),
        ("METERED_DELTAS", "never"),
    ],
)
def test_a_value_that_cannot_be_is_an_error_that_names_the_setting(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name.lower()):
        load({f"MADOGUCHI_{name}": value, "MADOGUCHI_DATA_DIR": "/x"}, ())


def test_a_file_that_is_no_toml_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "c.toml"
    broken.write_text("= =", "utf-8")
    with pytest.raises(ConfigError, match=r"c\.toml"):
        load({}, (broken,))


def test_the_sample_has_every_setting_with_its_sentence_and_can_be_read(tmp_path: Path) -> None:
    text = sample()
    for one in fields(Config):
        assert f"# {one.name} = " in text
        assert str(one.metadata["doc"]).endswith(".")
    uncommented = "\n".join(line.removeprefix("# ") for line in text.splitlines() if " = " in line)
    path = tmp_path / "sample.toml"
    path.write_text(uncommented, "utf-8")
    assert load({}, (path,)).config.cloud_url == ""


def test_production_shows_no_training_sign_in_and_writes_no_paper_in_the_clear_unless_told_to() -> None:
    with pytest.raises(ConfigError, match="training_hint"):
        Config(training_hint="/somewhere/ready.json")
    with pytest.raises(ConfigError, match="allow_pdf_files"):
        Config(printer_uri="file:papers")
    assert Config(printer_uri="file:papers", allow_pdf_files=True).printer_uri == "file:papers"
    assert Config(environment="trial", printer_uri="file:papers", training_hint="x").training is False


def test_by_itself_a_counter_has_no_printer() -> None:
    assert Config().printer_uri == ""
