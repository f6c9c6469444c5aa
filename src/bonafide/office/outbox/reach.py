"""Where webhooks may go: which URLs are taken, and which addresses are never connected to.

A URL is checked as text when it is given, and its addresses before every send. Text alone proves nothing, because a
name may lead elsewhere tomorrow; so a name is resolved once, every address that it has is checked, and the connection
goes to one of exactly these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from bonafide.core.errors import BonafideError, UsageError

URL_LENGTH_MAX: Final = 2_048
ADDRESSES_MAX: Final = 32
"""A name with more addresses is no receiver's."""
Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


NEVER: Final = _networks(
    "0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "::/128", "fe80::/10", "ff00::/8", "::ffff:0:0/96",
    "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32",
)  # fmt: skip
"""Refused whatever is set: this host by another name, link-local (clouds' metadata), multicast, broadcast, and IPv4 in
the clothes of IPv6 (mapped, compatible, NAT64, 6to4, Teredo)."""
LOOPBACK: Final = _networks("127.0.0.0/8", "::1/128")
INSIDE: Final = (
    *LOOPBACK,
    *_networks(
        "10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "fc00::/7", "fec0::/10",
        "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "100::/64",
    ),
)  # fmt: skip
"""Refused unless a setting names the network: loopback, private, shared (CGNAT), documentation and benchmarks. From the
registries of special-purpose addresses (RFC 6890 and its successors)."""
_GLOBAL_V6: Final = ip_network("2000::/3")
_SCHEME_PORTS: Final = {"https": 443, "http": 80}
_LABEL: Final = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
_NUMBER: Final = re.compile(r"([0-9]+|0x[0-9a-f]*)")
PORT_MAX: Final = 65_535
_PLAIN: Final = re.compile(r"[!-~]+")


class UnreachableError(BonafideError):
    """An address or a URL that nothing is sent to."""


class Reach(NamedTuple):
    """What the settings allow. By default: HTTPS at its own port, to addresses of the public internet."""

    networks: tuple[Network, ...] = ()
    """Networks of one's own that receivers may stand in; loopback for tests and for a receiver on this machine."""
    ports: frozenset[int] | None = frozenset({443})
    """None: any."""
    plain_http: bool = False
    """Whether receivers in `networks` may be sent to without TLS; those elsewhere never are."""
    brokers: frozenset[str] = frozenset()
    """Kafka brokers that may be sent to, each as `host:port`."""

    def refusal(self, address: Address, *, is_tls: bool = True) -> str | None:
        """Why an address is not connected to; None where it may be."""
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            return "has a zone, and is of one link only"
        if _among(address, NEVER) and not _among(address, LOOPBACK):
            return "is link-local, multicast, reserved, or IPv4 written as IPv6"
        if _among(address, self.networks):
            return None
        if _among(address, INSIDE):
            return "is private, loopback, shared or for documentation"
        if not is_tls:
            return "is in no network that is named for being sent to without TLS; give one that begins with https://"
        if isinstance(address, IPv6Address) and address not in _GLOBAL_V6:
            return "is of no network that is given to anybody"
        return None if address.is_global else "is not of the public internet"

    def check_addresses(self, host: str, found: Iterable[str], *, is_tls: bool = True) -> tuple[Address, ...]:
        """The addresses of a host, if all of them may be connected to. Raises UnreachableError.

        One that may not refuses them all: a name that has both is made to be tried until the wrong one is drawn.
        """
        addresses = tuple(dict.fromkeys(ip_address(text) for text in found))
        if not 1 <= len(addresses) <= ADDRESSES_MAX:
            raise UnreachableError(f"{host} has {len(addresses)} addresses; a receiver has 1 to {ADDRESSES_MAX}")
        for address in addresses:
            if (why := self.refusal(address, is_tls=is_tls)) is not None:
                raise UnreachableError(f"{host} leads to {address}, which {why}; nothing was sent there")
        return addresses


