"""``madoguchi-training``: the reference cloud as a program. ``serve``, ``code STAFF_ID``, ``token``."""

import argparse
import base64
import logging
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from cloud.clock import day_in_tokyo, utc_now
from cloud.contract import Row

if TYPE_CHECKING:
    from cloud.tenant import Tenant

DEFAULT_RESIDENTS = 10_000
DEFAULT_SEED = 1


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; returns the exit code: 0 done, 1 cannot, 2 wrong use."""
    chosen = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    verb = {"serve": _serve, "code": _code, "token": _token}[chosen.verb]
    try:
        return verb(chosen)
    except OSError as error:
        print(f"madoguchi-training: {error.strerror or error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="madoguchi-training", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    serve = verbs.add_parser("serve", help="serve a synthetic town over https")
    serve.add_argument("--data", type=Path, required=True, metavar="DIR", help="where everything is kept")
    serve.add_argument("--residents", type=int, default=DEFAULT_RESIDENTS, help="of a new town")
    serve.add_argument("--seed", type=int, default=DEFAULT_SEED, help="of a new town")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on, named in the certificate")
    serve.add_argument("--port", type=int, default=0, help="0 takes a free one")
    serve.add_argument("--ready", type=Path, metavar="FILE", help="written (JSON) once it answers")
    serve.add_argument("--url", metavar="DATABASE_URL", help="PostgreSQL instead of DIR/cloud.db")
    serve.add_argument("--training", action="store_true", help="allow faults by /training/v1")
    serve.add_argument(
        "--until-eof", action="store_true", help="end when standard input does: with its parent"
    )
    code = verbs.add_parser("code", help="print the present sign-in code of a training member of staff")
    code.add_argument("staff_id")
    code.add_argument("--ready", type=Path, required=True, metavar="FILE")
    token = verbs.add_parser("token", help="print a new token that enrols one terminal")
    token.add_argument("--data", type=Path, required=True, metavar="DIR")
    token.add_argument("--url", metavar="DATABASE_URL")
    return parser


def _serve(chosen: argparse.Namespace) -> int:
    from cloud.serve import Place, serve  # the two short verbs need no web server
    from cloud.tenant import open_tenant
    from cloud.town import generate
    from cloud.town.addresses import CODE
    from cloud.training import open_training_file

    if chosen.ready is not None:
        chosen.ready.unlink(missing_ok=True)
    training = open_training_file(chosen.data, chosen.residents, chosen.seed)
    facts = training.facts

    def town() -> Iterable[tuple[str, Row]]:
        print(f"making a town of {facts.residents} residents", flush=True)
        return generate(facts.residents, facts.seed, day_in_tokyo(utc_now()))

    tenant = open_tenant(
        chosen.data,
        CODE,
        town=town,
        staff=[person.new() for person in facts.staff],
        url=chosen.url,
        progress=lambda words: print(words, flush=True),
    )
    try:
        told: dict[str, object] = {
            "municipality": _municipality(tenant),
            "enrolment_tokens": training.top_up(tenant.terminals),
            "staff": facts.staff,
            "office_token": tenant.keys.office_token,
            "database": tenant.engine.url.render_as_string(hide_password=True),
            "data": str(chosen.data.resolve()),
        }
        place = Place(chosen.host, chosen.port, chosen.ready, chosen.training, told)
        serve(tenant, place, until=sys.stdin.buffer if chosen.until_eof else None)
    finally:
        tenant.close()
    return 0


def _municipality(tenant: "Tenant") -> dict[str, object]:
    with tenant.register.reading() as connection:
        town = tenant.register.row(connection, "town", (tenant.municipality,)) or {}
    return {name: town.get(name, "") for name in ("code", "name", "prefecture")}


def _code(chosen: argparse.Namespace) -> int:
    from cloud.totp import code_at, step_at

    told = msgspec.json.decode(chosen.ready.read_bytes())
    for person in told["staff"]:
        if person["staff_id"] == chosen.staff_id:
            print(code_at(base64.b32decode(person["totp_seed"]), step_at(utc_now())))
            return 0
    print(f"madoguchi-training: nobody is called {chosen.staff_id}", file=sys.stderr)
    return 1


def _token(chosen: argparse.Namespace) -> int:
    from cloud.tenant import open_tenant
    from cloud.town.addresses import CODE
    from cloud.training import open_training_file

    if not (chosen.data / "training.json").exists():
        print("madoguchi-training: no town there yet; serve it once", file=sys.stderr)
        return 1
    training = open_training_file(chosen.data, 0, 0)
    tenant = open_tenant(chosen.data, CODE, town=lambda: (), url=chosen.url)
    try:
        token = tenant.terminals.new_token()
        training.facts.tokens.append(token)
        training.save()
    finally:
        tenant.close()
    print(token)
    return 0


if __name__ == "__main__":
    sys.exit(main())
