"""``madoguchi bundle``: what a terminal needs, in one file carried by hand; two officers open it together."""

import argparse
import asyncio
import secrets
from importlib import import_module

from msgspec import json as wire

from client.domain.bundle import Bundle, EscrowCard
from client.domain.terminal import TerminalFacts
from client.rules.bundles import fingerprint_of, is_signed_by_town, read_card, spoken
from offline.store import custody
from offline.store.bundle_file import BundleFile
from offline.store.files import read_whole
from offline.store.terminal_file import read_facts
from ui.cli import exit_codes
from ui.cli.pace import Pace
from ui.config_file import Loaded
from ui.text import Words

_NONCE = 16
Told = dict[str, object]


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Do one of the acts. RefusedError ``bundle.…``, StoreError."""
    found = {"make": _make, "show": _show, "open": _open, "custody": _custody}[asked.act](loaded, asked)
    if asked.json:
        print(wire.encode(found).decode())
    else:
        for name, value in found.items():
            print(f"{name}: {value}")
    return exit_codes.OK


def _show(loaded: Loaded, asked: argparse.Namespace) -> Told:
    file, words = BundleFile(asked.file), Words(loaded.config.language, loaded.config.help_contact)
    pace = Pace(words, "carry.verifying", file.bundle.size)
    file.verify(pace.told)
    pace.end()
    facts = read_facts(loaded.config.terminal_dir / "terminal.json")
    content = read_whole(asked.escrow) if asked.escrow else None
    return {"ok": True, **said_of(file.bundle, facts, read_card(content) if content else None)}


def said_of(bundle: Bundle, facts: TerminalFacts | None, card: EscrowCard | None) -> Told:
    """Return what anybody may know of a bundle; ``signed_by`` says how its signer is known, if it is."""
    if facts and facts.municipality_code == bundle.municipality:
        keys, ca, by = [key.key for key in facts.feed_keys], facts.ca, "own_town"
    elif card and card.municipality == bundle.municipality:
        keys, ca, by = list(card.feed_keys), card.ca, "card"
    else:
        keys, ca, by = [], "", "unknown"
    known = by != "unknown" and is_signed_by_town(bundle, keys, ca)
    return {
        "bundle": bundle.bundle_id,
        "municipality": bundle.municipality,
        "environment": bundle.environment,
        "kind": bundle.kind.value,
        "made_at": bundle.made_at.isoformat(),
        "made_by": bundle.made_by,
        "versions": {feed.value: [span.after, span.to] for feed, span in bundle.spans.items()},
        "signed_by": by if known else "unknown",
        "signer": fingerprint_of(bundle).hex(),
        "escrow": bundle.escrow_id,
        "hash": spoken(bundle),
        "parts": {part.name: [part.size, part.sha256.hex()] for part in bundle.parts},
    }


def _custody(_loaded: Loaded, asked: argparse.Namespace) -> Told:
    return {"add": _add, "verify": _verify, "challenge": _challenge}[asked.deed](asked)


def _add(asked: argparse.Namespace) -> Told:
    from ui.doors import utc_now  # with it come the printer and the fonts

    lines = custody.read(asked.file)
    if asked.event != "destroyed" or not lines:
        file = BundleFile(asked.file)  # what is kept is a whole bundle, and one that is not is not taken in
        file.verify()
        bundle_id = file.bundle.bundle_id
    else:
        bundle_id = lines[0].bundle
    deed = custody.Deed(asked.event or "received", asked.by, asked.other)
    line = custody.add(asked.file, bundle_id, deed, utc_now())
    return {"ok": True, "line": line.seq, "event": line.event, "head": line.hash}


def _verify(asked: argparse.Namespace) -> Told:
    lines = custody.read(asked.file, asked.head)
    return {
        "ok": True,
        "lines": [f"{line.at} {line.event} {line.by} {line.other}".strip() for line in lines],
        "head": lines[-1].hash if lines else "",
        "kept": custody.is_kept(asked.file, lines),
    }


def _challenge(asked: argparse.Namespace) -> Told:
    """Ask or answer: the owner keeps number and answer of its own copy, whoever stores the file answers the number."""
    from ui.doors import utc_now  # with it come the printer and the fonts

    nonce = bytes.fromhex(asked.nonce) if asked.nonce else secrets.token_bytes(_NONCE)
    answer = custody.answer(asked.file, nonce)
    if asked.nonce and custody.read(asked.file):
        deed = custody.Deed("challenged", asked.by, nonce.hex())
        custody.add(asked.file, BundleFile(asked.file).bundle.bundle_id, deed, utc_now())
    return {"ok": True, "nonce": nonce.hex(), "answer": answer.hex()}


def _open(loaded: Loaded, asked: argparse.Namespace) -> Told:
    return asyncio.run(import_module("ui.cli.bundle_stores").open_asked(loaded, asked))


def _make(loaded: Loaded, asked: argparse.Namespace) -> Told:
    return asyncio.run(import_module("ui.cli.bundle_stores").make_asked(loaded, asked))
