"""Durable decisions over HTTP: the server on one core, its clients on another, beside a server that does nothing.

Each side starts its server in a fresh folder, sends single events and then arrays over 32 connections, each of which
sends again as soon as it is answered, and asks for /healthz every 5 ms beside it: what that takes longest bounds every
stall of the server's event loop from above (clients that were busy themselves count too).
"""

from __future__ import annotations

import os
import sys
import time
from itertools import islice, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from bonafide.testing.faults.server import Launch, Server
from bonafide.testing.load import (
    Feed,
    Ledger,
    Load,
    Platform,
    Shot,
    Tally,
    arrays,
    probe,
    run_beside,
    singles,
)
from bonafide.testing.reliability.site import make_key

from .stage import Bound, Measured, Ran, Side, Size, Stage, no_inputs

CONNECTIONS: Final = 32
ARRAY: Final = 256
PROBE_RATE: Final = 200.0
"""Times a second that the event loop is looked at."""
SEED: Final = 7
BEHIND_MS: Final = 600_000
"""How far behind the clock the events' own times begin."""
EMPTY: Final = (sys.executable, "-m", "bonafide.testing.load.empty")


class Seen(NamedTuple):
    """What the clients of one server saw."""

    single: Tally
    array: Tally
    probed_us: int
    """The longest that /healthz took."""
    rss_bytes: int


class Cores(NamedTuple):
    """One for the server, one for its clients; the same where there is only one."""

    server: int | None
    clients: int | None


def cores() -> Cores:
    """The last and the first that this process may use."""
    if not hasattr(os, "sched_setaffinity"):
        return Cores(None, None)
    usable = sorted(os.sched_getaffinity(0))
    return Cores(usable[-1], usable[0])


def measure(server: Server, key: str, events: int, array_events: int, ledger: Ledger | None) -> Seen:
    """Warm a server that runs, then send it single events and arrays, all made beforehand."""
    platform = Platform(SEED, time.time_ns() // 1_000_000 - BEHIND_MS)
    warm = list(singles(islice(platform, max(events // 20, 200)), key))
    single = list(singles(islice(platform, events), key))
    array = list(arrays(islice(platform, array_events), key, ARRAY))
    _beside_probe(server.port, warm, ledger)
    first, probed = _beside_probe(server.port, single, ledger)
    second, again = _beside_probe(server.port, array, ledger)
    return Seen(first, second, max(probed.admitted.max_us, again.admitted.max_us), server.rss_bytes())


def _beside_probe(port: int, shots: list[Shot], ledger: Ledger | None) -> tuple[Tally, Tally]:
    return run_beside(
        lambda: Load(port, Feed(shots), ledger, connections=CONNECTIONS),
        lambda: Load(port, Feed(repeat(probe("/healthz"))), connections=4, rate=PROBE_RATE),
    )


def pinned() -> Cores:
    """Keep this process to the clients' core; which ones they are."""
    chosen = cores()
    if chosen.clients is not None:
        os.sched_setaffinity(0, {chosen.clients})
    return chosen


def _bonafide(folder: Path, size: Size) -> Ran:
    """Every acknowledged event is on disk before its answer leaves."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    with TemporaryDirectory(dir=folder) as inner, Server(Path(inner) / "data") as server:
        key, ledger = make_key(server.launch, server.data), Ledger()
        chosen = pinned()
        if server.start(core=chosen.server) is None:
            raise RuntimeError(f"the server did not start: {server.last_words()}")
        seen = measure(server, key, size["single events"], size["array events"], ledger)
    if usable:
        os.sched_setaffinity(0, usable)
    notes = (f"answers other than taken: {dict(ledger.refused)}",) if ledger.refused else ()
    return Ran(
        {
            SINGLE: seen.single.events_per_second, P50: seen.single.admitted.quantile_ms(0.5),
            P99: seen.single.admitted.quantile_ms(0.99), IN_ARRAYS: seen.array.events_per_second,
            STALL: seen.probed_us / 1e3, MEMORY: seen.rss_bytes,
        },
        notes, False if ledger.refused else None,
    )  # fmt: skip


def _empty(folder: Path, size: Size) -> Ran:
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    with Server(folder / "nothing", Launch(EMPTY)) as server:
        chosen = pinned()
        if server.start(core=chosen.server) is None:
            raise RuntimeError(f"the server did not start: {server.last_words()}")
        seen = measure(server, "bf_none_none", size["single events"], size["array events"], None)
    if usable:
        os.sched_setaffinity(0, usable)
    return Ran({
        EMPTY_SINGLE: seen.single.events_per_second, EMPTY_P50: seen.single.admitted.quantile_ms(0.5),
        EMPTY_P99: seen.single.admitted.quantile_ms(0.99), EMPTY_ARRAYS: seen.array.events_per_second,
    })  # fmt: skip


SINGLE: Final = "single events, durable"
P50: Final = "single event, p50"
P99: Final = "single event, p99"
IN_ARRAYS: Final = f"arrays of {ARRAY}, durable"
STALL: Final = "longest answer of /healthz meanwhile"
MEMORY: Final = "memory of the server afterwards"
EMPTY_SINGLE: Final = "empty server: single events"
EMPTY_P50: Final = "empty server: single event, p50"
EMPTY_P99: Final = "empty server: single event, p99"
EMPTY_ARRAYS: Final = f"empty server: arrays of {ARRAY}"

STAGE: Final = Stage(
    "service", f"durable decisions over HTTP, {CONNECTIONS} connections, a core for the server and one for its clients",
    no_inputs,
    {
        "bonafide": Side(_bonafide, {
            SINGLE: Measured("events/s", target=Bound(">=", 6_000)), P50: Measured("ms", target=Bound("<=", 6)),
            P99: Measured("ms"), IN_ARRAYS: Measured("events/s", target=Bound(">=", 40_000)),
            STALL: Measured("ms", target=Bound("<=", 100)), MEMORY: Measured("bytes"),
        }),
        "empty": Side(_empty, {
            EMPTY_SINGLE: Measured("events/s", beside=SINGLE), EMPTY_P50: Measured("ms", beside=P50),
            EMPTY_P99: Measured("ms", beside=P99), EMPTY_ARRAYS: Measured("events/s", beside=IN_ARRAYS),
        }),
    },
    {
        "quick": {"single events": 15_000, "array events": 100_000},
        "normal": {"single events": 60_000, "array events": 400_000},
        "full": {"single events": 300_000, "array events": 2_000_000},
    },
    notes=(
        "the empty server is uvicorn (httptools, uvloop) that reads each body and answers the same 400 bytes: no key, "
        "no decoding, no decision, no disk",
    ),
    ratio="bonafide is",
)  # fmt: skip
