"""Peeling equals the slow twin, blocks are as dense as those of the reference, and planted rings are found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.lab.rings.blocks import MEMBERS_MAX, cash_out_block, dense_block
from bonafide.lab.rings.graph import Ties
from bonafide.lab.rings.peeling import WEIGHT_UNIT, bipartite, blocks, peel
from bonafide.lab.rings.spending import daily_spend, payment_weights, suspicion
from bonafide.lab.rings.weights import cash_out_pairs, trading_pairs
from bonafide.testing.dense_blocks import BankView, find_blocks, graph_of
from bonafide.testing.dense_blocks.antico import DailySpend, Months
from bonafide.testing.dense_blocks.antico import suspicion as reference_suspicion
from bonafide.testing.dense_blocks.fraudar import fraudar_graph
from bonafide.testing.dense_blocks.peeling_twin import average, densest, edges_of, peel_slowly
from tests.lab.rings.kit import honest, ties

USERS, MERCHANTS = 400, 40
RING_USERS, RING_SHOPS = range(400, 416), range(40, 46)


@st.composite
def edges(draw: st.DrawFn, nodes_max: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray, int, int]:
    """(user, merchant, weight, users, merchants) of few weights, so that many nodes weigh the same."""
    users, merchants = draw(st.integers(1, nodes_max)), draw(st.integers(1, nodes_max))
    cells = draw(st.lists(st.integers(0, 3), min_size=users * merchants, max_size=users * merchants))
    user, merchant = np.divmod(np.arange(users * merchants), merchants)
    return user, merchant, np.array(cells, np.float64) / 3, users, merchants


@given(edges())
def test_the_heap_peels_as_the_obvious_way_does(drawn: tuple[np.ndarray, np.ndarray, np.ndarray, int, int]) -> None:
    user, merchant, weight, users, merchants = drawn
    order, density = peel(bipartite(user, merchant + users, weight, users + merchants))
    slow_order, slow_density = peel_slowly(graph_of(user, merchant, weight, users, merchants))
    idle = len(slow_order) - order.size  # nodes without an edge go first there and stand nowhere here
    assert order.tolist() == slow_order[idle:]
    assert density.tolist() == slow_density[idle:]


@given(edges(nodes_max=4))
def test_the_first_block_is_at_least_half_as_dense_as_any_set(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray, int, int],
) -> None:
    user, merchant, weight, users, merchants = drawn
    found = blocks(bipartite(user, merchant + users, weight, users + merchants), at_most=1)
    best = densest(graph_of(user, merchant, weight, users, merchants))
    assert best / 2 <= sum(block.density for block in found) <= best


@given(edges(), st.integers(2, 8))
def test_a_block_keeps_to_its_bound_and_its_density_is_what_is_inside(
    drawn: tuple[np.ndarray, np.ndarray, np.ndarray, int, int], bound: int
) -> None:
    user, merchant, weight, users, merchants = drawn
    told: set[tuple[int, int]] = set()
    for block in blocks(bipartite(user, merchant + users, weight, users + merchants), nodes_max=bound):
        pairs = set(zip(block.inside.user.tolist(), block.inside.merchant.tolist()))
        assert block.nodes.size <= bound
        assert block.density == pytest.approx(block.inside.weight.sum() / WEIGHT_UNIT / block.nodes.size)
        assert not pairs & told
        told |= pairs


def view_of(tied: Ties) -> BankView:
    """The same trade as the reference takes it."""
    trade = tied.trade
    return BankView(
        trade.user, trade.merchant, trade.amount_minor, trade.day, trade.limit_minor, tied.users, tied.merchants
    )


def planted() -> Ties:
    """Honest trade, and a ring that buys honestly besides and empties lines on a few days of each month."""
    rng = np.random.default_rng(3)
    ring = [
        (user, shop, 90, -month - int(rng.integers(0, 2)))
        for user in RING_USERS for shop in RING_SHOPS for month in (10, 40)
    ]  # fmt: skip
    camouflage = [(user, user % 4, 20, -(user % 60)) for user in RING_USERS]
    return ties([*honest(USERS, MERCHANTS, 4_000), *ring, *camouflage], users=416, merchants=46)


def test_blocks_are_those_of_the_reference_while_nothing_bounds_them() -> None:
    tied = planted()
    pairs = trading_pairs(tied)
    graph = bipartite(pairs.user, pairs.merchant + len(tied.users), pairs.weight, tied.subjects)
    reference = find_blocks(fraudar_graph(view_of(tied)), at_most=3)
    found = blocks(graph, at_most=3)
    assert [block.density for block in found] == reference.density.tolist()
    first = np.concatenate([reference.card_block, reference.merchant_block]) == 0
    assert found[0].nodes.tolist() == np.flatnonzero(first).tolist()


def test_a_bounded_search_recalls_planted_blocks_no_worse_than_the_reference() -> None:
    tied = planted()
    ring = {*RING_USERS, *(shop + len(tied.users) for shop in RING_SHOPS)}
    reference = find_blocks(fraudar_graph(view_of(tied)), at_most=3)
    held = np.flatnonzero(np.concatenate([reference.card_block, reference.merchant_block]) >= 0).tolist()
    recall, precision = len(ring & set(held)) / len(ring), len(ring & set(held)) / len(held)
    for method in (dense_block, cash_out_block):
        best = max(method(tied), key=lambda one: float(one.scores[0])).members.tolist()
        assert len(ring & set(best)) / len(ring) >= recall
        assert len(ring & set(best)) / len(best) >= max(precision, 0.9)


def test_the_density_of_a_block_is_what_the_twin_counts() -> None:
    tied = planted()
    pairs = cash_out_pairs(tied)
    graph = bipartite(pairs.user, pairs.merchant + len(tied.users), pairs.weight, tied.subjects)
    same = edges_of(graph_of(pairs.user, pairs.merchant, pairs.weight, len(tied.users), len(tied.merchants)))
    (first,) = blocks(graph, at_most=1, nodes_max=MEMBERS_MAX)
    assert first.density == pytest.approx(average(same, first.nodes.tolist()))


@st.composite
def trades(draw: st.DrawFn) -> Ties:
    row = st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(1, 500), st.integers(-70, 0))
    rows = draw(st.lists(row, max_size=30))
    return ties(rows, users=5, merchants=4, limit=draw(st.sampled_from([0, 100, 1_000])))


@given(trades())
def test_suspicion_is_that_of_the_reference(tied: Ties) -> None:
    view = view_of(tied)
    reference = reference_suspicion(view, DailySpend.of(view), Months.of(view.day))
    assert suspicion(tied.trade, daily_spend(tied.trade), 5) == pytest.approx(reference)


@given(trades())
def test_a_users_days_share_the_users_suspicion(tied: Ties) -> None:
    daily = daily_spend(tied.trade)
    weight = payment_weights(tied.trade, 5)
    first = np.unique(daily.of_payment, return_index=True)[1]
    by_user = np.bincount(tied.trade.user[first], weight[first], 5)
    assert by_user == pytest.approx(suspicion(tied.trade, daily, 5))


def test_popular_merchants_count_less_and_repeats_do_not_count() -> None:
    pairs = trading_pairs(ties([(0, 0, 1, 0), (0, 0, 1, -1), (1, 0, 1, 0), (0, 1, 1, 0)], users=2, merchants=2))
    assert list(zip(pairs.user.tolist(), pairs.merchant.tolist())) == [(0, 0), (0, 1), (1, 0)]
    assert pairs.weight == pytest.approx(1 / np.log([7, 6, 7]))


def test_money_without_a_known_line_is_not_suspected() -> None:
    ring = [(user, shop, 90, -29 * (shop == 3)) for user in range(6) for shop in range(4)]
    assert cash_out_block(ties(ring, users=6, merchants=4, limit=0)) == []
    assert cash_out_block(ties(ring, users=6, merchants=4, limit=400)) != []


def test_no_trade_has_no_blocks() -> None:
    assert dense_block(ties(users=3)) == cash_out_block(ties(users=0)) == []
