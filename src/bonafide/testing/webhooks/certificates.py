"""Certificates for receivers on this machine, and a client's context that trusts their issuer."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Certificates(NamedTuple):
    """What a receiver shows, chosen by `shows`, and what its clients trust."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    shows: list[str]
    """Whose certificate is shown, the last of them: a name that was asked for, or `nobody` for one nobody trusts."""


def make_certificates(folder: Path, *names: str) -> Certificates:
    """A certificate for each name by an issuer that the client trusts, and one for `nobody` by another."""
    folder.mkdir(parents=True, exist_ok=True)
    issuer, stranger = _Issuer("issuer"), _Issuer("stranger")
    contexts = {name: _server(folder / f"{name}.pem", issuer, name) for name in names}
    contexts["nobody"] = _server(folder / "nobody.pem", stranger, names[0])
    server, shows = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), [names[0]]
    server.load_cert_chain(folder / f"{names[0]}.pem")

    def choose(connection: ssl.SSLObject | ssl.SSLSocket, *_: Any) -> None:
        connection.context = contexts[shows[-1]]

    server.sni_callback = choose
    return Certificates(server, ssl.create_default_context(cadata=issuer.pem), shows)


class _Issuer:
    def __init__(self, name: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = _builder(self.name, self.name, self.key.public_key())
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.pem = made.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode("ascii")


def _server(file: Path, issuer: _Issuer, name: str) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = _builder(subject, issuer.name, key.public_key())
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
    )
