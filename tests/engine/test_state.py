"""What is remembered: independent of batches, of the secret and of being put away; bounded; full with notice."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bonafide.core.errors import StateError
from bonafide.core.events import Fact
from bonafide.core.fields import ABSENT, FIELDS, TYPE_CODE, WORD_CODE
from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.engine import arena
from bonafide.engine.codes import ANSWERED, READ, TAKEN, V_STATUS
from bonafide.engine.compiled import KNOWN_MS, Settings
from bonafide.engine.features.spec import Feature
from bonafide.engine.index import I_COUNT
from bonafide.engine.rules.operations import ROW_WIDTH, TYPE
from tests.engine.features.logs import features, logs, seeded_features, seeded_log
from tests.engine.kit import SETTINGS, START_MS, feature, feed, fresh_state, payment, play, specs_of, status_of

SEEDS = st.integers(0, 2**32 - 1)
OTHER_SECRET = bytes(range(100, 116))


@settings(max_examples=40)
@given(features(), logs(60), st.lists(st.integers(1, 13), min_size=1))
def test_answers_do_not_depend_on_how_a_log_is_cut(specs: Sequence[Feature], log: list[Fact], sizes: list[int]) -> None:
    at_once = feed(fresh_state(specs), log, len(log))
    for chunk in (1, 7, *sizes):
        statuses, answers = feed(fresh_state(specs), log, chunk)
        assert statuses == at_once[0]
        np.testing.assert_array_equal(taken(statuses, answers), taken(*at_once))


@settings(max_examples=40)
@given(features(), logs(60))
def test_answers_do_not_depend_on_the_secret(specs: Sequence[Feature], log: list[Fact]) -> None:
    statuses, answers = feed(fresh_state(specs), log)
    others, other_answers = feed(fresh_state(specs, secret=OTHER_SECRET), log)
    assert others == statuses
    np.testing.assert_array_equal(taken(statuses, answers), taken(others, other_answers))


@settings(max_examples=150)
@given(SEEDS, st.integers(2, 260), st.floats(0, 1), st.booleans(), st.booleans())
def test_what_is_put_away_and_back_changes_no_later_answer(
    seed: int, length: int, where: float, hot: bool, fresh: bool
) -> None:
    rng = random.Random(seed)
    specs, log = seeded_features(rng, 13), seeded_log(rng, length, hot=hot)
    cut = 1 + int(where * (length - 2))
    state = fresh_state(specs)
    feed(state, log[:cut])
    saved = state.save()
    expected = feed(state, log[cut:])
    other = fresh_state(specs) if fresh else state
    other.load(saved)
    assert (other.used_bytes, other.latest_ms, other.seq) == (
        saved[arena.H_TOP] * 8, saved[arena.H_LATEST], saved[arena.H_SEQ],
    )  # fmt: skip
    statuses, answers = feed(other, log[cut:])
    assert statuses == expected[0]
    np.testing.assert_array_equal(taken(statuses, answers), taken(*expected))
    np.testing.assert_array_equal(other.save()[arena.HEADER_WORDS :], state.save()[arena.HEADER_WORDS :])


def taken(statuses: list[str], answers: NDArray[np.float64]) -> NDArray[np.float64]:
    """The answers on events that were taken; the others have none."""
    return answers[[status == "taken" for status in statuses]]


def test_a_state_too_large_for_the_process_is_refused() -> None:
    state = fresh_state(specs_of(feature("count")))
    as_large = np.broadcast_to(np.int64(0), (int(state.memory[arena.H_LIMIT]),))
    with pytest.raises(StateError, match="larger than the address space"):
        state.load(as_large)


# ---- forgetting


def rows_of(count: int, step_ms: int, users: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of payments, one every `step_ms`, of these users at a merchant each ten days."""
    rows = np.full((count, ROW_WIDTH), ABSENT, dtype=np.int64)
    number = np.arange(count)
    for name, values in {
        "event_id": scattered(number + 1), "time": START_MS + number * step_ms, "user_id": users,
        "merchant_id": 1 + number * step_ms // (10 * DAY_MS) * 11400714819323198, "amount": 1 + number % 97,
        "order_id": number % 31 + 1, "currency": np.full(count, WORD_CODE["CNY"]),
    }.items():  # fmt: skip
        rows[:, FIELDS[name].place] = values
    rows[:, TYPE] = TYPE_CODE["payment"]
    return rows


