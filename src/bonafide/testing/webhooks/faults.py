"""Every way in which a receiver fails, by name, in the order in which they are played."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple

from bonafide.office.outbox.carrier import Kind
from bonafide.office.outbox.clear import UNKNOWN_WAIT_S
from bonafide.office.outbox.destinations import PAUSED
from bonafide.testing.webhooks.certificates import Certificates
from bonafide.testing.webhooks.result import Row
from bonafide.testing.webhooks.site import OUTSIDE, Names, Site

PRIVATE: Final = (
    "127.0.0.1", "127.0.0.2", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
    "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
)  # fmt: skip
"""Addresses that a name leads to and that nothing may connect to."""
ASKED_MS: Final = 7_200_000
"""For how long a receiver that is busy asks to be left alone (Retry-After)."""
_OTHER_NAME: Final = "other.example.org"
TLS_NAMES: Final = ("pay.example.org", _OTHER_NAME)
Do = Callable[[Site, Certificates | None], Awaitable[None]]
Check = Callable[[Site, Row], None]


class Fault(NamedTuple):
    """One way to fail."""

    name: str
    how: str
    begin: Do
    end: Do
    check: Check
    """What else holds while it lasts; called at its end."""
    is_tls: bool = False
    sends_tokens: bool = False
    """Whether messages may leave with tokens."""


async def _nothing(site: Site, _: Certificates | None) -> None:
    """What `Site.recover` does is enough."""


def _no_more(site: Site, row: Row) -> None:
    """Nothing else is to hold."""


def _mode(mode: str, leads_to: str = "") -> Do:
    async def begin(site: Site, _: Certificates | None) -> None:
        site.receiver.mode = mode
        site.receiver.leads_to = leads_to.format(port=site.receiver.port)

    return begin


def _names(*answers: Sequence[str]) -> Do:
    async def begin(site: Site, _: Certificates | None) -> None:
        site.names = Names(*answers)

    return begin


def _shows(name: str) -> Do:
    async def change(site: Site, certificates: Certificates | None) -> None:
        if certificates is not None:
            certificates.shows.append(name)

    return change


async def _stop(site: Site, _: Certificates | None) -> None:
    await site.receiver.stop()


async def _start_again(site: Site, _: Certificates | None) -> None:
    await site.receiver.start(OUTSIDE, site.receiver.port)


async def _vault_away(site: Site, _: Certificates | None) -> None:
    site.vault.is_away = True


async def _vault_empty(site: Site, _: Certificates | None) -> None:
    site.vault.texts = {}


def _is_paused(site: Site, row: Row) -> None:
    state = site.destinations.get(site.row.destination_id).state
    row.expect(state == PAUSED, f"a receiver that is gone is {state}")
    gone = [one for one in site.tries if one.came.kind is Kind.GONE]
    row.expect(1 <= len(gone) <= 4, f"it was sent to {len(gone)} times")


def _is_left_alone(site: Site, row: Row) -> None:
    told = [one for one in site.tries if one.came.retry_after_ms]
    row.expect(bool(told), "nothing was answered with Retry-After")
    for one in told:
        soon = [x for x in site.tries if x.message_id == one.message_id and 0 < x.at_ms - one.at_ms < ASKED_MS]
        row.expect(not soon, f"{one.message_id} was sent again before its time")


def _nothing_left(site: Site, row: Row) -> None:
    warm = 1
    row.expect(len(site.tries) == warm, f"{len(site.tries) - warm} messages left while the vault was away")


def _waited(site: Site, row: Row) -> None:
    begun = site.tries[0].at_ms
    early = [one for one in site.tries[1:] if one.at_ms - begun < UNKNOWN_WAIT_S * 1_000]
    row.expect(not early, f"{len(early)} messages left with a token before {UNKNOWN_WAIT_S} s had passed")
    row.expect(len(site.tries) > 1, "no message left with its token")


def _plain(name: str, how: str, begin: Do, check: Check = _no_more, end: Do = _nothing) -> Fault:
    return Fault(name, how, begin, end, check)


FAULTS: Final[dict[str, Fault]] = {
    fault.name: fault
    for fault in (
        _plain("down", "nobody listens at its port", _stop, end=_start_again),
        _plain("silent", "it takes the connection, reads nothing and says nothing", _mode("down")),
        _plain("failing", "it answers 500", _mode("fails")),
        _plain("refusing", "it answers 422", _mode("refuses")),
        _plain("slow", "it takes the message and answers after the sender's patience has ended", _mode("is_slow")),
        _plain("dripping head", "it answers byte by byte, and no head comes to its end", _mode("drips")),
        _plain("dripping body", "it answers 503 and a body byte by byte", _mode("drips_body")),
        _plain("redirects to itself", "it answers 307 to its own URL",
               _mode("redirects", f"http://{OUTSIDE}:{{port}}/hooks")),
        _plain("redirects inside", "it answers 307 to a private address",
               _mode("redirects", "http://127.0.0.1:{port}/inside")),
        _plain("private names", f"its name leads to {len(PRIVATE)} private addresses in turn",
               _names(*([one] for one in PRIVATE))),
        _plain("mixed names", "its name leads to a public and a private address at once",
               _names([OUTSIDE, "127.0.0.1"], ["::1", OUTSIDE], ["10.0.0.1", OUTSIDE])),
        _plain("rebinding", "its name leads outside when it is first asked for, and inside the next time",
               _names([OUTSIDE], ["127.0.0.1"], [OUTSIDE], ["::1"], [OUTSIDE], ["169.254.169.254"])),
        _plain("gigabyte body", "it answers 200 and a gigabyte", _mode("floods_body")),
        _plain("gigabyte error", "it answers 503 and a gigabyte in chunks", _mode("floods_error")),
        _plain("gigabyte head", "it answers with a head of a gigabyte", _mode("floods_head")),
        _plain("gigabyte of interim answers", "it answers 103 again and again", _mode("floods_interim")),
        _plain("garbage", "it answers with what is no HTTP", _mode("talks_nonsense")),
        _plain("closing", "it closes the connection without an answer", _mode("closes")),
        _plain("closing in the head", "it closes in the middle of the answer's head", _mode("closes_in_the_head")),
        _plain("closing in the body", "it closes in the middle of an error's body", _mode("closes_in_the_body")),
        _plain("gone", "it answers 410, and a person lets it go on later", _mode("is_gone"), _is_paused),
        _plain("busy", "it answers 429 with Retry-After of two hours", _mode("is_busy"), _is_left_alone),
        Fault("TLS of another name", "its certificate is of another host", _shows(_OTHER_NAME),
              _shows(TLS_NAMES[0]), _no_more, is_tls=True),
        Fault("TLS of a stranger", "nobody trusts who issued its certificate", _shows("nobody"),
              _shows(TLS_NAMES[0]), _no_more, is_tls=True),
        _plain("vault away", "the store that knows ids cannot be read", _vault_away, _nothing_left),
        Fault("vault empty", "nobody knows the ids, for longer than a message waits", _vault_empty, _nothing,
              _waited, sends_tokens=True),
    )
}  # fmt: skip
