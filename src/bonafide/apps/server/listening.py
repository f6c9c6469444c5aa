"""Where the service listens: the socket, and TLS from files that are checked before anything else starts."""

from __future__ import annotations

import errno
import ipaddress
import socket
import ssl
from typing import Final

from bonafide.apps.server.ports import Settings
from bonafide.core.errors import UsageError

BACKLOG: Final = 2_048
"""Connections that the system holds until they are taken."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_behind_tls(settings: Settings) -> bool:
    """Whether clients reach the service over TLS: its own, or that of what stands in front of it on other machines."""
    return settings.tls_certificate is not None or not is_loopback(settings.host)


def open_socket(settings: Settings) -> socket.socket:
    """A socket that listens where the settings say. Raises UsageError where it cannot."""
    host, port = settings.host, settings.port
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise UsageError(f"--host {host}: {error.strerror or error}; give an address of this machine") from None
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            told = f"--port {port}: something listens on {host}:{port} already; stop it, or choose another port"
        elif error.errno == errno.EACCES:
            told = f"--port {port}: this user may not listen there; choose a port above 1023"
        else:
            told = f"--host {host}: {error.strerror}; give an address of this machine"
        raise UsageError(told) from None
    return listener


def tls_of(settings: Settings) -> ssl.SSLContext | None:
    """TLS (1.2 and later) from the settings' files; None without. Raises UsageError where they cannot be used."""
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None or key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except ssl.SSLError as error:
        reason = "the key does not belong to the certificate" if "MISMATCH" in str(error) else "not PEM, or not a pair"
        raise UsageError(f"tls_certificate {certificate}, tls_key {key}: {reason}; give both as PEM files") from None
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"tls_certificate {certificate}, tls_key {key}: {told}") from None
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted; a service cannot be asked for its password, so give it in the clear")


def url_of(listener: socket.socket, settings: Settings) -> str:
    """Where clients reach the service.

    The port is the real one, also where the settings left it to the system.
    """
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "https" if settings.tls_certificate else "http"
    return f"{scheme}://{host}:{listener.getsockname()[1]}"
