"""A proxy that ends TLS and asks terminals for their certificates: what it says is heard, what others say in its name not.

The proxy proves itself by a secret of its own in every call. Without a proxy the same headers mean nothing.
"""

import secrets
from dataclasses import dataclass, field
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from cloud.faults import App, Receive, Scope, Send

PRESENTED = "madoguchi.certificate"  # scope: the certificate (DER) the proxy saw, b"" for none; absent: not by the proxy
_SECRET, _CERTIFICATE = b"madoguchi-proxy", b"madoguchi-certificate"
_SHORTEST = 32


@dataclass(frozen=True, slots=True)
class Proxy:
    """The setting: this cloud stands behind a proxy that knows a secret."""

    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < _SHORTEST or not self.secret.isascii():
            raise ValueError(f"the proxy's secret has fewer than {_SHORTEST} ASCII characters")


class ProxyLayer:
    """Takes the proxy's headers off every call, and notes the certificate where they are really the proxy's."""

    def __init__(self, app: App, proxy: Proxy | None) -> None:
        self._app = app
        self._proxy = proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, without the headers."""
        if scope["type"] == "http":
            told = {name: value for name, value in scope["headers"] if name in {_SECRET, _CERTIFICATE}}
            others = [one for one in scope["headers"] if one[0] not in {_SECRET, _CERTIFICATE}]
            scope = {**scope, "headers": others}
            if self._is_the_proxy(told.get(_SECRET, b"")):
                scope[PRESENTED] = _der(told.get(_CERTIFICATE, b""))
        await self._app(scope, receive, send)

    def _is_the_proxy(self, secret: bytes) -> bool:
        return self._proxy is not None and secrets.compare_digest(secret, self._proxy.secret.encode("ascii"))


def _der(escaped: bytes) -> bytes:
    """Return a certificate as nginx writes it into a header (PEM, percent-encoded), b"" for none that can be read."""
    try:
        certificate = x509.load_pem_x509_certificate(unquote(escaped.decode("ascii")).encode("ascii"))
    except ValueError:
        return b""
    return certificate.public_bytes(Encoding.DER)
