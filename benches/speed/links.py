"""Links alone: time for an event, the slowest events, and bytes for a resource.

Run it with `python -m benches.speed.links [EVENTS]`. Payments, logins and payouts of a growing population: most users
keep to a device and an address of their own, a tenth of the addresses and ips is shared by whoever is near. Times are
the processor's; sweeping is timed with the event that was its turn.
"""

from __future__ import annotations

import sys
from time import thread_time_ns
from typing import Any, Final

import numpy as np
from numba import types
from numpy.typing import NDArray

from bonafide.core.fields import ABSENT, FIELDS, TYPE_CODE, WORD_CODE
from bonafide.core.moment import DAY_MS
from bonafide.engine.arena import H_EARLIEST, H_LATEST, H_LINKS, H_TOP, touch
from bonafide.engine.compiled import Settings, compile_bundle
from bonafide.engine.derived import Q_COUNT, QUEUE_WORDS
from bonafide.engine.index import I_COUNT, I_HAND
from bonafide.engine.kernel import entry, pointer, shift, source_stamp
from bonafide.engine.kernels import cache_folder, load_kernels
from bonafide.engine.links import USERS_MAX, ask_links, ask_members, observe
from bonafide.engine.rules.operations import ROW_WIDTH, TYPE
from bonafide.engine.state import AHEAD_WORDS, PAGE_WORDS, State
from bonafide.engine.sweep import sweep

EVENTS: Final = 1_000_000
CHUNK: Final = 50_000
DAYS: Final = 300
SINGLE: Final = 100_000
SLOTS_AHEAD: Final = 12
MEMBERS_AHEAD: Final = 8
_TIME: Final = FIELDS["time"].place


def carry(mem: Any, plan: Any, rows: Any, queue: Any, looks_ahead: Any) -> Any:
    """Carry rows through links and sweeping alone; returns how many links were established."""
    memory, told, events, pending = pointer(mem), pointer(plan), pointer(rows), pointer(queue)
    n, found = rows.shape[0], 0
    for i in range(n):
        if looks_ahead and i + SLOTS_AHEAD < n:
            ask_links(memory, told, shift(events, (i + SLOTS_AHEAD) * ROW_WIDTH))
        if looks_ahead and i + MEMBERS_AHEAD < n:
            ask_members(memory, told, shift(events, (i + MEMBERS_AHEAD) * ROW_WIDTH))
        event = shift(events, i * ROW_WIDTH)
        memory[H_EARLIEST] = event[_TIME] if memory[H_LATEST] < 0 else memory[H_EARLIEST]
        memory[H_LATEST] = max(memory[H_LATEST], event[_TIME])
        pending[Q_COUNT] = 0
        observe(memory, told, event, pending)
        sweep(memory, told)
        found += pending[Q_COUNT]
    return found


