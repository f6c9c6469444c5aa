"""Links: the kernel against its twin, each bound and what happens at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import types

from bonafide.core.events import (
    AccountLink,
    Fact,
    Login,
    MerchantApplication,
    Payment,
    Payout,
    Refund,
    Registration,
    Tick,
)  # fmt: skip
from bonafide.core.fields import ABSENT, FIELDS, WORDS
from bonafide.core.moment import DAY_MS
from bonafide.engine.arena import H_EARLIEST, H_LATEST, H_LINKS, H_TOP
from bonafide.engine.derived import Q_COUNT, Q_ROWS, QUEUE_MAX, QUEUE_WORDS
from bonafide.engine.index import I_COUNT, I_DEPTH, I_DIRECTORY, S_SLOTS, SLOTS
from bonafide.engine.intake import rows_of_events
from bonafide.engine.kernel import pointer, shift
from bonafide.engine.links import (
    B_LATEST,
    B_TOLD,
    BLOCK_WORDS_MAX,
    LINE,
    LINK_SLOT,
    LINK_TERM_MS,
    LINKED_MAX,
    MERCHANTS_MAX,
    USERS_MAX,
    observe,
)  # fmt: skip
from bonafide.engine.rules.operations import ROW_WIDTH, SHARES
from bonafide.engine.sweep import sweep
from bonafide.testing import links_twin
from bonafide.testing.links_twin import Found, LinksTwin, Told
from tests.engine.kit import START_MS, compiled, feature, fresh_state, specs_of

TOLD_WORDS = 4  # number of the event, user, merchant, word
LATENESS_MS = links_twin.LATENESS_MS


def carry(mem, plan, rows, queue, told, lateness_ms):
    """Carry events through the links alone; returns how many links they established, told in the order of the queue."""
    memory, pending, count = pointer(mem), pointer(queue), 0
    for i in range(rows.shape[0]):
        event = shift(pointer(rows), i * ROW_WIDTH)
        time = event[TIME]
        if memory[H_LATEST] >= 0 and time < memory[H_LATEST] - lateness_ms:
            continue
        memory[H_EARLIEST] = time if memory[H_LATEST] < 0 else min(memory[H_EARLIEST], time)
        memory[H_LATEST] = max(memory[H_LATEST], time)
        pending[Q_COUNT] = 0
        observe(memory, pointer(plan), event, pending)
        sweep(memory, pointer(plan))
        for k in range(pending[Q_COUNT]):
            at = Q_ROWS + k * ROW_WIDTH
            told[count, 0], told[count, 1] = i, pending[at + USER_ID]
            told[count, 2], told[count, 3] = pending[at + MERCHANT_ID], pending[at + SHARED]
            count += 1
    return count


TIME, USER_ID, MERCHANT_ID, SHARED = (FIELDS[name].place for name in ("time", "user_id", "merchant_id", "shared"))


@pytest.fixture(scope="module")
def run() -> Any:
    line, table = types.int64[::1], types.int64[:, ::1]
    return compiled(types.int64(line, line, table, line, table, types.int64), carry)


class Linker:
    """A state that knows of links alone."""

    def __init__(self, run: Any) -> None:
        self.run = run
        self.state = fresh_state(specs_of(feature("count")))
        self.queue = np.zeros(QUEUE_WORDS, dtype=np.int64)

    def feed(self, log: Sequence[Fact], chunk: int = 1_000) -> list[Told]:
        """What each event gives; names are read back from their hashes."""
        answers = []
        for first in range(0, len(log), chunk):
            answers += self._feed(log[first : first + chunk])
        return answers

    def _feed(self, log: Sequence[Fact]) -> list[Told]:
        state = self.state
        rows = rows_of_events(log, state.kernels, state.bound.key)
        names = {}
        for event, row in zip(log, rows.tolist(), strict=True):
            for name in ("user_id", "merchant_id", "subject_id", "owner_id"):
                if getattr(event, name, None) is not None:
                    names[row[FIELDS[name].place]] = getattr(event, name)
        self.names = getattr(self, "names", {}) | names
        told = np.zeros((len(log) * LINKED_MAX, TOLD_WORDS), dtype=np.int64)
        count = self.run(state.memory, state.bound.plan, rows, self.queue, told, LATENESS_MS)
        found: list[list[Found]] = [[] for _ in log]
        for i, user, merchant, word in told[:count].tolist():
            found[i].append(Found(self.names[user], self.names[merchant], WORDS[word]))
        shares = [None if value == ABSENT else value for value in rows[:, SHARES].tolist()]
        return [Told(*pair) for pair in zip(shares, found, strict=True)]

    @property
    def resources(self) -> int:
        return int(self.state.memory[H_LINKS + I_COUNT])

    def block(self) -> int:
        """Where the block of the only resource stands."""
        memory = self.state.memory
        assert self.resources == 1
        assert memory[H_LINKS + I_DEPTH] == 0
        segment = int(memory[memory[H_LINKS + I_DIRECTORY]])
        slots = memory[segment + S_SLOTS : segment + S_SLOTS + SLOTS * LINK_SLOT].reshape(-1, LINK_SLOT)
        return int(slots[slots[:, 0] != 0][0, 1])


@pytest.fixture
def linker(run: Any) -> Linker:
    return Linker(run)


_numbers = iter(range(10**9))


def at(time: int) -> dict[str, Any]:
    """A new id, and a time in ms after the start."""
    return {"event_id": f"e{next(_numbers)}", "time": START_MS + time}


def pays(user: str, merchant: str, time: int = 0, **named: str) -> Payment:
    return Payment(**at(time), user_id=user, merchant_id=merchant, order_id="o", amount=1, currency="CNY", **named)


def signs_in(role: Any, who: str, time: int = 0, **told: Any) -> Login:
    return Login(**at(time), subject_type=role, subject_id=who, **told)


def joins(user: str, time: int = 0, **named: str) -> Registration:
    return Registration(**at(time), user_id=user, **named)


def applies(merchant: str, time: int = 0, **named: str) -> MerchantApplication:
    return MerchantApplication(
        **at(time), merchant_id=merchant, legal_name="l", registration_no="r", representative_id="p", category="c",
        **named,
    )  # fmt: skip


def owns(role: Any, who: str, account: str, time: int = 0) -> AccountLink:
    return AccountLink(**at(time), account_id=account, owner_type=role, owner_id=who)


def is_paid_out(merchant: str, account: str, time: int = 0) -> Payout:
    return Payout(**at(time), merchant_id=merchant, account_id=account, amount=1, currency="CNY")


def is_refunded(user: str, account: str, time: int = 0) -> Refund:
    return Refund(
        **at(time), order_id="o", user_id=user, merchant_id="m", amount=1, currency="CNY", account_id=account
    )  # fmt: skip


def found(told: Sequence[Told]) -> list[Found]:
    return [one for answer in told for one in answer.found]


# What is established


def test_a_payment_from_the_device_on_which_its_merchant_signs_in_shares_it_at_once(linker: Linker) -> None:
    log = [signs_in("merchant", "m", device_id="d", ip="i"), pays("u", "m", 1, device_id="d", ip="j")]
    assert linker.feed(log) == [Told(None, []), Told(1, [Found("u", "m", "device")])]


def test_shares_counts_kinds_and_only_those_of_the_payments_own_merchant(linker: Linker) -> None:
    linker.feed([signs_in("merchant", "m", device_id="d", ip="i"), applies("m", address="a")])
    assert linker.feed([pays("u", "m", 1, device_id="d", ip="i", address_id="a")])[0].shares == 3
    assert linker.feed([pays("u", "other", 2, device_id="d", ip="i", address_id="a")])[0].shares == 0
    assert linker.feed([pays("u", "m", 3)])[0].shares == 0


@pytest.mark.parametrize(
    ("theirs", "ours", "shared"),
    [
        (owns("merchant", "m", "x"), owns("user", "u", "x", 1), "account"),
        (is_paid_out("m", "x"), is_refunded("u", "x", 1), "account"),
        (applies("m", account_id="x"), owns("user", "u", "x", 1), "account"),
        (applies("m", phone_id="x"), joins("u", 1, phone_id="x"), "phone"),
        (applies("m", address="x"), joins("u", 1, address_id="x"), "address"),
        (signs_in("merchant", "m", ip="x"), joins("u", 1, ip="x"), "ip"),
        (signs_in("merchant", "m", device_id="x", success=True), signs_in("user", "u", 1, device_id="x"), "device"),
    ],
)
def test_whoever_comes_second_links_the_two(run: Any, theirs: Fact, ours: Fact, shared: str) -> None:
    for log in ([theirs, ours], [ours, theirs]):
        assert [answer.found for answer in Linker(run).feed(log)] == [[], [Found("u", "m", shared)]]


def test_a_failed_login_and_a_third_persons_account_tell_of_no_use(linker: Linker) -> None:
    log = [
        signs_in("merchant", "m", device_id="d", success=False), owns("person", "m", "a"), Tick(**at(0)),
        pays("u", "m", 1, device_id="d"), owns("user", "u", "a", 1),
    ]  # fmt: skip
    assert found(linker.feed(log)) == []


def test_the_same_text_is_another_resource_for_each_kind(linker: Linker) -> None:
    log = [signs_in("merchant", "m", device_id="x"), applies("m", phone_id="x"), owns("merchant", "m", "x")]
    assert found(linker.feed([*log, joins("u", 1, ip="x", address_id="x")])) == []
    assert linker.resources == 5


def test_a_user_and_a_merchant_of_the_same_name_are_two(linker: Linker) -> None:
    log = [signs_in("merchant", "x", device_id="d"), signs_in("user", "x", 1, device_id="d")]
    assert found(linker.feed(log)) == [Found("x", "x", "device")]


def test_two_users_and_two_merchants_are_not_linked_among_themselves(linker: Linker) -> None:
    assert found(linker.feed([joins("u", device_id="d"), joins("v", device_id="d")])) == []
    assert found(linker.feed([is_paid_out("m", "a"), is_paid_out("n", "a")])) == []


def test_a_link_is_established_once_while_both_are_remembered(linker: Linker) -> None:
    log = [signs_in("merchant", "m", device_id="d")]
    log += [pays("u", "m", day * DAY_MS, device_id="d") for day in range(1, 400, 90)]
    told = linker.feed([*log, signs_in("merchant", "m", 401 * DAY_MS, device_id="d")])
    assert [len(answer.found) for answer in told] == [0, 1, 0, 0, 0, 0, 1], "the merchant was forgotten meanwhile"
    assert [answer.shares for answer in told] == [None, 1, 1, 0, 0, 0, None]


def test_a_new_member_is_linked_to_the_others_in_their_order_of_joining(linker: Linker) -> None:
    linker.feed([is_paid_out(m, "a", time) for time, m in enumerate("xbyaz")])
    assert [one.merchant_id for one in found(linker.feed([is_refunded("u", "a", 9)]))] == list("xbyaz")


# Bounds


@pytest.mark.parametrize(("role", "most"), [("user", USERS_MAX), ("merchant", MERCHANTS_MAX)])
def test_one_member_too_many_makes_a_network_public(linker: Linker, role: Any, most: int) -> None:
    other = "merchant" if role == "user" else "user"
    log: list[Fact] = [signs_in(role, f"x{i}", i, ip="d") for i in range(most)]
    assert len(found(linker.feed([*log, signs_in(other, "y", 90, ip="d")]))) == most
    assert linker.feed([pays("x0", "y" if role == "user" else "x0", 91, ip="d")])[0].shares == 1
    assert found(linker.feed([signs_in(role, "one more", 92, ip="d")])) == []
    assert linker.state.memory[linker.block() + B_TOLD] == 0
    assert found(linker.feed([signs_in(other, "z", 93, ip="d")])) == []
    assert linker.feed([pays("x0", "y", 94, ip="d")])[0].shares == 0


@pytest.mark.parametrize(("role", "most"), [("user", USERS_MAX), ("merchant", MERCHANTS_MAX)])
def test_of_a_device_the_member_that_was_idle_longest_gives_way(linker: Linker, role: Any, most: int) -> None:
    """What has an owner is never public: thirteen accounts on a shop's device do not hide the shop."""
    log = [signs_in(role, f"x{i}", i, device_id="d") for i in range(most)]
    log += [signs_in(role, "x0", 50, device_id="d"), signs_in(role, "one more", 92, device_id="d")]
    told = linker.feed([*log, signs_in("merchant" if role == "user" else "user", "y", 93, device_id="d")])
    assert {getattr(one, f"{role}_id") for one in found(told)} == {"x0", "one more", *(f"x{i}" for i in range(2, most))}


