"""``bundle`` and ``escrow``: what a terminal needs in one file carried by hand, and the key two officers open it with."""

import argparse
import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cloud.clock import utc_now

if TYPE_CHECKING:
    from cloud.tenant import Tenant

_SHORTEST = 12  # letters of a passphrase
_DONE = 0
_SHEET = """窓口　分割鍵　{name}（{code}）
{number}人目／{of}人　どれか{threshold}人分がそろうと、持ち運びの束を開けます。1人分では開けません。
鍵の番号 {key_id}

この紙と合言葉は別々に、鍵のかかる所に保管してください。端末には、下の8行を打ち込みます。

{lines}"""


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the verbs."""
    bundle = verbs.add_parser("bundle", help="write a bundle that is carried by hand")
    bundle.add_argument("out", type=Path, metavar="OUT")
    _add_place(bundle)
    which = bundle.add_mutually_exclusive_group(required=True)
    which.add_argument("--whole", action="store_true", help="every row, and what came since")
    which.add_argument("--since", type=int, metavar="V", help="what came after version V of the register")
    bundle.add_argument("--blocks-since", type=int, metavar="V", help="of the blocks; else all its log has")
    bundle.add_argument(
        "--environment",
        choices=("training", "trial", "production"),
        default="training",
        help="which terminals may take it in",
    )
    bundle.set_defaults(run=_bundle)
    escrow = verbs.add_parser("escrow", help="make the town's escrow key and its officers' shares, once")
    escrow.add_argument("out", type=Path, metavar="DIR", help="a new folder for the card and the shares")
    _add_place(escrow)
    escrow.add_argument("--officers", type=int, default=3, metavar="N", help="any two of them open a bundle")
    escrow.set_defaults(run=_escrow)


def _add_place(verb: argparse.ArgumentParser) -> None:
    verb.add_argument("--data", type=Path, required=True, metavar="DIR", help="where everything is kept")
    verb.add_argument("--url", metavar="DATABASE_URL")
    verb.add_argument("--town", metavar="CODE", help="of which town; the first where it is left out")


def _bundle(chosen: argparse.Namespace) -> int:
    """Write it; 1 where the town has no escrow yet, or its log does not go so far back."""
    from cloud.bundles import Bundler
    from cloud.escrow import public_keys

    if chosen.out.exists():
        raise ValueError(f"{chosen.out} is there already: nothing is written over")
    with _town(chosen) as tenant:
        keys = public_keys(tenant.folder / "keys")
        if not keys:
            raise ValueError("this town has no escrow: make it by `escrow` first. Nothing was written")
        bundler = Bundler(tenant, chosen.environment, keys[-1])
        if chosen.whole:
            told = bundler.whole(chosen.out)
        else:
            told = bundler.delta(chosen.out, {"register": chosen.since, "blocks": chosen.blocks_since})
    print(f"bundle {told['bundle']} {told['kind']} {told['versions']} {chosen.out.stat().st_size} bytes")
    return _DONE


def _escrow(chosen: argparse.Namespace) -> int:
    """Make pair, card and shares; the private half is in no file and is dropped when this ends."""
    from cloud.escrow import (
        THRESHOLD,
        Card,
        ShareCost,
        keep_public,
        key_id,
        new_escrow,
        signed_card,
        split,
        written,
    )
    from cloud.keys import write_private

    with _town(chosen) as tenant:
        passphrases = [_passphrase(number) for number in range(1, chosen.officers + 1)]
        chosen.out.mkdir(mode=0o700)
        with tenant.register.reading() as connection:
            name = str(
                (tenant.register.row(connection, "town", (tenant.municipality,)) or {}).get("name", "")
            )
        public, private = new_escrow()
        shares = split(private, chosen.officers)
        del private
        for share, passphrase in zip(shares, passphrases, strict=True):
            lines = written(share, chosen.officers, public, passphrase, ShareCost())
            sheet = _SHEET.format(
                name=name,
                code=tenant.municipality,
                number=share.number,
                of=chosen.officers,
                threshold=THRESHOLD,
                key_id=key_id(public),
                lines=lines,
            )
            path = chosen.out / f"share-{share.number}-of-{chosen.officers}.txt"
            write_private(path, sheet.encode("utf-8"))
        card = Card(tenant.municipality, name, public, tenant.authority.pem)
        write_private(chosen.out / "escrow.json", signed_card(card, tenant.keys, utc_now()))
        keep_public(tenant.folder / "keys", public, utc_now())
    print(
        f"escrow {key_id(public)}: {chosen.out}/escrow.json, and a sheet for each of {chosen.officers} officers"
    )
    return _DONE


def _passphrase(number: int) -> str:
    """Ask an officer for a passphrase, twice, without an echo; from a pipe take a line."""
    ask: Callable[[str], str] = getpass.getpass if sys.stdin.isatty() else lambda _: sys.stdin.readline()
    first = ask(f"{number}人目の合言葉（{_SHORTEST}文字以上）: ").rstrip("\n")
    if len(first) < _SHORTEST:
        raise ValueError(f"a passphrase has {_SHORTEST} letters or more. Nothing was made")
    if sys.stdin.isatty() and ask("もう一度: ") != first:
        raise ValueError("the two are not the same. Nothing was made")
    return first


@contextmanager
def _town(chosen: argparse.Namespace) -> "Iterator[Tenant]":
    from cloud.program.place import no_town, open_here
    from cloud.town.addresses import CODE

    code = chosen.town or CODE
    towns = open_here(chosen.data, chosen.url)
    try:
        tenant = towns.of(code)
        if tenant is None:
            raise ValueError(no_town(code, chosen.data))
        yield tenant
    finally:
        towns.close()
