"""``serve``: synthetic towns over https, made at the first start."""

import argparse
import re
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.clock import day_in_tokyo, utc_now
from cloud.contract import Row

if TYPE_CHECKING:
    from cloud.tenants import Tenants

DEFAULT_RESIDENTS = 10_000
DEFAULT_SEED = 1
_LAST_PORT = 65_535


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the verb."""
    serve = verbs.add_parser("serve", help="serve synthetic towns over https")
    serve.add_argument("--data", type=Path, required=True, metavar="DIR", help="where everything is kept")
    serve.add_argument("--residents", type=int, default=DEFAULT_RESIDENTS, help="of a new town")
    serve.add_argument("--seed", type=int, default=DEFAULT_SEED, help="of a new town")
    serve.add_argument(
        "--town",
        action="append",
        default=[],
        type=_code,
        metavar="CODE",
        help="one more town beside the first; may come again",
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on, named in the certificate")
    serve.add_argument("--port", type=_port, default=0, help="0 takes a free one")
    serve.add_argument("--ready", type=Path, metavar="FILE", help="written (JSON) once it answers")
    serve.add_argument(
        "--url", metavar="DATABASE_URL", help="PostgreSQL; else MADOGUCHI_CLOUD_URL, else DIR/cloud.db"
    )
    serve.add_argument(
        "--snapshot-days", type=float, default=3.0, help="how long a superseded snapshot is kept"
    )
    serve.add_argument(
        "--proxy-secret",
        type=Path,
        metavar="FILE",
        help="behind a proxy that sends this secret (docs/nginx/)",
    )
    serve.add_argument("--training", action="store_true", help="allow faults by /training/v1")
    serve.add_argument(
        "--until-eof", action="store_true", help="end when standard input does: with its parent"
    )
    serve.set_defaults(run=run)


def _code(text: str) -> str:
    if not re.fullmatch("[0-9]{6}", text):
        raise argparse.ArgumentTypeError("a municipality has a code of six digits")
    return text


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to {_LAST_PORT}")
    return number


def run(chosen: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from cloud.proxy import Proxy
    from cloud.serve import Place, serve  # the short verbs need no web server
    from cloud.tenants import Tenants
    from cloud.town.addresses import CODE

    if chosen.ready is not None:
        chosen.ready.unlink(missing_ok=True)
    towns = Tenants(chosen.data, chosen.url)
    try:
        told = [_opened(towns, chosen, code) for code in dict.fromkeys((CODE, *chosen.town))]
        towns.open_all()
        base = {
            "database": towns.engine.url.render_as_string(hide_password=True),
            "data": str(chosen.data.resolve()),
        }
        proxy = chosen.proxy_secret and Proxy(chosen.proxy_secret.read_text("ascii").strip())
        place = Place(chosen.host, chosen.port, chosen.ready, chosen.training, base, told, proxy)
        serve(towns, place, until=sys.stdin.buffer if chosen.until_eof else None)
    finally:
        towns.close()
    return 0


def _opened(towns: "Tenants", chosen: argparse.Namespace, code: str) -> dict[str, object]:
    """Open one town, making it where it is new; returns what is told of it."""
    from cloud.town import generate
    from cloud.town.addresses import CODE
    from cloud.training import open_training_file

    folder = chosen.data if code == CODE else towns.folder_of(code)
    training = open_training_file(folder, chosen.residents, chosen.seed)
    facts = training.facts

    def town() -> Iterable[tuple[str, Row]]:
        print(f"making a town of {facts.residents} residents", flush=True)
        return generate(facts.residents, facts.seed, day_in_tokyo(utc_now()), code)

    staff = [person.new() for person in facts.staff]
    tenant = towns.open(code, town=town, staff=staff, progress=lambda words: print(words, flush=True))
    tenant.snapshots.kept_for = timedelta(days=chosen.snapshot_days)
    with tenant.register.reading() as connection:
        row = tenant.register.row(connection, "town", (code,)) or {}
    return {
        "municipality": {name: row.get(name, "") for name in ("code", "name", "prefecture")},
        "enrolment_tokens": training.top_up(tenant.terminals),
        "staff": facts.staff,
        "office_token": tenant.keys.office_token,
        "place_readings_file": _readings_in(folder),
    }


def _readings_in(folder: Path) -> str:
    """Write the readings of the towns' 町字 as a terminal takes them; returns where."""
    from cloud.town.addresses import readings

    path = (folder / "place-readings.csv").resolve()
    lines = ("町字名,読み", *(f"{name},{kana}" for name, kana in readings()))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    return str(path)