def test_members_who_were_forgotten_make_room_for_others(linker: Linker) -> None:
    first = [joins(f"old{i}", i, device_id="d") for i in range(USERS_MAX)]
    then = [joins(f"new{i}", LINK_TERM_MS + i, device_id="d") for i in range(USERS_MAX)]
    told = linker.feed([*first, *then, signs_in("merchant", "m", LINK_TERM_MS + 99, device_id="d")])
    assert [one.user_id for one in found(told)] == [f"new{i}" for i in range(USERS_MAX)]


@pytest.mark.parametrize(("idle", "again"), [(LINK_TERM_MS - 1, False), (LINK_TERM_MS, True)])
def test_a_public_resource_is_public_until_it_was_idle_for_the_term(linker: Linker, idle: int, again: bool) -> None:
    linker.feed([joins(f"u{i}", i, ip="x") for i in range(USERS_MAX + 1)])
    log = [signs_in("merchant", "m", USERS_MAX + idle, ip="x"), pays("u", "m", USERS_MAX + idle + 1, ip="x")]
    assert [bool(answer.shares) for answer in linker.feed(log)] == [False, again]


@pytest.mark.parametrize(("idle", "known"), [(LINK_TERM_MS - 1, True), (LINK_TERM_MS, False)])
def test_a_member_is_forgotten_after_the_term(linker: Linker, idle: int, known: bool) -> None:
    log = [signs_in("merchant", "m", device_id="d"), pays("u", "m", idle, device_id="d")]
    assert linker.feed(log)[1].shares == known


