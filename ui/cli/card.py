"""``madoguchi card``: the process beside the counter that holds the module of IC cards, which may hang or crash."""

import argparse

from ui.config_file import Loaded


def run(loaded: Loaded, asked: argparse.Namespace) -> int:
    """Answer the counter on standard input and output until it hangs up."""
    from offline.factors.card_child import main  # the module's library, for terminals with cards alone

    return main(asked.module, asked.key)
