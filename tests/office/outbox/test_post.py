"""One send against receivers that behave badly: what comes of it, where it went, and how much of it was read."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
import tracemalloc
from collections.abc import Sequence
from ipaddress import ip_network
from pathlib import Path

import pytest

from bonafide.office.outbox.carrier import Came, Kind, Parcel
from bonafide.office.outbox.reach import Reach
from bonafide.office.outbox.signing import is_signed, secret_for
from bonafide.office.outbox.webhooks import Webhooks
from tests.office.outbox.kit import HASTY, HERE, KEY, PATIENT, PRIVATE, START_MS, Receiver, run

SECRET = secret_for(KEY, "s")
SENT_BYTES_MAX = 8 * 2**20
"""What two sockets of loopback may hold of an answer that nobody reads."""
MEMORY_BYTES_MAX = 4 * 2**20
"""For four sends of a gigabyte each, what the receivers themselves hold included."""


async def send(receiver: Receiver, url: str | None = None, reach: Reach = HERE, **more: object) -> Came:
    parcel = Parcel(url or receiver.url(), "msg_1", "user:u1", b'{"a":1}')
    slow = {"is_slow": HASTY, "drips": HASTY._replace(whole=0.2)}
    timeouts = slow.get(receiver.mode, PATIENT)
    return await Webhooks(reach, timeouts=timeouts, **more).carry(parcel, [SECRET], START_MS)  # type: ignore[arg-type]


async def came_of(mode: str) -> tuple[Came, Receiver]:
    receiver, inside = Receiver(mode), Receiver()
    await receiver.start()
    await inside.start(PRIVATE, receiver.port)
    receiver.leads_to = inside.url("/inside", PRIVATE)
    came = await send(receiver)
    await receiver.stop()
    await inside.stop()
    assert inside.connections == 0
    return came, receiver


def test_what_is_taken_was_signed_and_said_who_it_is_for() -> None:
    came, receiver = run(came_of("takes"))
    (seen,) = receiver.seen
    assert came == Came(Kind.TAKEN)
    assert is_signed([SECRET], seen.headers, seen.body, START_MS // 1_000)
    assert (seen.path, seen.body) == ("/hooks", b'{"a":1}')
    assert seen.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert seen.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("mode", "kind", "told"),
    [
        ("fails", Kind.UNREACHED, "answered 500"),
        ("refuses", Kind.REFUSED, "answered 422"),
        ("is_busy", Kind.UNREACHED, "answered 429"),
        ("is_gone", Kind.GONE, "answered 410"),
        ("redirects", Kind.REFUSED, "answered 307: redirects are not followed"),
        ("is_slow", Kind.UNREACHED, "did not answer in time"),
        ("talks_nonsense", Kind.UNREACHED, "no HTTP"),
        ("closes", Kind.UNREACHED, "no HTTP"),
        ("closes_in_the_head", Kind.UNREACHED, "no HTTP"),
        ("closes_in_the_body", Kind.UNREACHED, "answered 500"),
        ("drips", Kind.UNREACHED, "did not answer in time"),
        ("down", Kind.UNREACHED, "cannot be reached"),
        ("floods_body", Kind.TAKEN, ""),
        ("floods_error", Kind.UNREACHED, "answered 503"),
        ("floods_head", Kind.UNREACHED, "no HTTP"),
        ("floods_interim", Kind.UNREACHED, "longer than"),
    ],
)
def test_what_comes_of_a_send(mode: str, kind: Kind, told: str) -> None:
    came, receiver = run(came_of(mode))
    assert (came.kind, told in came.told) == (kind, True), came
    assert receiver.connections == 1
    assert receiver.sent_bytes < SENT_BYTES_MAX
    assert "sorry" not in came.told


def test_a_receiver_may_ask_for_patience() -> None:
    came, _ = run(came_of("is_busy"))
    assert came.retry_after_ms == 7_200_000


@pytest.mark.parametrize("mode", ["floods_body", "floods_error", "floods_head", "floods_interim"])
def test_memory_does_not_grow_with_the_answer(mode: str) -> None:
    async def measured() -> int:
        receiver = Receiver(mode)
        await receiver.start()
        await send(receiver)
        tracemalloc.start()
        await asyncio.gather(*(send(receiver) for _ in range(4)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        await receiver.stop()
        return peak

    assert run(measured()) < MEMORY_BYTES_MAX


def test_a_port_that_nobody_listens_at_is_told() -> None:
    async def refused() -> Came:
        receiver = Receiver()
        await receiver.start()
        await receiver.stop()
        return await send(receiver)

    assert run(refused()).kind is Kind.UNREACHED


class Names:
    """A resolver whose answers are given, one for each time it is asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]