def test_a_late_use_only_widens_what_is_known_of_a_member(linker: Linker) -> None:
    linker.feed([joins("u", 9, device_id="d"), joins("u", 20, device_id="d"), joins("u", 4, device_id="d")])
    block = linker.block()
    who, first, last = linker.state.memory[block + 2 : block + 5].tolist()
    assert (linker.names[who], first - START_MS, last - START_MS) == ("u", 4, 20)
    assert linker.state.memory[block + B_LATEST] == START_MS + 20
    assert linker.feed([signs_in("merchant", "m", 1, device_id="d")])[0].found == [Found("u", "m", "device")]


def test_a_block_grows_with_its_members_and_shrinks_when_it_becomes_public(linker: Linker) -> None:
    sizes = []
    for i in range(USERS_MAX + 1):
        if i < MERCHANTS_MAX:
            linker.feed([signs_in("merchant", f"m{i}", i, ip="d")])
        linker.feed([joins(f"u{i}", i, ip="d")])
        sizes.append(int(linker.state.memory[linker.block() + B_TOLD]) >> 16)
    assert sizes == [1, 2, 4, 4, 4, 8, 8, 8, 8, 8, 8, 8, 0]
    assert max(sizes) * LINE == BLOCK_WORDS_MAX


def test_no_event_establishes_more_than_the_queue_takes(linker: Linker) -> None:
    linker.feed([joins(f"u{i}", i, phone_id="p", address_id="a") for i in range(USERS_MAX)])
    linker.feed([owns("user", f"u{i}", "k", i) for i in range(USERS_MAX)])
    told = linker.feed([applies("m", 99, phone_id="p", address="a", account_id="k")])
    assert len(told[0].found) == 3 * USERS_MAX <= LINKED_MAX <= QUEUE_MAX


