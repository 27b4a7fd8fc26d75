"""``madoguchi-training import``, ``export`` and ``layout``: a municipality comes and goes as files."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.clock import day_in_tokyo, utc_now

if TYPE_CHECKING:
    import sqlalchemy as sa

    from cloud.layout.items import Layout
    from cloud.layout.load import Delivery
    from cloud.register import Register

_DONE, _REFUSED, _WRONG_USE = 0, 1, 2


class _WrongUseError(Exception):
    """What was asked for cannot be meant."""


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the verbs."""
    comes = verbs.add_parser("import", help="take in a municipality from files of the intermediate layout")
    comes.add_argument("source", type=Path, metavar="DIR_OR_ZIP")
    _add_place(comes)
    comes.set_defaults(run=run)
    accepted = comes.add_mutually_exclusive_group()
    accepted.add_argument("--strict", action="store_true", help="any error: nothing is loaded (the default)")
    accepted.add_argument(
        "--accept-errors", type=_count, default=0, metavar="N", help="leave out up to N rows in error"
    )
    accepted.add_argument(
        "--replace", action="store_true", help="rows of the town that are not in its files go (strict)"
    )
    comes.add_argument(
        "--lift", action="store_true", help="with --replace: 抑止 and 支援措置 not in the files end too"
    )
    goes = verbs.add_parser("export", help="write a municipality as files of the intermediate layout")
    goes.add_argument("out", type=Path, metavar="OUT", help="a new folder, or a new file that ends in .zip")
    _add_place(goes)
    goes.set_defaults(run=run)
    told = verbs.add_parser("layout", help="print the item list as Markdown tables")
    told.add_argument("--items", type=Path, metavar="DIR", help="the town's own items and settings")
    told.set_defaults(run=run)


