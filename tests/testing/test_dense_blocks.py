"""Dense blocks are found where they were planted, the heap peels as the obvious way does, and the public data hold."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.moment import DAY_MS
from bonafide.testing.dense_blocks import BankView, Graph, bank_view, find_blocks, graph_of
from bonafide.testing.dense_blocks.antico import DailySpend, Months, antico, suspicion
from bonafide.testing.dense_blocks.antico import card_scores as antico_scores
from bonafide.testing.dense_blocks.fraudar import card_scores as fraudar_scores
from bonafide.testing.dense_blocks.fraudar import fraudar, fraudar_graph
from bonafide.testing.dense_blocks.peeling import peel
from bonafide.testing.dense_blocks.peeling_twin import densest, peel_slowly
from tests.house.tree import ROOT

ANTICO = ROOT.parent / "shared" / "data" / "antico"


def view(rows: list[tuple[int, int, int, int]], limit: int = 1_000) -> BankView:
    """A view from (card, merchant, amount, day)."""
    card, merchant, amount, day = (np.array(column, np.int64) for column in zip(*rows))
    cards, merchants = (tuple(f"{n:03}" for n in range(ids.max() + 1)) for ids in (card, merchant))
    return BankView(card, merchant, amount, day, np.full(len(rows), limit), cards, merchants)


@st.composite
def graphs(draw: st.DrawFn, nodes_max: int = 6) -> Graph:
    """Graphs of few weights, so that many nodes weigh the same."""
    cards, merchants = draw(st.integers(0, nodes_max)), draw(st.integers(0, nodes_max))
    cells = draw(st.lists(st.integers(0, 3), min_size=cards * merchants, max_size=cards * merchants))
    weight = np.array(cells, np.float64) / 3
    card, merchant = np.divmod(np.arange(cards * merchants), max(merchants, 1))
    return graph_of(card, merchant, weight, cards, merchants)


@given(graphs())
def test_the_heap_peels_as_the_obvious_way_does(graph: Graph) -> None:
    order, density = peel_slowly(graph)
    peeling = peel(graph)
    assert peeling.order.tolist() == order
    assert peeling.density.tolist() == density


@given(graphs(nodes_max=4))
def test_the_best_set_on_the_way_is_at_least_half_as_dense_as_any(graph: Graph) -> None:
    found = max(peel(graph).density.tolist(), default=0.0)
    assert densest(graph) / 2 <= found <= densest(graph)


@given(graphs())
def test_a_score_is_the_best_average_that_still_held_the_node(graph: Graph) -> None:
    order, density = peel_slowly(graph)
    best = peel(graph).best_density_with()
    assert [best[node] for node in order] == [max(density[: step + 1]) for step in range(len(order))]


@given(graphs())
def test_blocks_share_no_edge_and_grow_no_denser(graph: Graph) -> None:
    blocks = find_blocks(graph, at_most=4)
    assert sorted(blocks.density, reverse=True) == pytest.approx(blocks.density.tolist())
    assert blocks.card_score.shape == (graph.cards,)
    for block in range(len(blocks.density)):
        assert (blocks.card_score[blocks.card_block == block] >= blocks.density[block]).all()


def honest_trade(cards: int, merchants: int, payments: int) -> Iterator[tuple[int, int, int, int]]:
    """Payments spread over cards, merchants and 60 days, the first merchants the most popular."""
    draw = np.random.default_rng(7)
    for card in draw.integers(0, cards, payments).tolist():
        yield card, int(merchants * draw.random() ** 2), int(draw.integers(5, 60)), int(draw.integers(0, 60))


def test_fraudar_finds_a_planted_block_behind_camouflage() -> None:
    honest = list(honest_trade(400, 40, 4_000))
    planted = [(card, merchant, 20, card % 60) for card in range(400, 420) for merchant in range(40, 60)]
    camouflage = [(card, card % 4, 20, 5) for card in range(400, 420)]
    blocks = fraudar(view(honest + planted + camouflage))
    assert np.flatnonzero(blocks.card_block == 0).tolist() == list(range(400, 420))
    assert set(range(40, 60)) <= set(np.flatnonzero(blocks.merchant_block == 0).tolist())
    assert blocks.card_score[400:].min() > blocks.card_score[:400].max()


def test_antico_finds_bursts_that_use_the_limit_up() -> None:
    honest = list(honest_trade(400, 40, 4_000))
    bursts = [(card, 30 + n % 5, 90, 12 + month) for card in range(400, 420) for n in range(10) for month in (0, 30)]
    found = antico(view(honest + bursts))
    assert np.flatnonzero(found.card_block == 0).tolist() == list(range(400, 420))


def test_antico_weighs_the_concentration_of_a_months_spend_by_its_utilisation() -> None:
    even = [(0, 0, 10, day) for day in range(30)]
    burst = [(1, 0, 300, 4)]
    idle = [(2, 0, 1, 4)]
    seen = view(even + burst + idle)
    found = suspicion(seen, DailySpend.of(seen), Months.of(seen.day))
    assert found == pytest.approx([0.0, (29 / 30) * 0.3, (29 / 30) * 0.001])


def test_a_card_without_a_known_limit_is_not_suspected() -> None:
    seen = view([(0, 0, 300, 4), (1, 0, 5, 20)], limit=0)
    assert antico_scores(seen).tolist() == [0.0, 0.0]


def test_months_are_equal_parts_of_about_thirty_days() -> None:
    assert Months.of(np.arange(61)).begins.tolist() == [0, 30, 61]
    assert Months.of(np.arange(100, 110)).begins.tolist() == [0, 10]
    assert Months.of(np.arange(100, 161)).month_of(np.array([100, 129, 130, 160])).tolist() == [0, 0, 1, 1]


def test_popular_merchants_count_less_and_repeats_do_not_count() -> None:
    graph = fraudar_graph(view([(0, 0, 1, 0), (0, 0, 1, 1), (1, 0, 1, 0), (0, 1, 1, 0)]))
    pairs = list(zip(graph.card.tolist(), graph.merchant.tolist(), graph.weight.tolist()))
    popular, lone = round(1e9 / np.log(7)), round(1e9 / np.log(6))
    assert pairs == [(0, 0, popular), (0, 1, lone), (1, 0, popular)]


def test_an_empty_view_has_no_blocks() -> None:
    none = np.zeros(0, np.int64)
    empty = BankView(none, none, none, none, none, (), ())
    assert antico_scores(empty).size == fraudar_scores(empty).size == antico(empty).density.size == 0


def test_weights_that_cannot_be_added_exactly_are_refused() -> None:
    one = np.zeros(1, np.int64)
    with pytest.raises(ValueError, match="9,007,199 and less"):
        graph_of(one, one, np.array([1e7]), 1, 1)


def test_the_bank_sees_credit_payments_that_went_through() -> None:
    payment = {"type": "payment", "user_id": "u", "merchant_id": "m", "amount": 5, "time": DAY_MS - 1, "status": None}
    rows = [
        payment | {"event_id": "a", "pay_with": None, "credit_limit": 70},
        payment | {"event_id": "b", "pay_with": "balance"},
        payment | {"event_id": "c", "pay_with": "credit"},
        payment | {"event_id": "d", "pay_with": "credit", "user_id": "t", "merchant_id": "n"},
        {"event_id": "s", "type": "payment_status", "payment_id": "c", "status": "cancelled", "time": DAY_MS},
        {"event_id": "t", "type": "payment_status", "payment_id": "d", "status": "completed", "time": DAY_MS},
    ]
    seen = bank_view(pl.from_dicts(rows), offset_ms=1)
    assert (seen.cards, seen.merchants) == (("t", "u"), ("m", "n"))
    assert (seen.card.tolist(), seen.merchant.tolist()) == ([1, 0], [0, 1])
    assert (seen.day.tolist(), seen.limit_minor.tolist()) == ([1, 1], [70, 0])


@pytest.fixture(scope="module")
def public_cards() -> tuple[BankView, np.ndarray]:
    """The public cash-out data and which of its cards cash out."""
    if not ANTICO.is_dir():
        pytest.skip("the public dataset antico is not here")
    label, quant = {}, {}
    for card, limit, *_, bad in _rows(ANTICO / "cards.gz"):
        label[card], quant[card] = bad == "1", round(float(limit) * 100)
    rows = [(c, m, round(float(amount) * 100), date) for c, m, amount, date, *_ in _rows(ANTICO / "transactions.gz")]
    events = pl.DataFrame(rows, ["user_id", "merchant_id", "amount", "date"], orient="row").with_columns(
        time=pl.col("date").str.to_datetime("%Y-%m-%d"),
        credit_limit=pl.col("user_id").replace_strict(quant),
        type=pl.lit("payment"),
    )
    seen = bank_view(events, offset_ms=0)
    return seen, np.array([label[card] for card in seen.cards])


def _rows(path: Path) -> Iterator[list[str]]:
    with gzip.open(path, "rt", encoding="ascii") as lines:
        next(lines)
        for line in lines:
            yield line.split()


def test_antico_finds_every_card_of_the_public_data_in_two_blocks(public_cards: tuple[BankView, np.ndarray]) -> None:
    seen, bad = public_cards
    blocks = antico(seen, at_most=2)
    assert (blocks.card_block >= 0).tolist() == bad.tolist()
    assert blocks.card_score[bad].min() > blocks.card_score[~bad].max()


def test_fraudar_finds_nearly_all_of_them_in_one(public_cards: tuple[BankView, np.ndarray]) -> None:
    seen, bad = public_cards
    first = fraudar(seen, at_most=1).card_block == 0
    assert (first & bad).sum() >= 0.9 * bad.sum()
    assert not (first & ~bad).any()
