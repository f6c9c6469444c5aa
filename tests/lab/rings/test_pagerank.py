"""Ranks solve their equation; who is near cases stands above who is not; verdicts are read as they stand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.lab.rings import ties_of
from bonafide.lab.rings.cases import confirmed
from bonafide.lab.rings.pagerank import DAMPING, NEAR_MIN, near_cases, walk
from bonafide.lab.rings.weights import Mixed, mixed_graph
from tests.lab.rings.kit import honest, known_of, payment, ties, verdict


def solved(graph: Mixed, start: np.ndarray) -> np.ndarray:
    """The ranks by a linear solve over the whole matrix."""
    matrix = np.zeros((graph.nodes, graph.nodes))
    for one, two, weight in zip(graph.one, graph.two, graph.weight):
        matrix[one, two] += weight
        matrix[two, one] += weight
    total = matrix.sum(axis=0)
    shared = np.divide(matrix, total, out=np.zeros_like(matrix), where=total > 0)
    return np.linalg.solve(np.eye(graph.nodes) - DAMPING * shared, (1 - DAMPING) * start)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Mixed, np.ndarray]:
    nodes = draw(st.integers(2, 9))
    pairs = [(a, b) for a in range(nodes) for b in range(a)]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True))
    weight = draw(st.lists(st.floats(0.01, 5), min_size=len(chosen), max_size=len(chosen)))
    start = np.array(draw(st.lists(st.floats(0.1, 1), min_size=nodes, max_size=nodes)))
    one, two = np.array(chosen, np.int64).reshape(-1, 2).T.copy()
    return Mixed(one, two, np.array(weight), nodes), start / start.sum()


@given(graphs())
def test_ranks_are_those_of_a_linear_solve(drawn: tuple[Mixed, np.ndarray]) -> None:
    graph, start = drawn
    assert walk(graph, start) == pytest.approx(solved(graph, start), abs=1e-6)


def test_those_who_trade_with_a_case_are_near_it_and_honest_people_are_not() -> None:
    ring = [(user, shop, 300, -shop) for user in range(200, 206) for shop in range(20, 23)]
    tied = ties([*honest(200, 20, 1_500), *ring], users=206, merchants=23)
    cases = np.zeros(tied.subjects)
    cases[200] = 0.5
    (found,) = near_cases(tied, cases)
    assert found.members.tolist() == [*range(200, 206), *(206 + shop for shop in range(20, 23))]
    assert found.scores.min() >= NEAR_MIN


def test_scores_compare_the_walk_from_cases_with_the_walk_from_anywhere() -> None:
    tied = ties(uses=[(user, user // 2) for user in range(10)] + [(2, 0)], users=10)
    cases = np.eye(10)[0]
    graph = mixed_graph(tied)
    near = solved(graph, np.eye(15)[0])[:10]
    chance = solved(graph, np.repeat([0.1, 0], [10, 5]))[:10]
    (found,) = near_cases(tied, cases)
    score = (near - chance) / (near + chance)
    assert found.members.tolist() == np.flatnonzero(score >= NEAR_MIN).tolist()
    assert found.members.tolist()[0] == 0
    assert found.scores == pytest.approx(score[found.members], abs=1e-5)


def test_without_a_case_there_is_no_group() -> None:
    tied = ties(honest(10, 3, 50), users=10, merchants=3)
    assert near_cases(tied, np.zeros(tied.subjects)) == []


def cases_of(folder: Path, *verdicts: object) -> dict[str, float]:
    """The cases that verdicts make of users u1, u2 and merchant m1."""
    trade = [payment(1, "u1", "m1"), payment(2, "u2", "m1")]
    known = known_of(folder, [*trade, *verdicts])  # type: ignore[list-item]
    tied = ties_of(known)
    number = confirmed(known, tied).tolist()
    return {name: value for name, value in zip([*tied.users, *tied.merchants], number) if value}


def on_event(number: int, name: str, label: str, day: float) -> object:
    return verdict(number, "event", name, label, day, user_id="u1", merchant_id="m1")


def test_a_verdict_on_an_event_speaks_of_its_user_and_its_merchant(tmp_path: Path) -> None:
    assert cases_of(tmp_path, on_event(1, "p1", "cash_out", 1)) == {"u1": 0.5, "m1": 0.5}
    two = cases_of(tmp_path, on_event(1, "p1", "cash_out", 1), on_event(2, "p9", "cash_out", 1))
    assert two == {"u1": 2 / 3, "m1": 2 / 3}


def test_the_last_verdict_on_an_event_stands(tmp_path: Path) -> None:
    assert cases_of(tmp_path, on_event(1, "p1", "cash_out", 1), on_event(2, "p1", "genuine", 2)) == {}
    assert cases_of(tmp_path, on_event(1, "p1", "genuine", 3), on_event(2, "p1", "cash_out", 2)) == {}
    assert cases_of(tmp_path, on_event(1, "p1", "unsure", 1)) == {}


def test_genuine_events_weigh_against_cash_out(tmp_path: Path) -> None:
    told = [on_event(1, "p1", "cash_out", 1), on_event(2, "p2", "genuine", 1), on_event(3, "p3", "cash_out", 1)]
    assert cases_of(tmp_path, *told) == {"u1": 0.5, "m1": 0.5}


def test_who_is_cleared_is_no_case_until_something_new_is_found(tmp_path: Path) -> None:
    told = [on_event(n, f"p{n}", "cash_out", 1) for n in range(3)] + [verdict(9, "user", "u1", "genuine", 5)]
    assert cases_of(tmp_path, *told) == {"m1": 0.75}
    again = on_event(7, "p7", "cash_out", 6)
    assert cases_of(tmp_path, *told, again) == {"u1": 0.5, "m1": 0.8}


def test_a_verdict_on_somebody_unknown_says_nothing(tmp_path: Path) -> None:
    assert cases_of(tmp_path, verdict(1, "merchant", "nobody", "cash_out", 1)) == {}
