"""Over a real socket: what only a connection and a process can show."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from bonafide.apps.server.listening import open_socket, tls_of
from bonafide.core.errors import UsageError
from tests.apps.server.client import encoded, payment
from tests.apps.server.standin import KEY, TestSettings
from tests.house.tree import ROOT

WAIT_S = 60.0
HEAD = (
    f"POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n".encode()
)


class Running:
    """A server process over the stand-in."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url
        self.port = int(url.rpartition(":")[2])

    def talk(self, *parts: bytes) -> bytes:
        """What comes back until the server closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), WAIT_S) as connection:
            for part in parts:
                connection.sendall(part)
            return b"".join(iter(lambda: connection.recv(65_536), b""))

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[HTTPResponse, bytes]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)) as connection:
            connection.request(method, path, body, {"authorization": f"Bearer {KEY}", **named})
            got = connection.getresponse()
            return got, got.read()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Its exit code and what it logged."""
        self.process.send_signal(number)
        _, logged = self.process.communicate(timeout=WAIT_S)
        return self.process.returncode, logged


@contextmanager
def running(**settings: Any) -> Iterator[Running]:
    command = [sys.executable, "-m", "tests.apps.server.standin_serve", json.dumps(settings)]
    process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("ready http"), process.communicate()[1]
        yield Running(process, line.split()[1])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running(header_timeout_ms=100, body_timeout_ms=300, body_bytes_max=100_000, connections_max=8) as found:
        yield found


def test_a_payment_is_decided_and_found_again_by_an_id_with_slashes(server: Running) -> None:
    event = payment("a/b?ü", time=int(time.time() * 1_000))
    got, decided = server.ask("POST", "/v1/events", encoded(event), content_type="application/json")
    assert (got.status, got.getheader("server")) == (200, None)
    again, found = server.ask("GET", "/v1/decisions/a%2Fb%3F%C3%BC")
    assert (again.status, found) == (200, decided)


def test_a_body_that_is_too_large_is_told_to_a_client_that_reads_only_after_it_has_sent(server: Running) -> None:
    got, body = server.ask("POST", "/v1/events", b"x" * 3_000_000, content_type="application/json")
    assert (got.status, json.loads(body)["status"]) == (413, 413)