def scattered(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ids as hashes are: spread over all words, never 0."""
    return (numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) | np.uint64(1)).view(np.int64)


CHURNING = specs_of(
    feature("count", "24h"), feature("distinct", "7d", of="order_id"),
    feature("sum", "24h", of="amount", completed=True),
    feature("max", "7d", of="amount", by="merchant_id"), feature("count", "24h", by=["user_id", "merchant_id"]),
    feature("sum", "24h", by="order_id", of="amount"),
)  # fmt: skip


def test_memory_stops_growing_when_keys_come_and_go() -> None:
    """Every event brings a new user and a new pair; what is remembered settles after the first quarter."""
    count, parts = 120_000, 8
    rows = rows_of(count, 20 * MINUTE_MS, scattered(np.arange(1, count + 1)))
    state = fresh_state(CHURNING, Settings("CNY"))
    used = []
    for part in np.split(rows, parts):
        walked = state.walk(np.ascontiguousarray(part), np.full(len(part), READ))
        assert (walked.verdicts[:, V_STATUS] == TAKEN).all()
        used.append(state.used_bytes)
    assert used[-1] <= 1.25 * used[1]


def test_what_is_swept_could_not_be_asked_for() -> None:
    """A thousand users over two years, each back now and then: answers equal those of a state that hardly sweeps,
    since its lateness is as long as ids are known."""
    count = 30_000
    users = scattered(np.random.default_rng(5).geometric(0.003, count))
    rows = rows_of(count, 40 * MINUTE_MS, users)
    kept, swept = (
        fresh_state(CHURNING, Settings("CNY", lateness_ms=lateness)) for lateness in (10_000 * DAY_MS, HOUR_MS)
    )
    how = np.full(count, ANSWERED)
    np.testing.assert_array_equal(swept.walk(rows.copy(), how).answers, kept.walk(rows.copy(), how).answers)
    assert swept.memory[arena.H_KEYS + I_COUNT] < 0.5 * kept.memory[arena.H_KEYS + I_COUNT]


def test_sweeping_forgets_nothing_that_the_twin_remembers() -> None:
    """Hundreds of keys over a year, with late events and statuses that come weeks later."""
    rng = random.Random(7)
    log: list[Fact] = []
    for i in range(1_500):
        time = i * 6 * HOUR_MS - (rng.randrange(29 * DAY_MS) if rng.random() < 0.2 else 0)
        log.append(payment(i, max(0, time), rng.randrange(1, 900), user_id=f"u{rng.randrange(i // 3 + 1)}"))
        if rng.random() < 0.3:
            paid = log[rng.randrange(max(0, len(log) - 200), len(log))]
            log.append(status_of(10_000 + i, paid, max(0, i * 6 * HOUR_MS)))  # type: ignore[arg-type]
    specs = specs_of(
        feature("count", "24h"), feature("sum", "90d", of="amount", completed=True),
        feature("seconds_since_first", None),
        feature("max", "7d", of="amount", by="merchant_id"), feature("distinct", "90d", of="order_id"),
    )  # fmt: skip
    play(specs, log, every=23, settings=SETTINGS._replace(lateness_ms=29 * DAY_MS))


def test_an_id_is_known_to_the_last_moment_however_often_hands_pass_by() -> None:
    """Hourly payments; after each the one of exactly ninety days before comes again, and the id before that anew."""
    known, count = KNOWN_MS // HOUR_MS, 4_000
    log: list[Fact] = []
    for i in range(count):
        log.append(payment(i, i * HOUR_MS, user_id=f"u{i}"))
        if i > known:
            old = i - known
            log += [payment(old, old * HOUR_MS, user_id=f"u{old}"), payment(old - 1, old * HOUR_MS, user_id="other")]
    statuses, _ = feed(fresh_state(CHURNING, Settings("CNY", lateness_ms=KNOWN_MS)), log)
    again = count - known - 1
    assert statuses.count("duplicate") == again
    assert statuses.count("taken") == count + again


def test_a_payment_waits_for_its_status_to_the_last_moment_however_often_hands_pass_by() -> None:
    """Hourly payments; after each comes the status of the payment of exactly ninety days before."""
    known, count = KNOWN_MS // HOUR_MS, 4_000
    payments = [payment(i, i * HOUR_MS, amount=1, user_id=f"u{i}") for i in range(count)]
    log: list[Fact] = []
    for i, paid in enumerate(payments):
        log.append(paid)
        if i >= known:
            log.append(status_of(10_000 + i, payments[i - known], i * HOUR_MS))
    specs = specs_of(feature("sum", None, by="merchant_id", of="amount", completed=True))
    _, answers = feed(fresh_state(specs), log)
    assert answers[-1, 0] == count - known - 1


# ---- large rings


def test_a_busy_key_gives_back_what_it_took_once_its_events_have_left() -> None:
    """Waves of hundreds of events, each of a user of its own, who is back for one event a week later."""
    wave, waves = 400, 6
    specs = specs_of(*(feature(take, "24h", of="amount") for take in ("distinct", "entropy", "max", "sum")))
    rows = rows_of(waves * wave, MINUTE_MS, scattered(1 + np.maximum(np.arange(waves * wave) - 1, 0) // wave))
    rows[:, FIELDS["time"].place] += np.arange(waves * wave) // wave * 7 * DAY_MS
    used = []
    for kept in (specs, specs_of(feature("count", None))):
        state = fresh_state(kept, Settings("CNY"))
        for part in np.split(rows.copy(), waves):
            state.walk(part, np.full(wave, READ))
            used.append(state.used_bytes)
    taken = np.subtract(used[:waves], used[waves:])
    assert taken[0] > 15_000
    assert (np.diff(taken) < 2_000).all()


@pytest.mark.parametrize("late", [False, True])
def test_values_that_a_table_cannot_tell_apart_are_told_apart_by_the_ring(late: bool) -> None:
    """Merchants whose ids mix to the same upper half: all in one slot's row, with equal tags."""
    rng, count = np.random.default_rng(3), 1_200
    merchants = np.array([_unmixed((0xABCDEF12 << 32) | n) for n in range(90)], dtype=np.int64)
    which = rng.integers(0, len(merchants), count)
    rows = rows_of(count, MINUTE_MS, np.full(count, 7))
    rows[:, FIELDS["merchant_id"].place] = merchants[which]
    times = rows[:, FIELDS["time"].place]
    if late:
        times -= np.where(rng.random(count) < 0.3, rng.integers(0, 50 * MINUTE_MS, count), 0)
    specs = specs_of(*(feature("distinct", over, of="merchant_id") for over in ("1h", "4h")))
    state = fresh_state(specs, Settings("CNY"))
    answers = state.walk(rows.copy(), np.full(count, ANSWERED)).answers
    latest = np.maximum.accumulate(times)
    for i in range(1, count, 7):
        for column, hours in enumerate((1, 4)):
            inside = which[:i][times[:i] > latest[i] - hours * HOUR_MS]
            assert answers[i, column] == len(set(inside.tolist()))


def _unmixed(mixed: int) -> int:
    """The value that value_tables.mixed makes this of."""
    whole = 2**64 - 1
    x = mixed ^ (mixed >> 33)
    x = x * pow(0xFF51AFD7ED558CCD, -1, 2**64) & whole
    x ^= x >> 33
    return x - 2**64 if x >> 63 else x


# ---- the end of memory


SMALL_WORDS = 2**17


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """An arena of one mebibyte."""
    monkeypatch.setattr(arena, "RESERVE_WORDS", SMALL_WORDS)
    monkeypatch.setattr(arena, "RESERVE_WORDS_MIN", SMALL_WORDS)


@pytest.mark.usefixtures("small")
def test_a_full_memory_is_an_error_that_says_what_to_do() -> None:
    state = fresh_state(specs_of(feature("count", None), feature("sum", "90d", of="amount", by="merchant_id")))
    log = [payment(i, i, user_id=f"u{i}") for i in range(20_000)]
    with pytest.raises(StateError) as caught:
        feed(state, log, 500)
    told = str(caught.value)
    assert "is full at event" in told
    assert "shorten windows, drop features without `over`, or give the process more address space" in told
    taken_in = state.seq
    assert 500 < taken_in < len(log)
    assert f"at event {taken_in % 500} of 500" in told
    assert state.latest_ms == log[taken_in - 1].time
    with pytest.raises(StateError):
        feed(state, log[taken_in:], 500)
    assert state.seq == taken_in


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 8), st.integers(20_000, 600_000), st.sampled_from(["entropy", "distinct", "min", "sum"]))
def test_no_event_needs_more_than_was_seen_to_be_there(families: int, limit: int, take: str) -> None:
    """Eight hot keys whose rings all double at the same event: the arena is never overrun."""
    keys = ("user_id", "merchant_id", "device_id", "ip", "address_id", "category", "order_id", "traffic_source")[
        :families
    ]
    specs = specs_of(
        *(feature(take, over, by=by, of="amount", completed=done)
          for by in keys for over in ("1h", "24h", "30d") for done in (False, True))
    )  # fmt: skip
    rows = rows_of(1_500, 1_000, np.full(1_500, 7))
    for name in keys:
        rows[:, FIELDS[name].place] = 7
    state = fresh_state(specs, Settings("CNY"))
    state.memory[arena.H_LIMIT] = limit
    with contextlib.suppress(StateError):
        state.walk(rows, np.full(len(rows), ANSWERED))
    assert state.memory[arena.H_TOP] <= limit


