"""Where webhooks may go: every way to write a private address is refused, and every address is checked again."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.errors import UsageError
from bonafide.office.outbox.reach import (
    INSIDE,
    LOOPBACK,
    NEVER,
    Reach,
    UnreachableError,
    read_networks,
    read_ports,
    read_url,
)

OUTSIDE = Reach()
ANY_PORT = Reach(ports=None, plain_http=True)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "127.0.1", "0", "0.0.0.0", "0x7f.1", "0x7f000001", "0X7F.0.0.1", "0177.0.0.1",
        "017700000001", "2130706433", "127.0.0.1.", "127.0.0.01", "127.0.0.1%00", "①②⑦.0.0.1", "localhost.",
        "localhost%2e", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]",
        "[::127.0.0.1]", "[0:0:0:0:0:ffff:a00:1]",
        "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]",
        "[fe80::1%25lo]", "[fe80::1%lo]", "[fc00::1]", "[fd12::1]", "[ff02::1]", "[fec0::1]",
        "[2001:db8::1]", "[100::1]", "[3fff::1]",
        "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.255.255",
        "192.0.2.1", "192.0.0.8", "192.88.99.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1",
        "240.0.0.1", "255.255.255.255", "0.1.2.3", "1.2.3.4.5", "1.2.3", "1.2.3.0x4", "", ".", "a..b", "-a.org",
        "a-.org", "a b.org", "a\tb.org", "exa\u200bmple.org", "例え.jp", "a" * 64 + ".org", "x." * 130 + "org",
    ],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_host_that_is_private_or_written_strangely_is_refused(scheme: str, host: str) -> None:
    with pytest.raises(UsageError, match="this is not accepted"):
        read_url(f"{scheme}://{host}/hooks", ANY_PORT)


@pytest.mark.parametrize(
    "url",
    [
        "", "x", "example.org", "//example.org/x", "http://example.org/", "ftp://example.org/", "file:///etc/passwd",
        "kafka://example.org/topic", "unix:///run/docker.sock", "https:/example.org", "https:///x", "https://",
        "https://me@example.org/", "https://me:pw@example.org/", "https://@example.org/", "https://example.org@127.0.0.1/",
        "https://example.org\\@127.0.0.1/", "https://example.org/#x", "https://example.org/#", "https://example.org:444/",
        "https://example.org:22/", "https://example.org:0/", "https://example.org:99999/", "https://example.org:-1/",
        "https://example.org:x/", "https://exa mple.org/", "https://example.org/a b", "https://example.org/\r\nhost: x",
        "https://[::1/", "https://example.org/" + "x" * 2_048, "https://[v1.x]/", "https://example.org/é",
    ],
)  # fmt: skip
def test_a_url_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="this is not accepted"):
        read_url(url, OUTSIDE)


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "named"),
    [
        ("https://Pay.Example.org", "pay.example.org", 443, "/", "pay.example.org"),
        ("https://pay.example.org:443/a?b=c&d", "pay.example.org", 443, "/a?b=c&d", "pay.example.org"),
        ("https://xn--fsq.example/", "xn--fsq.example", 443, "/", "xn--fsq.example"),
        ("https://8.8.8.8/x", "8.8.8.8", 443, "/x", "8.8.8.8"),
        ("https://[2606:4700::1111]/x", "2606:4700::1111", 443, "/x", "[2606:4700::1111]"),
    ],
)
def test_a_url_of_a_receiver_is_taken_apart(url: str, host: str, port: int, path: str, named: str) -> None:
    target = read_url(url, OUTSIDE)
    assert (target.is_tls, target.host, target.port, target.path, target.host_header) == (True, host, port, path, named)


def test_a_port_is_named_where_it_is_not_the_usual_one() -> None:
    assert read_url("https://example.org:8443/", ANY_PORT).host_header == "example.org:8443"
    assert read_url("http://example.org:443/", ANY_PORT).host_header == "example.org:443"
    named = ANY_PORT._replace(networks=(ip_network("2606:4700::/32"),))
    assert read_url("http://[2606:4700::1111]:80/", named).host_header == "[2606:4700::1111]"


def test_without_tls_only_networks_that_are_named_are_sent_to() -> None:
    own = Reach(networks=(ip_network("10.20.0.0/16"),), ports=None, plain_http=True)
    assert read_url("http://10.20.0.1/", own).is_tls is False
    assert read_url("https://8.8.8.8/", own).is_tls is True
    with pytest.raises(UsageError, match="is in no network that is named"):
        read_url("http://8.8.8.8/", own)
    assert own.check_addresses("a.example", ["10.20.0.1"], is_tls=False)
    assert own.check_addresses("a.example", ["8.8.8.8"], is_tls=True)
    for found in (["8.8.8.8"], ["10.20.0.1", "8.8.8.8"], ["10.21.0.1"]):
        with pytest.raises(UnreachableError, match="nothing was sent"):
            own.check_addresses("a.example", found, is_tls=False)


@pytest.mark.parametrize("text", ["", "10.0.0.1/8", "10.0.0.0/33", "x", "10.0.0.0/8;", "169.254.0.0/16", "fe80::/64",
                                  "::ffff:0:0/96", "169.254.169.254", "224.0.0.0/24"])  # fmt: skip
def test_networks_that_are_none_or_are_never_sent_to_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (ipaddress has many sentences)
        read_networks(text)


def test_networks_and_ports_are_read() -> None:
    assert read_networks("127.0.0.0/8,::1,10.1.2.3") == (
        ip_network("127.0.0.0/8"), ip_network("::1/128"), ip_network("10.1.2.3/32")
    )  # fmt: skip
    assert read_ports("443,8443") == {443, 8443}
    for text in ("", "0", "65536", "443;80", "-1", "٤٤٣"):
        with pytest.raises(ValueError, match="ports"):
            read_ports(text)


def test_networks_of_ones_own_are_allowed_by_name_alone() -> None:
    own = Reach(networks=(ip_network("10.20.0.0/16"), ip_network("127.0.0.0/8")), ports=None)
    assert read_url("https://10.20.0.7:8443/", own).port == 8443
    assert own.check_addresses("x", ["10.20.0.7", "127.0.0.1"])
    for other in ("10.21.0.7", "192.168.0.1", "::1"):
        with pytest.raises(UnreachableError):
            own.check_addresses("x", [other])


def test_some_networks_are_refused_whatever_is_set() -> None:
    everything = Reach(networks=(ip_network("0.0.0.0/0"), ip_network("::/0")), ports=None)
    for network in NEVER:
        if network.prefixlen:
            assert everything.refusal(network[min(9, network.num_addresses - 1)]) is not None
    for network in LOOPBACK:
        assert everything.refusal(network[-1]) is None


@pytest.mark.parametrize(
    "found", [["8.8.8.8", "127.0.0.1"], ["2606:4700::1111", "::ffff:8.8.8.8"], [], ["8.8.8.8", "fe80::1%eth0"]]
)
def test_one_address_that_is_refused_refuses_them_all(found: list[str]) -> None:
    with pytest.raises(UnreachableError):
        OUTSIDE.check_addresses("example.org", found)


def test_a_name_with_very_many_addresses_is_refused() -> None:
    with pytest.raises(UnreachableError, match="33 addresses"):
        OUTSIDE.check_addresses("example.org", [f"8.8.8.{n}" for n in range(33)])


@given(st.one_of(st.integers(0, 2**32 - 1).map(IPv4Address), st.integers(0, 2**128 - 1).map(IPv6Address)))
def test_what_is_connected_to_is_of_the_public_internet(address: IPv4Address | IPv6Address) -> None:
    if OUTSIDE.refusal(address) is None:
        assert address.is_global
        assert not address.is_multicast
        assert not any((address.is_private, address.is_loopback, address.is_link_local, address.is_reserved))


@given(st.sampled_from([n for n in (*NEVER, *INSIDE) if n != ip_network("::/96")]), st.integers(0))
def test_every_address_of_a_special_network_is_refused(network: object, drawn: int) -> None:
    address = network[drawn % network.num_addresses]  # type: ignore[index, attr-defined]
    assert OUTSIDE.refusal(address) is not None


@given(st.text("0123456789abcdefx.", min_size=1, max_size=20))
def test_a_host_that_the_system_reads_as_a_private_address_is_never_taken(host: str) -> None:
    try:
        target = read_url(f"https://{host}/", OUTSIDE)
        system = ip_address(socket.inet_aton(host))
    except (UsageError, OSError):
        return
    assert target.literal == system