class Target(NamedTuple):
    """A URL in its parts."""

    is_tls: bool
    host: str
    """A name, or an address without brackets."""
    port: int
    path: str
    """With the query."""
    literal: Address | None
    """Where the host is an address."""

    @property
    def host_header(self) -> str:
        """The host as a request names it."""
        shown = f"[{self.host}]" if isinstance(self.literal, IPv6Address) else self.host
        usual = self.port == _SCHEME_PORTS["https" if self.is_tls else "http"]
        return shown if usual else f"{shown}:{self.port}"


def read_url(url: str, reach: Reach) -> Target:
    """A URL that messages may be sent to, in its parts. Raises UsageError that says what is accepted.

    >>> read_url("https://pay.example.org/hooks?x=1", Reach()).host
    'pay.example.org'
    """
    if len(url) > URL_LENGTH_MAX or not _PLAIN.fullmatch(url) or "\\" in url:
        raise _refused(f"give at most {URL_LENGTH_MAX} ASCII characters without spaces; names of other letters as xn--")
    try:
        parts = urlsplit(url)
        given, port = parts.hostname, parts.port
    except ValueError:
        raise _refused("it cannot be read") from None
    if parts.scheme not in _SCHEME_PORTS or (parts.scheme == "http" and not reach.plain_http):
        raise _refused("give one that begins with https://")
    if "@" in parts.netloc or parts.fragment or url.endswith("#"):
        raise _refused("give one without a name, a password or a fragment in it; messages are signed instead")
    port = _SCHEME_PORTS[parts.scheme] if port is None else port
    if reach.ports is not None and port not in reach.ports:
        raise _refused(f"port {port} is not among those that are sent to ({_shown(reach.ports)})")
    host, literal = _read_host(given or "", reach, is_tls=parts.scheme == "https")
    if "[" in parts.netloc and not isinstance(literal, IPv6Address):
        raise _refused("its host is neither a name nor an address in its usual form")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme == "https", host, port, path, literal)


def _read_host(given: str, reach: Reach, *, is_tls: bool) -> tuple[str, Address | None]:
    try:
        literal = ip_address(given)
    except ValueError:
        # A last label that is a number is an address in disguise to those who resolve it: 127.1, 0x7f.1, 2130706433.
        if not _NAME.fullmatch(given) or _NUMBER.fullmatch(given.rpartition(".")[2]):
            raise _refused("its host is neither a name nor an address in its usual form") from None
        return given, None
    if (why := reach.refusal(literal, is_tls=is_tls)) is not None:
        raise _refused(f"{literal} {why}")
    return str(literal), literal


def read_networks(text: str) -> tuple[Network, ...]:
    """Networks divided by commas; ValueError for what is none, or what could never be sent to.

    >>> read_networks("10.0.0.0/8, fd00::/8")
    (IPv4Network('10.0.0.0/8'), IPv6Network('fd00::/8'))
    """
    found = tuple(ip_network(part.strip()) for part in text.split(","))
    for network in found:
        if network not in LOOPBACK and any(_holds(one, network) for one in NEVER):
            raise ValueError(f"{network} is never sent to")
    return found


def read_ports(text: str) -> frozenset[int]:
    """Ports divided by commas; ValueError for what is none.

    >>> sorted(read_ports("443, 8443"))
    [443, 8443]
    """
    found = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= PORT_MAX for part in found):
        raise ValueError("not all of these are ports")
    return frozenset(map(int, found))


def _refused(why: str) -> UsageError:
    return UsageError(f"url: this is not accepted: {why}")


def _among(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _holds(outer: Network, inner: Network) -> bool:
    if isinstance(outer, IPv4Network):
        return isinstance(inner, IPv4Network) and inner.subnet_of(outer)
    return isinstance(inner, IPv6Network) and inner.subnet_of(outer)


def _shown(ports: frozenset[int]) -> str:
    return ", ".join(str(port) for port in sorted(ports))
