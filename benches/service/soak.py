"""One load for minutes: what is taken, how long answers take, and what memory does meanwhile."""

from __future__ import annotations

import threading
import time
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from msgspec import Struct

from benches.speed.service import BEHIND_MS, CONNECTIONS, PROBE_RATE, SEED, pinned
from bonafide.testing.faults.server import Server
from bonafide.testing.load import Feed, Ledger, Load, Platform, probe, run_beside, singles
from bonafide.testing.reliability.site import make_key

EVERY_S: Final = 1.0
SHOWN: Final = 9
"""Moments of the run whose memory is shown."""


class Soaked(Struct):
    """What a soak saw."""

    seconds: float
    events: int
    events_per_second: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    stall_ms: float
    """The longest that /healthz took."""
    refused: dict[str, int]
    at_s: list[float]
    rss_bytes: list[int]
    state_bytes: list[int]
    """What the engine remembers of the events, which grows with them as long as windows are not full."""
    taken: list[int]
    """Events acknowledged by then."""
    bytes_per_event: float
    """Slope of memory over events in the second half."""
    bytes_per_minute: float
    """Slope of memory over time in the second half."""
    beyond_state_bytes_per_minute: float
    """The same of memory without what the engine remembers."""


def soak(seconds: float, rate: float | None = None) -> Soaked:
    """Load a fresh server for so long, at a rate or with as much as it takes."""
    at_s: list[float] = []
    rss: list[int] = []
    state: list[int] = []
    taken: list[int] = []
    over = threading.Event()
    with TemporaryDirectory(prefix="bonafide-soak-") as inner, Server(Path(inner) / "data") as server:
        key, ledger, chosen = make_key(server.launch, server.data), Ledger(), pinned()
        if server.start(core=chosen.server) is None:
            raise RuntimeError(f"the server did not start: {server.last_words()}")
        feed = Feed(singles(Platform(SEED, time.time_ns() // 1_000_000 - BEHIND_MS), key))

        def sample() -> None:
            began = time.perf_counter()
            while not over.wait(EVERY_S):
                at_s.append(time.perf_counter() - began)
                state.append(server.state_bytes())
                rss.append(server.rss_bytes())
                taken.append(ledger.acknowledged)

        watching = threading.Thread(target=sample, daemon=True)
        watching.start()
        tally, probed = run_beside(
            lambda: Load(server.port, feed, ledger, connections=CONNECTIONS, rate=rate),
            lambda: Load(server.port, Feed(repeat(probe("/healthz"))), connections=4, rate=PROBE_RATE),
            seconds,
        )
        over.set()
        watching.join()
    half = len(rss) // 2
    beyond = [all_of_it - kept for all_of_it, kept in zip(rss, state, strict=True)]
    return Soaked(
        tally.seconds, ledger.acknowledged, tally.events_per_second, tally.admitted.quantile_ms(0.5),
        tally.admitted.quantile_ms(0.99), tally.admitted.max_us / 1e3, probed.admitted.max_us / 1e3,
        {str(status): count for status, count in ledger.refused.items()}, at_s, rss, state, taken,
        _slope(taken[half:], rss[half:]), 60 * _slope(at_s[half:], rss[half:]),
        60 * _slope(at_s[half:], beyond[half:]),
    )  # fmt: skip


def soak_text(told: Soaked) -> str:
    """A soak for a reader."""
    lines = [
        f"soak of {told.seconds / 60:.1f} minutes: {told.events:,} events, {told.events_per_second:,.0f} events/s, "
        f"p50 {told.p50_ms:.1f} ms, p99 {told.p99_ms:.1f} ms, longest {told.longest_ms:.0f} ms",
        f"longest answer of /healthz: {told.stall_ms:.0f} ms; refused: {told.refused or 'none'}",
        f"memory in the second half: {told.bytes_per_minute / 1e6:+.2f} MB a minute, {told.bytes_per_event:+.0f} bytes "
        "an event taken; without what the engine remembers "
        f"{told.beyond_state_bytes_per_minute / 1e6:+.2f} MB a minute",
    ]
    step = max(1, len(told.at_s) // SHOWN)
    lines += [
        f"  {told.at_s[i]:>7.0f} s {told.taken[i]:>12,} events {told.rss_bytes[i] / 1e6:>8.0f} MB, "
        f"{told.state_bytes[i] / 1e6:.0f} MB of it remembered"
        for i in range(0, len(told.at_s), step)
    ]
    return "\n".join(lines)


def _slope(x: list[int] | list[float], y: list[int]) -> float:
    """Least squares; 0 of fewer than two different places."""
    if len(set(x)) < 2:
        return 0.0
    return float(np.polyfit(np.array(x, dtype=np.float64), np.array(y, dtype=np.float64), 1)[0])
