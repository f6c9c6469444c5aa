"""Activations under load: `python -m benches.activation` decides a million events while twenty bundles take over.

It prints how long answers stayed away around each activation, beside the longest times without one, and holds every
decision in the journal against the bundle that the log has in force at its place. The way is the service's own: line,
engine, journal and disk, without HTTP.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from bonafide.apps.runtime.activation import bundle_at, giving_way
from bonafide.apps.runtime.runtime import Limits, Runtime
from bonafide.core.events import Fact, Login, Payment
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.engine import DEFAULT_SECRET, Engine
from bonafide.engine.kernels import load_kernels
from bonafide.engine.shipped import find_bundle
from bonafide.office.bundles.kept import keep_bundle, load_kept
from bonafide.office.journal.journal import Journal

START_MS: Final = 1_767_601_800_000
ARRAY: Final = 32
CLIENTS: Final = 4
NEAR_S: Final = 0.05
"""An answer that stays away so shortly before or after an activation counts as its doing."""
_WIDER: Final = (
    "- {name: bench_sum_%dm, event: payment, by: merchant_id, take: sum, of: amount, over: %dm, note: for the bench}\n"
)


class Swap(NamedTuple):
    """One activation, on the clock of the run."""

    asked: float
    done: float
    warm: bool
    held_s: float
    """How long the deciding thread was held up, its commit included."""
    worked_s: float
    """How long it worked meanwhile."""


class Run(NamedTuple):
    """What a run gave."""

    events: int
    seconds: float
    swaps: list[Swap]
    answers: list[float]
    """When each array was answered."""

    def gaps(self) -> list[tuple[float, float]]:
        """(when it ended, how long) of every time between two answers."""
        return [(b, b - a) for a, b in zip(self.answers, self.answers[1:], strict=False)]

    def longest_near(self, swap: Swap) -> float:
        """The longest time without an answer that touches an activation."""
        return max((gap for end, gap in self.gaps() if _touches(swap, end, gap)), default=0.0)

    def longest_away(self) -> float:
        """The longest time without an answer that touches none."""
        return max((gap for end, gap in self.gaps() if not any(_touches(s, end, gap) for s in self.swaps)), default=0.0)


def _touches(swap: Swap, end: float, gap: float) -> bool:
    return end > swap.asked and end - gap < swap.done + NEAR_S


def make_bundles(folder: Path, number: int, warm: int) -> list[Bundle]:
    """Variants of the shipped bundle, kept as the service keeps them; the last `warm` need more than is kept."""
    made = []
    for i in range(number):
        source = folder / f"variant-{i}"
        shutil.copytree(find_bundle("paylater"), source)
        rules = source / "rules.yaml"
        rules.write_text(rules.read_text(encoding="utf-8") + f"\n# variant {i}\n", encoding="utf-8")
        if i >= number - warm:
            with (source / "features.yaml").open("a", encoding="utf-8") as file:
                file.write(_WIDER % (7 + i, 7 + i))
        bundle = load_bundle(source)
        keep_bundle(source, folder, bundle.hash)
        made.append(bundle)
    return made


def events_of(first: int, count: int) -> list[Fact]:
    """Payments and logins of a platform of some ten thousand users; a second of log time holds a thousand events."""
    made: list[Fact] = []
    for i in range(first, first + count):
        user, at = f"u{i * 7919 % 20_011}", START_MS + i
        if i % 8 == 0:
            made.append(Login(event_id=f"e{i}", time=at, subject_type="user", subject_id=user, device_id=f"d{user}"))
        else:
            made.append(Payment(
                event_id=f"e{i}", time=at, user_id=user, merchant_id=f"m{i * 104_729 % 997}", order_id=f"o{i}",
                amount=1_000 + i * 31 % 90_000, currency="CNY", device_id=f"d{user}", credit_limit=1_000_000,
            ))  # fmt: skip
    return made


def _spent(runtime: Runtime) -> tuple[float, float]:
    return runtime.figures.switch_seconds.total, runtime.figures.switch_processor_seconds.total


def _take_over(runtime: Runtime, content: str) -> int:
    with giving_way():
        return runtime.activate(load_kept(runtime.journal.folder, content))


class _Key:
    key_id = "bench"


async def decide(
    runtime: Runtime, events: int, bundles: Sequence[Bundle], swaps: int, rate: int, *, tell: bool = False
) -> Run:  # fmt: skip
    """Decide so many events, `rate` of them a second where it is not 0, and have a bundle take over after every equal
    part of them. tell: print how many are answered, as they are."""
    answers: list[float] = []
    found: list[Swap] = []
    given = 0
    begun = time.perf_counter()

    async def client() -> None:
        nonlocal given
        while given < events:
            first, given = given, given + ARRAY
            late = time.perf_counter() - begun - first / rate if rate else 0.0
            if late < 0:
                await asyncio.sleep(-late)
            some = events_of(first, min(ARRAY, events - first))
            replies = await runtime.decide(some, None, _Key())
            answers.append(time.perf_counter())
            if tell:
                print(len(answers) * ARRAY, flush=True)
            wrong = [reply.status for reply in replies if reply.status not in (200, 202)]
            if wrong:
                raise SystemExit(f"an event was not taken in: {wrong[:3]}")

    async def activate() -> None:
        for i in range(swaps):
            while len(answers) * ARRAY < (i + 1) * events / (swaps + 1):
                await asyncio.sleep(0.002)
            bundle, seen = bundles[i % len(bundles)], _spent(runtime)
            state = runtime.engine.state
            asked = time.perf_counter()
            # As the service does it: read from the kept folder, hashed and compiled in a thread of its own.
            await asyncio.to_thread(_take_over, runtime, bundle.hash)
            warmed = runtime.engine.state is not state
            found.append(
                Swap(asked, time.perf_counter(), warmed, *(b - a for a, b in zip(seen, _spent(runtime), strict=True)))
            )

    await asyncio.gather(activate(), *(client() for _ in range(CLIENTS)))
    return Run(events, time.perf_counter() - begun, found, answers)


def check_pinned(folder: Path, events: int, *, at_least: bool = False) -> int:
    """Decisions in a journal whose bundle is the one in force at their place. SystemExit where one is not, or where one
    of so many events is missing (`at_least`: more may be there, whose answers nobody saw)."""
    journal = Journal.open(folder)
    try:
        activations, taken, decided, force = journal.head.activations, 0, 0, ""
        for first, records in journal.commits():
            for seq, record in enumerate(records, first):
                event, answer = msgspec.json.decode(record.content), msgspec.json.decode(record.answer)
                force = force or activations[0][1]
                if bundle_at(activations, seq) != force or answer.get("bundle", force) != force:
                    raise SystemExit(f"event {seq} says {answer.get('bundle')}, and {force} is in force")
                decided += "bundle" in answer
                taken += event["type"] != "bundle_activated"
                force = event["bundle"] if event["type"] == "bundle_activated" else force
    finally:
        journal.close()
    if taken < events or (taken > events and not at_least):
        raise SystemExit(f"{events} events were answered, and the journal holds {taken}")
    return decided


def run(
    folder: Path, events: int, swaps: int, warm: int = 0, rate: int = 0, kinds: int = 5, *, tell: bool = False
) -> tuple[Run, int]:  # fmt: skip
    """A run in an empty folder; returns it, and how many decisions were held against the log."""
    bundles = make_bundles(folder, kinds, warm)
    first = load_bundle(find_bundle("paylater"))
    keep_bundle(find_bundle("paylater"), folder, first.hash)
    kernels = load_kernels()

    async def use() -> Run:
        runtime = Runtime(
            lambda: Engine(first, secret=DEFAULT_SECRET, kernels=kernels), Journal.open(folder), folder,
            Limits(deadline_ms=60_000), wall_ms=lambda: int(time.time() * 1_000), say=lambda text: print(text),
        )  # fmt: skip
        runtime.start()
        runtime.run(asyncio.get_running_loop())
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000)
        try:
            return await decide(runtime, events, bundles, swaps, rate, tell=tell)
        finally:
            await runtime.stop()

    return asyncio.run(use()), check_pinned(folder, events)


def text_of(found: Run, decided: int) -> str:
    """A run as people read it."""
    lines = [
        f"{found.events:,} events in {found.seconds:.1f} s, {found.events / found.seconds:,.0f} a second; "
        f"{len(found.swaps)} activations; all {decided:,} decisions say the bundle in force at their place",
        f"longest time without an answer, no activation near: {found.longest_away() * 1e3:.1f} ms",
    ]
    for kind, warmed in (("at once", False), ("warmed", True)):
        some = [swap for swap in found.swaps if swap.warm == warmed]
        if some:
            lines.append(
                f"{kind} ({len(some)}): longest time without an answer {_spread(map(found.longest_near, some))}; "
                f"deciding thread held up {_spread(swap.held_s for swap in some)}, of which it worked "
                f"{_spread(swap.worked_s for swap in some)}; from asked to done "
                f"{_spread(swap.done - swap.asked for swap in some)}"
            )
    return "\n".join(lines)


def _spread(seconds: Iterable[float]) -> str:
    told = sorted(one * 1e3 for one in seconds)
    return f"{told[-1]:.1f} ms at most (median {told[len(told) // 2]:.1f})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benches.activation", description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--swaps", type=int, default=20)
    parser.add_argument("--warm", type=int, default=1, choices=(0, 1), help="whether one kind in five needs warming")
    parser.add_argument("--rate", type=int, default=6_000, help="events a second; 0: as many as it can")
    parser.add_argument("--folder", type=Path, help="an empty folder to run in, and to leave as it is")
    parser.add_argument("--tell", action="store_true", help="print how many events are answered, as they are")
    given: Any = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="bonafide-activation-") as made:
        folder = given.folder or Path(made)
        print(text_of(*run(folder, given.events, given.swaps, given.warm, given.rate, tell=given.tell)))


if __name__ == "__main__":
    main(sys.argv[1:])
