"""``token``: a new token that enrols one terminal, or one hall server."""

import argparse
import sys
from pathlib import Path


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the verb."""
    token = verbs.add_parser("token", help="print a new token that enrols one terminal")
    token.add_argument("--data", type=Path, required=True, metavar="DIR")
    token.add_argument("--url", metavar="DATABASE_URL")
    token.add_argument("--town", metavar="CODE", help="of which town; the first where it is left out")
    token.add_argument(
        "--hall", action="store_true", help="for a hall server, which can read nothing it holds"
    )
    token.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Print it; 1 where there is no such town yet."""
    from cloud.program.place import no_town, open_here
    from cloud.town.addresses import CODE
    from cloud.training import open_training_file

    code = chosen.town or CODE
    towns = open_here(chosen.data, chosen.url)
    try:
        tenant = towns.of(code)
        if tenant is None:
            print(f"madoguchi-training: {no_town(code, chosen.data)}", file=sys.stderr)
            return 1
        token = tenant.terminals.new_token("hall" if chosen.hall else "terminal")
        if not chosen.hall:
            training = open_training_file(chosen.data if code == CODE else towns.folder_of(code), 0, 0)
            training.facts.tokens.append(token)
            training.save()
    finally:
        towns.close()
    print(token)
    return 0