def make_rows(first: int, n: int, total: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Events number `first` on: four fifths payments, a tenth logins of merchants, a tenth payouts."""
    rows = np.full((n, ROW_WIDTH), ABSENT, dtype=np.int64)
    number = np.arange(first, first + n)
    users = (number // 8 + rng.exponential(20_000, n)).astype(np.int64)
    merchants = (rng.pareto(1.2, n) * 40).astype(np.int64) % 20_000
    kind = rng.random(n)
    pays, signs_in, paid_out = kind < 0.8, (kind >= 0.8) & (kind < 0.9), kind >= 0.9

    def put(field: str, where: NDArray[np.bool_], value: NDArray[np.int64], salt: int) -> None:
        mixed = (value[where].astype(np.uint64) + np.uint64(salt << 40)) * np.uint64(0x9E3779B97F4A7C15)
        rows[where, FIELDS[field].place] = (mixed ^ (mixed >> np.uint64(29))).astype(np.int64)

    def often(value: NDArray[np.int64], other: NDArray[np.int64], fraction: float) -> NDArray[np.int64]:
        return np.where(rng.random(n) < fraction, other, value)

    rows[:, _TIME] = number * DAYS * DAY_MS // total
    rows[:, TYPE] = np.select(
        [pays, signs_in], [TYPE_CODE["payment"], TYPE_CODE["login"]], TYPE_CODE["payout"]
    )  # fmt: skip
    put("user_id", pays, users, 1)
    put("merchant_id", pays | paid_out, merchants, 2)
    put("device_id", pays, users * 2 + (rng.random(n) < 0.2), 3)
    put("ip", pays, often(users * 8 + rng.integers(0, 8, n), -1 - users // 3_000, 0.2), 4)
    put("address_id", pays, often(users, -1 - users // 20, 0.1), 5)
    rows[signs_in, FIELDS["subject_type"].place] = WORD_CODE["merchant"]
    put("subject_id", signs_in, merchants, 2)
    put("device_id", signs_in, often(-5_000_000 - merchants, 2 * (users - rng.integers(0, 9_000, n)), 0.02), 3)
    put("ip", signs_in, -7_000_000 - merchants, 4)
    put("account_id", paid_out, -9_000_000 - merchants, 6)
    return rows


def fresh(secret: bytes = bytes(16)) -> State:
    """A state under a bundle that has no features."""
    return State(compile_bundle([], [], Settings(currency="CNY")), secret, load_kernels())


def time_each(run: Any, state: State, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Microseconds of each event in a call of its own, and whether it moved the index's hand."""
    queue, memory = np.zeros(QUEUE_WORDS, dtype=np.int64), state.memory
    touch(memory, int(memory[H_TOP]) // PAGE_WORDS * PAGE_WORDS, AHEAD_WORDS)
    times, swept = np.empty(len(rows)), np.empty(len(rows), dtype=np.bool_)
    for i in range(len(rows)):
        hand = memory.item(H_LINKS + I_HAND)
        begun = thread_time_ns()
        run(memory, state.bound.plan, rows[i : i + 1], queue, 0)
        times[i] = (thread_time_ns() - begun) / 1_000
        swept[i] = memory.item(H_LINKS + I_HAND) != hand
    return times, swept


def make_fullest(rounds: int) -> NDArray[np.int64]:
    """For each round USERS_MAX registrations with one phone and one address and as many links of one account, then the
    application that names the three: no event establishes more."""
    rows = np.full((rounds, 2 * USERS_MAX + 1, ROW_WIDTH), ABSENT, dtype=np.int64)
    rows[:, :, _TIME] = 0
    rows[:, :, [FIELDS[name].place for name in ("phone_id", "address_id", "account_id")]] = (
        1 + np.arange(rounds)[:, None, None]
    )
    users = 1 + np.arange(USERS_MAX)
    rows[:, :USERS_MAX, TYPE], rows[:, USERS_MAX:-1, TYPE] = TYPE_CODE["registration"], TYPE_CODE["account_link"]
    rows[:, :USERS_MAX, FIELDS["user_id"].place] = rows[:, USERS_MAX:-1, FIELDS["owner_id"].place] = users
    rows[:, USERS_MAX:-1, FIELDS["owner_type"].place] = WORD_CODE["user"]
    rows[:, -1, TYPE], rows[:, -1, FIELDS["merchant_id"].place] = TYPE_CODE["merchant_application"], 1
    rows[:, -1, FIELDS["address"].place] = rows[:, -1, FIELDS["address_id"].place]
    return rows.reshape(-1, ROW_WIDTH)


def show(name: str, times: NDArray[np.float64]) -> None:
    """A line of percentiles."""
    p50, p99, p999, worst = np.percentile(times, (50, 99, 99.9, 100))
    print(f"{name}: {len(times):,} calls, in us: p50 {p50:.2f}, p99 {p99:.2f}, p99.9 {p999:.2f}, worst {worst:.1f}")


def grow(run: Any, total: int, looks_ahead: int) -> State:
    """Carry events in batches, print what that took, and return the state that they left."""
    state, rng = fresh(), np.random.default_rng(1)
    queue, spent, found, top = np.zeros(QUEUE_WORDS, dtype=np.int64), [], 0, state.used_bytes
    for first in range(0, total, CHUNK):
        rows = make_rows(first, min(CHUNK, total - first), total, rng)
        begun = thread_time_ns()
        found += run(state.memory, state.bound.plan, rows, queue, looks_ahead)
        spent.append((thread_time_ns() - begun) / len(rows))
    resources = int(state.memory[H_LINKS + I_COUNT])
    told, size = "looking ahead" if looks_ahead else "without", (state.used_bytes - top) / resources
    print(f"{told}: {np.mean(spent):,.0f} ns an event, of the last {CHUNK:,} {spent[-1]:,.0f} ns")
    print(f"  {resources:,} resources, {size:,.0f} bytes each, index included; {found:,} links")
    return state


def main() -> None:
    """Print the figures."""
    total = int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS
    line, table = types.int64[::1], types.int64[:, ::1]
    run = entry(types.int64(line, line, table, line, types.int64), cache_folder() / source_stamp() / "benches")(carry)
    grow(run, total, 1)
    state = grow(run, total, 0)
    times, swept = time_each(run, state, make_rows(total, SINGLE, total, np.random.default_rng(2)))
    show("one event a call", times[~swept])
    show("with a step of sweeping", times[swept])
    fullest, _ = time_each(run, fresh(), make_fullest(1_000))
    show(f"{3 * USERS_MAX} links by one event", fullest[2 * USERS_MAX :: 2 * USERS_MAX + 1])


if __name__ == "__main__":
    main()
