"""Names of services and of calls: what health, faults and the contract mean by them is the same."""

import pytest

from cloud.operations import operations
from cloud.service_names import SERVICES, service_of, split_town
from tests.cloud import contract_reader


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/v1/residents/search", "residents"),
        ("/990001/v1/residents/1000000014/household", "residents"),
        ("/v1/restrictions", "residents"),
        ("/v1/residents/1000000014/tax", "tax"),
        ("/v1/residents/1000000014/nhi", "nhi"),
        ("/v1/payers/search", "residents"),
        ("/v1/eligibility", "certificates"),
        ("/v1/forms/juminhyo_copy", "certificates"),
        ("/990001/v1/commands", "commands"),
        ("/v1/feeds/register/digest", "feeds"),
        ("/v1/snapshot", "snapshots"),
        ("/v1/snapshot/chunks/00", "snapshots"),
        ("/v1/sessions/current", "sessions"),
        ("/v1/clock", None),
        ("/v1/health", None),
        ("/v1/taxi", None),
        ("/office/v1/intakes", None),
        ("/training/v1/faults", None),
    ],
)
def test_a_call_belongs_to_one_service_or_to_none(path: str, service: str | None) -> None:
    assert service_of(path) == service
    assert service is None or service in SERVICES


def test_a_municipality_stands_before_the_path_or_not_at_all() -> None:
    assert split_town("/990001/v1/clock") == ("990001", "/v1/clock")
    assert split_town("/v1/clock") == ("", "/v1/clock")
    assert split_town("/99/v1/clock") == ("", "/99/v1/clock")


def test_every_call_of_the_contract_is_known_by_its_name() -> None:
    written = {operation["operationId"]: key for key, operation in contract_reader.operations().items()}
    assert {name: (one.method, one.path) for name, one in operations().items()} == written


def test_a_call_is_known_by_method_and_path() -> None:
    ask = operations()["commandAnswer"]
    assert ask.fits("GET", "/v1/commands/019a9f6e")
    assert not ask.fits("POST", "/v1/commands/019a9f6e")
    assert not ask.fits("GET", "/v1/commands")
    assert not ask.fits("GET", "/v1/commands/a/b")
