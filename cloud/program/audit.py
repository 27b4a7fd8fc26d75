"""``audit``: read the journals of a town's terminals anew and say where one is not what its terminal wrote."""

import argparse
from dataclasses import asdict
from pathlib import Path

import msgspec


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the verb."""
    audit = verbs.add_parser(
        "audit", help="read every terminal's journal anew: removal, change, reorder, truncation, rollback"
    )
    audit.add_argument("--data", type=Path, required=True, metavar="DIR")
    audit.add_argument("--url", metavar="DATABASE_URL")
    audit.add_argument("--town", metavar="CODE", help="of which town; the first where it is left out")
    audit.add_argument("--json", action="store_true", help="print JSON")
    audit.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Print what there is and what is wrong with it; 1 where something is."""
    from cloud.journal_audit import all_troubles, audit
    from cloud.program.place import no_town, open_here
    from cloud.town.addresses import CODE

    code = chosen.town or CODE
    towns = open_here(chosen.data, chosen.url)
    try:
        tenant = towns.of(code)
        if tenant is None:
            raise ValueError(no_town(code, chosen.data))
        with tenant.register.reading() as connection:
            journals = audit(connection, tenant.municipality)
    finally:
        towns.close()
    troubles = [asdict(trouble) for trouble in all_troubles(journals)]
    terminals = [
        {
            "terminal": one.terminal,
            "runs": one.runs,
            "signed": one.signed,
            "last": one.last,
            "head": one.head.hex(),
        }
        for one in journals
    ]
    if chosen.json:
        told = {"ok": not troubles, "terminals": terminals, "troubles": troubles}
        print(msgspec.json.encode(told).decode())
    else:
        for line in [*terminals, *troubles]:
            print("  ".join(f"{name}: {value}" for name, value in line.items()))
    return 1 if troubles else 0
