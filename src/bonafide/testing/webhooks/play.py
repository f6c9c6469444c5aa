"""One fault played: messages are sent to a receiver that fails for a while and then is what it should be."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Final

from bonafide.office.outbox.clear import Draft, put_in
from bonafide.office.outbox.ladder import LADDER
from bonafide.office.outbox.pull import PAGE_MAX, Pulled, pull
from bonafide.office.outbox.signing import is_signed
from bonafide.office.store.database import Store
from bonafide.testing.webhooks.certificates import make_certificates
from bonafide.testing.webhooks.faults import TLS_NAMES, Fault
from bonafide.testing.webhooks.loop import WatchedLoop, attempts
from bonafide.testing.webhooks.made import Vault
from bonafide.testing.webhooks.receivers import Seen
from bonafide.testing.webhooks.result import Row
from bonafide.testing.webhooks.site import OUTSIDE, Memory, Site

STEPS: Final = 5
"""Steps of the ladder that a fault lasts for: about three quarters of an hour, by a clock that is moved."""
ROUND_MS: Final = 3_600_000
ROUNDS_MAX: Final = 48
"""Within so many hours after it everything is to be delivered."""


def play(fault: Fault, folder: Path, messages: int, subjects: int) -> Row:
    """Play a fault with so many messages about so many subjects; its files go into the folder."""
    began = perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    with asyncio.Runner(loop_factory=WatchedLoop) as runner:
        row = runner.run(_play(fault, Site(folder, subjects), folder, messages))
    row.seconds = perf_counter() - began
    return row


async def _play(fault: Fault, site: Site, folder: Path, messages: int) -> Row:
    row = Row(fault.name, fault.how)
    certificates = make_certificates(folder / "tls", *TLS_NAMES) if fault.is_tls else None
    await (site.open() if certificates is None else site.open(certificates.server, certificates.client))
    try:
        site.happen(1)
        await site.send()  # what a first send loads is not of the fault
        async with Memory() as memory:
            await fault.begin(site, certificates)
            site.happen(messages // 2)
            await _outlast(site, messages - 1 - messages // 2)
            fault.check(site, row)
            row.answer_bytes = site.receiver.sent_bytes // max(1, site.receiver.connections)
        row.growth_bytes = memory.growth_bytes
        await fault.end(site, certificates)
        site.recover()
        await _deliver(site)
        known = Vault(("merchant", "m1"), *(("user", user) for user in site.users))
        judge(row, fault, site.store, known, site.receiver.seen)
        secrets = site.destinations.secrets_of(site.row.destination_id, site.clock())
        unsigned = [
            one for one in site.receiver.seen
            if not is_signed(secrets, one.headers, one.body, int(one.headers["webhook-timestamp"]))
        ]  # fmt: skip
        row.differing += len(unsigned)
        row.tries = len(site.tries)
        row.private = sum(address != OUTSIDE for address in attempts()) + sum(one.connections for one in site.inside)
    finally:
        await site.close()
    return row


async def _outlast(site: Site, later: int) -> None:
    """Climb the ladder while the fault lasts; some messages come in the middle of it."""
    await site.send()
    for number, step in enumerate(LADDER[:STEPS]):
        if number == STEPS // 2:
            site.happen(later)
        await site.send(step.wait_ms + step.wait_ms // 5 + 1)


async def _deliver(site: Site) -> None:
    """Send until nothing waits."""
    for _ in range(ROUNDS_MAX):
        await site.send(ROUND_MS)
        counts = site.deliveries.counts()
        if not counts["queued"] and not counts["waiting"]:
            return


def judge(row: Row, fault: Fault | None, store: Store, known: Vault, seen: Sequence[Seen]) -> None:
    """Hold what came against what was to come."""
    messages = _all(store)
    clear = put_in([Draft(one.subject, one.body) for one in messages], known)
    body_of = {one.id: told.body for one, told in zip(messages, clear, strict=True)}
    rest_of = {one.id: one.body for one in messages}
    taken = list(dict.fromkeys(one.id for one in seen if one.took and one.id in body_of))
    row.messages, row.delivered = len(messages), len(taken)
    row.again = len(seen) - len({one.id for one in seen})
    row.tokens = sum(one.body == rest_of.get(one.id) for one in seen)
    may_have_tokens = fault is not None and fault.sends_tokens
    row.differing = sum(
        one.body != body_of.get(one.id) and not (may_have_tokens and one.body == rest_of.get(one.id)) for one in seen
    )
    row.unordered = _unordered(messages, taken)


def _all(store: Store) -> list[Pulled]:
    """Every message, as it is at rest."""
    found: list[Pulled] = []
    while page := pull(store, None, 0, found[-1].no if found else 0, limit=PAGE_MAX).messages:
        found += page
    return found


def _unordered(messages: Sequence[Pulled], taken: Sequence[str]) -> int:
    """How many messages were first taken after a later one about the same subject."""
    by_id, last, found = {one.id: one for one in messages}, dict[str, int](), 0
    for message_id in taken:
        one = by_id[message_id]
        found += one.no < last.get(one.subject, 0)
        last[one.subject] = max(one.no, last.get(one.subject, 0))
    return found


def play_all(
    faults: Sequence[Fault], folder: Path, messages: int, subjects: int, tell: Callable[[Row], None]
) -> list[Row]:
    """Play faults one after another, each in a folder of its own."""
    rows = []
    for number, fault in enumerate(faults):
        rows.append(play(fault, folder / f"{number:02d}", messages, subjects))
        tell(rows[-1])
    return rows
