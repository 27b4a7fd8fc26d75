"""TLS among neighbours: both ends show a certificate of the town's authority, and nobody else gets as far as a word.

Who of those a machine deals with is decided by leases, above this. No session is resumed: a resumed one would not be held
against the list of those taken out.
"""

import ssl

from offline.store.identity import TerminalIdentity


def serving(identity: TerminalIdentity, certificate: str, ca: str) -> ssl.SSLContext:
    """Return how a neighbour is answered; certificates are PEM."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    context.num_tickets = 0
    return _ours(context, identity, certificate, ca)


def calling(identity: TerminalIdentity, certificate: str, ca: str) -> ssl.SSLContext:
    """Return how a neighbour is called; it is known by its lease and not by a host's name, for it may have any."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    return _ours(context, identity, certificate, ca)


def _ours(context: ssl.SSLContext, identity: TerminalIdentity, certificate: str, ca: str) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=ca)
    identity.show_in(context, certificate)
    return context