def test_a_name_is_resolved_once_for_a_send_and_the_connection_goes_where_it_was_checked() -> None:
    async def rebound() -> None:
        receiver, inside = Receiver(), Receiver()
        await receiver.start()
        await inside.start(PRIVATE, receiver.port)
        names = Names(["127.0.0.1"], [PRIVATE], ["127.0.0.1", PRIVATE])
        url = receiver.url(host="pay.example.org")
        assert (await send(receiver, url, resolver=names)).kind is Kind.TAKEN
        assert names.asked == ["pay.example.org"]
        assert receiver.seen[0].headers["host"] == f"pay.example.org:{receiver.port}"
        for _ in range(2):  # the name leads inside by now, and then to both
            came = await send(receiver, url, resolver=names)
            assert came.kind is Kind.UNREACHED
            assert f"leads to {PRIVATE}, which is private" in came.told
        assert (len(receiver.seen), inside.connections) == (1, 0)
        await receiver.stop()
        await inside.stop()

    run(rebound())


def test_the_next_address_is_tried_where_the_first_lets_nobody_in() -> None:
    async def second() -> None:
        receiver = Receiver()
        await receiver.start("127.0.0.1")
        reach = HERE._replace(networks=(*HERE.networks, ip_network("127.0.0.3/32")))
        names = Names(["127.0.0.3", "127.0.0.1"])
        assert (await send(receiver, receiver.url(host="a.example"), reach, resolver=names)).kind is Kind.TAKEN
        await receiver.stop()

    run(second())


def test_a_name_that_is_not_known_is_told() -> None:
    async def nobody(host: str, port: int) -> Sequence[str]:
        raise OSError(-2, "Name or service not known")

    async def asked() -> Came:
        receiver = Receiver()
        receiver.port = 1
        return await send(receiver, receiver.url(host="nobody.example"), resolver=nobody)

    assert run(asked()) == Came(Kind.UNREACHED, "the receiver cannot be reached: Name or service not known")


@pytest.mark.parametrize("host", ["localhost", "localhost.localdomain", "ip6-localhost"])
def test_the_systems_own_names_lead_nowhere(host: str) -> None:
    async def outside() -> Came:
        receiver = Receiver()
        await receiver.start()
        came = await send(receiver, receiver.url(host=host), Reach(ports=None, plain_http=True))
        await receiver.stop()
        assert receiver.connections == 0
        return came

    assert run(outside()).kind is Kind.UNREACHED


def test_without_a_secret_nothing_is_sent() -> None:
    async def unsigned() -> None:
        receiver = Receiver()
        await receiver.start()
        parcel = Parcel(receiver.url(), "msg_1", "user:u1", b"{}")
        came = await Webhooks(HERE, timeouts=PATIENT).carry(parcel, [], START_MS)
        assert came.kind is Kind.UNREACHED
        assert receiver.connections == 0
        await receiver.stop()

    run(unsigned())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for pay.example.org and its key, in one file."""
    if (openssl := shutil.which("openssl")) is None:
        pytest.skip("openssl is not here, so no certificate can be made for a test of TLS")
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=pay.example.org", "-addext", "subjectAltName=DNS:pay.example.org", "-keyout", file, "-out", "-"],
        check=True, capture_output=True,
    )  # fmt: skip
    made = subprocess.run(
        [openssl, "req", "-x509", "-key", file, "-days", "2", "-subj", "/CN=pay.example.org", "-addext",
         "subjectAltName=DNS:pay.example.org"],
        check=True, capture_output=True,
    )  # fmt: skip
    file.write_bytes(file.read_bytes() + made.stdout)
    return file


@pytest.mark.parametrize(
    ("host", "trusts", "kind"),
    [("pay.example.org", True, Kind.TAKEN), ("other.example.org", True, Kind.UNREACHED),
     ("pay.example.org", False, Kind.UNREACHED)],
)  # fmt: skip
def test_the_certificate_must_be_of_the_name_and_not_of_the_address(
    certificate: Path, host: str, trusts: bool, kind: Kind
) -> None:
    asked: list[str | None] = []
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(certificate)
    ours.sni_callback = lambda _, name, __: asked.append(name)

    async def sent() -> Came:
        receiver = Receiver()
        await receiver.start(tls=ours)
        url = receiver.url(host=host).replace("http:", "https:")
        tls = ssl.create_default_context(cafile=str(certificate) if trusts else None)
        came = await send(receiver, url, resolver=Names(["127.0.0.1"]), tls=tls)
        await receiver.stop()
        return came

    came = run(sent())
    assert (came.kind, asked) == (kind, [host]), came
    assert kind is Kind.TAKEN or "TLS with the receiver failed" in came.told
