"""The tenant's own certificate authority: for the server's TLS, and for the terminals it enrols."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cloud.keys import write_private

_AUTHORITY_YEARS = 20
_TERMINAL_YEARS = 5
_SERVER_DAYS = 397
_RENEW_BEFORE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate and the key that signs with it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    folder: Path

    def number_above(self, number: int) -> int:
        """Return the next number to certify: above the one given and any that was certified before.

        The mark lies beside the authority's key, not in the database: one put back from its backup gives none twice.
        """
        mark = self.folder / "last_terminal"
        known = int(mark.read_text("ascii")) if mark.exists() else 0
        following = max(known, number) + 1
        write_private(mark, str(following).encode("ascii"))
        return following

    @property
    def pem(self) -> str:
        """Return the authority's certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM).decode("ascii")

    def certify_terminal(self, csr: x509.CertificateSigningRequest, terminal_no: str, now: datetime) -> str:
        """Return a certificate (PEM) for a terminal's key; the name is the cloud's choice, not the request's.

        It is good for both ends of TLS among neighbours. No host's name is in it: nobody takes it for a server's.
        """
        builder = _builder(_named(terminal_no), csr.public_key(), now, timedelta(days=365 * _TERMINAL_YEARS))
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
        return self._sign(builder.add_extension(usage, critical=False))

    def certify_server(self, key: ec.EllipticCurvePublicKey, hosts: tuple[str, ...], now: datetime) -> str:
        """Return a TLS certificate (PEM) for the names and addresses this cloud is reached by."""
        builder = _builder(_named(hosts[0]), key, now, timedelta(days=_SERVER_DAYS))
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        return self._sign(builder.add_extension(usage, critical=False).add_extension(names, critical=False))

    def _sign(self, builder: x509.CertificateBuilder) -> str:
        issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.issuer_name(self.certificate.subject).add_extension(issuer_id, critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode("ascii")


def open_authority(folder: Path, name: str, now: datetime) -> Authority:
    """Read the authority of a data directory, founding it where there is none."""
    key_file, certificate_file = folder / "ca.key", folder / "ca.pem"
    if not certificate_file.exists():
        key = _new_key()
        _write_key(key_file, key)
        builder = _builder(_named(name), key.public_key(), now, timedelta(days=365 * _AUTHORITY_YEARS))
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.issuer_name(_named(name)).add_extension(usage, critical=True)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        made = builder.sign(key, hashes.SHA256())
        write_private(certificate_file, made.public_bytes(Encoding.PEM))
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    return Authority(certificate, _read_key(key_file), folder)


def server_files(
    folder: Path, authority: Authority, hosts: tuple[str, ...], now: datetime
) -> tuple[Path, Path]:
    """Return certificate and key files for TLS, renewed where they end soon or miss a host."""
    key_file, certificate_file = folder / "server.key", folder / "server.pem"
    if not key_file.exists():
        _write_key(key_file, _new_key())
    if not (certificate_file.exists() and _still_good(certificate_file, hosts, now)):
        pem = authority.certify_server(_read_key(key_file).public_key(), hosts, now)
        write_private(certificate_file, (pem + authority.pem).encode("ascii"))
    return certificate_file, key_file


def public_key_pem(request: x509.CertificateSigningRequest) -> bytes:
    """Return the public key of a request as PEM."""
    return request.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _still_good(certificate_file: Path, hosts: tuple[str, ...], now: datetime) -> bool:
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return certificate.not_valid_after_utc - now > _RENEW_BEFORE and all(
        _general_name(host) in names for host in hosts
    )


def _builder(
    subject: x509.Name, key: CertificatePublicKeyTypes, now: datetime, term: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + term)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    write_private(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{path.name} holds no elliptic curve key")
    return key
