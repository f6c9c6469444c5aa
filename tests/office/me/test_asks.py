"""The rate of each subject: as a twin that remembers every ask, and bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bonafide.office.me.asks import ASKS_MAX, EXPLANATION_UNITS, UNIT_MS, Asks

_ASKS = st.lists(
    st.tuples(
        st.sampled_from([("user", 1), ("user", 2), ("merchant", 1)]), st.sampled_from([1, EXPLANATION_UNITS]),
        st.integers(0, 3 * UNIT_MS),
    ),
    max_size=120,
)  # fmt: skip


class Slow:
    """A bucket for each that drips a unit each UNIT_MS, told step by step."""

    def __init__(self) -> None:
        self.owed: dict[tuple[str, int], tuple[int, int]] = {}

    def take(self, key: tuple[str, int], units: int, now: int) -> bool:
        owed, then = self.owed.get(key, (0, now))
        owed = max(owed - (now - then), 0)
        lets = owed + units * UNIT_MS <= ASKS_MAX * UNIT_MS
        self.owed[key] = (owed + units * UNIT_MS if lets else owed, now)
        return lets


@given(asks=_ASKS)
def test_it_lets_in_whom_the_slow_twin_lets_in(asks: list[tuple[tuple[str, int], int, int]]) -> None:
    fast, slow, now = Asks(), Slow(), 1_000_000
    for key, units, gap in asks:
        now += gap
        wait = fast.take(key, units, now)
        assert (wait == 0) == slow.take(key, units, now)
        assert wait <= ASKS_MAX * UNIT_MS


@given(asks=_ASKS, most=st.integers(1, 3))
def test_it_is_bounded_and_never_looser_than_without_a_bound(
    asks: list[tuple[tuple[str, int], int, int]], most: int
) -> None:
    bounded, slow, now = Asks(most), Slow(), 1_000_000
    for key, units, gap in asks:
        now += gap
        let_in = bounded.take(key, units, now) == 0
        if let_in:
            assert slow.take(key, units, now), "who is let in where little is remembered is let in anyway"
        assert len(bounded) <= most


def test_whoever_waits_as_long_as_told_is_let_in() -> None:
    asks, key = Asks(), ("user", 7)
    for _ in range(ASKS_MAX // EXPLANATION_UNITS):
        assert asks.take(key, EXPLANATION_UNITS, 0) == 0
    wait = asks.take(key, EXPLANATION_UNITS, 0)
    assert wait == EXPLANATION_UNITS * UNIT_MS
    assert asks.take(key, EXPLANATION_UNITS, wait - 1) == 1
    assert asks.take(key, EXPLANATION_UNITS, wait) == 0


def test_filling_the_table_forgets_nobodys_count() -> None:
    asks = Asks(2)
    for _ in range(ASKS_MAX):
        assert asks.take(("user", 1), 1, 0) == 0
    assert asks.take(("user", 2), 1, 0) == 0
    assert asks.take(("user", 3), 1, 0) == UNIT_MS, "until the first of those that are remembered has rested"
    assert asks.take(("user", 1), 1, 0) == UNIT_MS
    assert asks.take(("user", 3), 1, UNIT_MS) == 0
    assert len(asks) == 2