def _add_place(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--data", type=Path, required=True, metavar="DIR", help="where everything is kept")
    verb.add_argument(
        "--url", metavar="DATABASE_URL", help="PostgreSQL; else MADOGUCHI_CLOUD_URL, else DIR/cloud.db"
    )
    verb.add_argument("--town", metavar="CODE", help="全国地方公共団体コード")
    verb.add_argument("--items", type=Path, metavar="DIR", help="the town's own items and settings")
    verb.add_argument(
        "--report", type=Path, required=True, metavar="DIR", help="for the error list and the reconciliation"
    )


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError("less than none")
    return number


def run(chosen: argparse.Namespace) -> int:
    """Run one of the verbs: 0 done, 1 errors in what was read and nothing loaded, 2 wrong use."""
    from cloud.layout.faults import LostError
    from cloud.layout.items import LayoutError, open_layout  # the short verbs of the program need none of it

    try:
        layout = open_layout(chosen.items)
        return {"import": _import, "export": _export, "layout": _print}[chosen.verb](chosen, layout)
    except (LayoutError, _WrongUseError) as error:
        print(f"madoguchi-training: {error}", file=sys.stderr)
        return _WRONG_USE
    except LostError as error:
        print(f"madoguchi-training: {error}; nothing was loaded", file=sys.stderr)
        return _REFUSED


def _say(words: str) -> None:
    print(words, flush=True)


def _print(_chosen: argparse.Namespace, layout: "Layout") -> int:
    from cloud.layout.listing import listing

    print(listing(layout))
    return _DONE


def _import(chosen: argparse.Namespace, layout: "Layout") -> int:
    from cloud.layout.faults import DeliveryError, ErrorList
    from cloud.layout.load import Delivery
    from cloud.layout.source import open_source

    if chosen.lift and not chosen.replace:
        raise _WrongUseError("--lift goes with --replace")
    if not chosen.source.exists():
        raise _WrongUseError("there is no such folder or zip file")
    errors = ErrorList(chosen.report, layout.settings.limits.errors)
    try:
        source = open_source(chosen.source, layout.settings.limits)
        try:
            delivery = Delivery(layout, source, errors, chosen.accept_errors, chosen.replace, chosen.lift)
            loaded = _load(chosen, delivery)
        finally:
            source.close()
    except DeliveryError as error:
        errors.add(error.code, error.file, error.line)
        loaded = False
    finally:
        errors.close()
    counts = errors.counts
    _say(
        f"{counts['fatal']} fatal, {counts['error']} errors, {counts['warning']} warnings: see {chosen.report}"
    )
    _say("loaded, and counted to be so" if loaded else "nothing was loaded")
    return _DONE if loaded else _REFUSED


def _load(chosen: argparse.Namespace, delivery: "Delivery") -> bool:
    from cloud.founding import is_founded
    from cloud.layout.load import into_existing, into_new
    from cloud.layout.sift import town_code

    code = chosen.town or town_code(delivery.layout, delivery.source)
    if code is None:
        raise _WrongUseError("the files do not say of which town they are: give --town")
    with _register(chosen, code) as register:
        if is_founded(register.engine, code):
            told = into_existing(register, delivery, _say)
        else:
            brings_staff = "staff_member" in delivery.tables()
            told = into_new(
                register,
                delivery,
                utc_now,
                _say,
                lambda connection: _let_training_staff_in(connection, register, chosen.data, brings_staff),
            )
    told.write(chosen.report)
    return told.loaded


def _export(chosen: argparse.Namespace, layout: "Layout") -> int:
    from cloud.founding import is_founded
    from cloud.layout.export import write_town
    from cloud.layout.faults import DeliveryError, ErrorList
    from cloud.layout.load import RefusedError
    from cloud.program.place import no_town, open_here
    from cloud.town.addresses import CODE

    if chosen.out.exists():
        raise _WrongUseError(f"{chosen.out} is there already: nothing is written over")
    code = chosen.town or CODE
    try:
        towns = open_here(chosen.data, chosen.url)
    except ValueError as error:
        raise _WrongUseError(str(error)) from error
    try:
        if not is_founded(towns.engine, code):
            raise _WrongUseError(no_town(code, chosen.data))
    finally:
        towns.close()
    with _register(chosen, code) as register:
        errors = ErrorList(chosen.report, layout.settings.limits.errors)
        try:
            rows = write_town(register, layout, chosen.out, errors, _say)
        except (RefusedError, DeliveryError):
            _say(f"{errors.counts['error']} errors: nothing was written, see {chosen.report}")
            return _REFUSED
        finally:
            errors.close()
    _say(f"{sum(rows.values())} rows written")
    return _DONE


def _let_training_staff_in(
    connection: "sa.Connection", register: "Register", data: Path, brings_staff: bool
) -> None:
    """Let the training's staff sign in; where the files bring staff, only who is among them."""
    from cloud.register import put
    from cloud.staff import add_staff
    from cloud.staff_rows import staff_rows
    from cloud.town.addresses import CODE
    from cloud.training import open_training_file

    town = register.municipality
    folder = data if town == CODE else data / "towns" / town
    people = [person.new() for person in open_training_file(folder, 0, 0).facts.staff]
    today = day_in_tokyo(utc_now())
    if brings_staff:
        here = {row["staff_id"] for row in register.rows(connection, "staff_member")}
        people = [person for person in people if person.staff_id in here]
    else:
        rows = [put(table, row) for table, row in staff_rows(people, today)]
        register.commit(connection, "register", rows)
    add_staff(connection, town, people, today)


@contextmanager
def _register(chosen: argparse.Namespace, code: str) -> Iterator["Register"]:
    """Open the register of a town, there already or to be founded, where ``serve`` will look for it."""
    from cloud.keys import open_keys
    from cloud.register import Register
    from cloud.tenants import CODE, Tenants

    if not CODE.fullmatch(code):
        raise _WrongUseError("a municipality has a code of six digits")
    towns = Tenants(chosen.data, chosen.url)
    try:
        keys = open_keys(towns.folder_of(code) / "keys", utc_now())
        yield Register(towns.engine, code, keys.digest, utc_now)
    finally:
        towns.close()