def test_memory_is_ready_ahead_of_need_or_comes_when_it_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    specs = specs_of(feature("distinct", "24h", of="amount"), feature("sum", "7d", of="amount"))
    log: list[Fact] = [payment(i, i * MINUTE_MS, amount=1 + i) for i in range(600)]
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(arena, "touch", lambda memory, first, words: bool(asked.append((first, words))))
    unready = feed(fresh_state(specs), log, 7)
    assert len(asked) == 1  # what cannot be done is not asked for again
    monkeypatch.undo()
    ready = fresh_state(specs)
    assert feed(ready, log, 7)[0] == unready[0]
    np.testing.assert_array_equal(feed(fresh_state(specs), log, 600)[1], unready[1])


def test_address_space_is_taken_as_far_as_it_may_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = arena.mmap.mmap

    def mean(descriptor: int, size: int, **more: object) -> object:
        asked.append(size)
        if size > 2**22:
            raise OSError("no")
        return real(descriptor, size, **more)

    monkeypatch.setattr(arena.mmap, "mmap", mean)
    monkeypatch.setattr(arena, "RESERVE_WORDS", 2**21)
    monkeypatch.setattr(arena, "RESERVE_WORDS_MIN", 2**18)
    assert arena.reserve()[arena.H_LIMIT] == 2**19
    assert asked == [2**24, 2**23, 2**22]
    monkeypatch.setattr(arena, "RESERVE_WORDS_MIN", 2**20)
    with pytest.raises(StateError, match="cannot reserve 8 MiB"):
        arena.reserve()