def test_a_client_that_waits_for_permission_never_sends_what_is_too_large(server: Running) -> None:
    told = server.talk(HEAD + b"content-length: 200000\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /v1/events HTTP/1.1\r\nhost: x\r\nx: ", b"408"),
        (b"POST /v1/events HTTP/1.1\r\nx: " + b"y" * 70_000, b"431"),
        (b"POST /v1/events HTTP/1.1\r\nx: " + b"y" * 100_000 + b"\r\ncontent-length: 2\r\n\r\n{}", b"431"),
        (b"GET /" + b"y" * 66_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n" * 2, b"431"),
        (b"GET / HTTP/1.1\r\n" + b"aaaa: b\r\n" * 8_000 + b"\r\n", b"431"),
        (b"hello\r\n\r\n", b"400"),
        (HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\n", b"400"),
        (HEAD + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", b"400"),
        (b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n", b"400"),
        (HEAD + b"content-length: 10\r\n\r\n{", b"408"),
        (HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\n{", b"408"),
    ],
    ids=[
        "slow",
        "large",
        "large and whole",
        "large target",
        "many headers",
        "not HTTP",
        "two lengths",
        "length and chunks",
        "path",
        "slow body",
        "slow chunks",
    ],
)
def test_what_never_becomes_a_request_is_answered_and_closed(server: Running, head: bytes, status: bytes) -> None:
    told = server.talk(head)
    assert told.startswith(b"HTTP/1.1 " + status)
    assert b"application/problem+json" in told
    assert b"nosniff" in told


def test_a_connection_that_says_nothing_is_closed(server: Running) -> None:
    assert server.talk() == b""


def test_requests_that_follow_one_another_on_a_connection_are_answered_in_order(server: Running) -> None:
    bodies = [encoded(payment(f"q{n}", time=int(time.time() * 1_000))) for n in range(3)]
    requests = [HEAD + b"content-length: %d\r\n\r\n" % len(body) + body for body in bodies]
    requests[-1] = requests[-1].replace(b"host: x", b"connection: close")
    told = server.talk(b"".join(requests))
    assert [told.index(f'"q{n}"'.encode()) for n in range(3)] == sorted(
        told.index(f'"q{n}"'.encode()) for n in range(3)
    )


def test_many_requests_in_one_piece_are_no_large_head(server: Running) -> None:
    one = b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 1_000 + b"\r\n\r\n"
    told = server.talk(one * 99 + one.replace(b"host: x", b"host: x\r\nconnection: close"))
    assert (told.count(b"HTTP/1.1 200"), told.count(b"HTTP/1.1 ")) == (100, 100)


def test_one_connection_too_many_is_turned_away(server: Running) -> None:
    with socket.socket() as first:
        first.connect(("127.0.0.1", server.port))
        others = [socket.create_connection(("127.0.0.1", server.port), WAIT_S) for _ in range(12)]
        turned_away = [other.recv(65_536) for other in others]
    assert any(told.startswith(b"HTTP/1.1 503") for told in turned_away)
    for other in others:
        other.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(number: int) -> None:
    with running() as server, closing(HTTPConnection("127.0.0.1", server.port, timeout=WAIT_S)) as connection:
        connection.request("GET", "/readyz")
        connection.getresponse().read()
        code, logged = server.stop(number)
    assert code == 0
    assert [json.loads(line)["event"] for line in logged.splitlines()][-1] == "stopped"


def test_a_second_signal_ends_it_at_once() -> None:
    with running(body_timeout_ms=60_000, grace_s=60) as server, socket.socket() as waiting:
        waiting.connect(("127.0.0.1", server.port))
        waiting.sendall(HEAD + b"content-length: 10\r\n\r\n{")
        while b"bonafide_in_flight_requests 1.0" not in server.ask("GET", "/metrics")[1]:
            pass
        server.process.send_signal(signal.SIGTERM)
        assert server.process.stderr is not None
        while "stopping" not in server.process.stderr.readline():
            pass
        code, logged = server.stop()
    assert code == 0
    assert "stopped-at-once" in logged


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


def test_tls_is_spoken_with_the_given_pair(pair: tuple[Path, Path]) -> None:
    certificate, key = pair
    with running(tls_certificate=str(certificate), tls_key=str(key)) as server:
        assert server.url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=str(certificate))
        with (
            socket.create_connection(("127.0.0.1", server.port), WAIT_S) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
        ):
            connection.sendall(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            got = connection.recv(65_536)
            assert got.startswith(b"HTTP/1.1 200")
            assert b"strict-transport-security: max-age=31536000\r\n" in got
            assert connection.version() == "TLSv1.3"


def test_a_pair_that_is_none_is_refused_in_words(pair: tuple[Path, Path], tmp_path: Path) -> None:
    certificate, key = pair
    for wrong in ((key, certificate), (certificate, certificate), (tmp_path / "nowhere", key)):
        settings = TestSettings(tls_certificate=str(wrong[0]), tls_key=str(wrong[1]))
        with pytest.raises(UsageError, match="tls_certificate"):
            tls_of(settings)


def test_a_port_in_use_is_refused_in_words() -> None:
    with open_socket(TestSettings()) as taken:
        settings = TestSettings(port=taken.getsockname()[1])
        with pytest.raises(UsageError, match=r"listens on .* already"):
            open_socket(settings)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_a_host_that_is_not_this_machine_is_refused_in_words(host: str) -> None:
    with pytest.raises(UsageError, match=r"--host .* give an address of this machine"):
        open_socket(TestSettings(host=host))