def test_what_is_idle_is_swept_and_its_room_used_again(linker: Linker) -> None:
    tops, kept = [], []
    for turn in range(32):
        start = turn * 30 * DAY_MS
        linker.feed([joins(f"u{i}", start + i, device_id=f"d{turn}-{i}", ip=f"i{turn}-{i}") for i in range(1_000)])
        tops.append(int(linker.state.memory[H_TOP]))
        kept.append(linker.resources)
    assert max(kept) < 2_000 * 2 * (LINK_TERM_MS + LATENESS_MS) // (30 * DAY_MS), "twice what has to be kept"
    assert tops[-1] < 1.05 * tops[-10]


# The twin

USERS, MERCHANTS = [f"u{i}" for i in range(16)], ["m", "n", "u0", *(f"m{i}" for i in range(8))]
user, merchant = st.sampled_from(USERS), st.sampled_from(MERCHANTS)
few = st.sampled_from(["a", "b"])
maybe = st.none() | few
STEPS = st.sampled_from([0, 0, 0, 1, DAY_MS, LINK_TERM_MS // 2 - 1, LINK_TERM_MS // 2, LINK_TERM_MS - 1, LINK_TERM_MS])


@st.composite
def events(draw: st.DrawFn, steps: st.SearchStrategy[int]) -> list[Fact]:
    """A log of few names in which time goes on by steps and some events come late."""
    log: list[Fact] = []
    latest = 0
    for step, late in draw(st.lists(st.tuples(steps, st.sampled_from([0, 0, 0, 1, 3, 29, 31])), max_size=40)):
        latest += step
        time = max(latest - late * DAY_MS, 0)
        log.append(draw(st.one_of(
            st.builds(pays, user, merchant, st.just(time), device_id=few, ip=maybe, address_id=maybe),
            st.builds(signs_in, st.sampled_from(["user", "merchant"]), user | merchant, st.just(time), device_id=few,
                      ip=maybe, success=st.sampled_from([None, True, False])),
            st.builds(joins, user, st.just(time), device_id=maybe, ip=maybe, address_id=maybe, phone_id=maybe),
            st.builds(applies, merchant, st.just(time), address=maybe, phone_id=maybe, account_id=maybe),
            st.builds(owns, st.sampled_from(["user", "merchant", "person"]), user | merchant, few, st.just(time)),
            st.builds(is_paid_out, merchant, few, st.just(time)),
            st.builds(is_refunded, user, few, st.just(time)),
        )))  # fmt: skip
    return log


@settings(max_examples=60)
@given(events(STEPS), st.sampled_from([1, 7, 1_000]))
def test_the_kernel_is_its_twin(run: Any, log: list[Fact], chunk: int) -> None:
    twin = LinksTwin()
    assert Linker(run).feed(log, chunk) == [twin.feed(event) for event in log]


@settings(max_examples=50)
@given(events(st.integers(0, 2)), st.sampled_from([1, 1_000]))
def test_the_kernel_is_its_twin_where_resources_become_public(run: Any, log: list[Fact], chunk: int) -> None:
    twin = LinksTwin()
    assert Linker(run).feed(log, chunk) == [twin.feed(event) for event in log]


def test_a_long_log_that_is_swept_gives_what_its_twin_gives(run: Any) -> None:
    """Three years, thousands of resources of which many come back after a while: sweeping changes no answer."""
    rng = np.random.default_rng(16)
    log: list[Fact] = []
    for i in range(30_000):
        time = int(i * 3 * 365 * DAY_MS // 30_000 - rng.integers(0, 29) * DAY_MS * (rng.random() < 0.1))
        seen = int(i * 0.2 + rng.exponential(600))  # a resource is in use for some weeks, now and then much later
        name = f"r{seen % 4_000 if rng.random() < 0.05 else seen}"
        who = int(rng.integers(0, 40))
        if rng.random() < 0.6:
            log.append(pays(f"u{who}", f"m{who % 9}", max(time, 0), device_id=name, ip=f"{name}.{who % 3}"))
        else:
            log.append(signs_in("merchant", f"m{who % 9}", max(time, 0), device_id=name))
    twin, linker = LinksTwin(), Linker(run)
    expected = [twin.feed(event) for event in log]
    assert linker.feed(log, 997) == expected
    assert sum(len(told.found) for told in expected) > 1_000
    assert linker.resources < 0.7 * len(twin.rows), "much was swept"


def test_the_twin_knows_the_same_bounds() -> None:
    assert links_twin.MOST == {"user": USERS_MAX, "merchant": MERCHANTS_MAX}
    assert links_twin.TERM_MS == LINK_TERM_MS
