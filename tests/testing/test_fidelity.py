"""The reasons that a decision states are what moved its score: without them it falls below the line."""

from __future__ import annotations

import numpy as np
import pytest

from bonafide.core.events import Event, Payment
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.codes import READ
from bonafide.engine.engine import Engine
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.testing.fidelity import Cases, cases_of, fidelity, scores_without, together, typical
from tests.engine.kit import START_MS, frame_of
from tests.engine.modelled import modelled

LINE_E6 = 300_000
SMALL = np.zeros(3)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(modelled(tmp_path_factory.mktemp("modelled") / "b"))


@pytest.fixture(scope="module")
def cases(bundle: Bundle) -> Cases:
    """Payments of many amounts on lines of many sizes, some twice in an hour."""
    log: list[Event] = [
        Payment(
            event_id=f"p{n}", time=START_MS + n * 1_200_000, user_id=f"u{n % 50}", merchant_id="m", order_id=f"o{n}",
            amount=int(10 ** (1 + n % 53 / 10)), currency="CNY", credit_limit=(None, 1_000, 200_000)[n % 3],
            pay_with="credit" if n % 2 else "balance",
        )
        for n in range(600)
    ]  # fmt: skip
    frame = frame_of(log)
    batch = Engine(bundle).decide_columns(kinds_of(frame), columns_of(frame), np.full(len(log), READ))
    return cases_of(bundle, batch, np.flatnonzero(batch.template >= 0))


def test_without_the_stated_reasons_scores_fall_and_without_others_they_do_not(bundle: Bundle, cases: Cases) -> None:
    for line in (LINE_E6, 500_000):
        found = fidelity(bundle, cases, line, SMALL)
        assert found.cases > 50
        assert found.fallen >= 0.95
        assert found.fallen_others <= 0.5
        assert found.fallen_first <= found.fallen
        assert found == fidelity(bundle, cases, line, SMALL)


def test_with_all_reasons_left_the_scores_are_those_of_the_decisions(bundle: Bundle, cases: Cases) -> None:
    nothing = np.zeros((len(cases.inputs), len(bundle.reasons)), dtype=bool)
    assert np.abs(scores_without(bundle, cases, nothing, SMALL) - cases.score_e6).max() <= 1
    everything = scores_without(bundle, cases, ~nothing, SMALL)
    assert len(set(everything.tolist())) == 1
    assert everything[0] < LINE_E6


def test_reasons_that_were_drawn_by_lot_would_be_noticed(bundle: Bundle, cases: Cases) -> None:
    over = cases.at(cases.score_e6 >= LINE_E6)
    wrong = over._replace(stated=np.full_like(over.stated, -1))
    wrong.stated[:, 0] = list(bundle.reasons).index("RC5")
    assert fidelity(bundle, wrong, LINE_E6, SMALL).fallen == 0.0


def test_batches_are_put_together_in_order(cases: Cases) -> None:
    joined = together([cases.at(np.arange(10)), cases.at(np.arange(10, 25))])
    assert np.array_equal(joined.inputs, cases.inputs[:25], equal_nan=True)
    assert np.array_equal(joined.stated, cases.stated[:25])


def test_the_typical_value_leaves_missing_ones_out() -> None:
    rows = np.array([[1.0, np.nan, np.nan], [3.0, np.nan, 5.0], [8.0, np.nan, 6.0]])
    assert np.array_equal(typical(rows), [3.0, np.nan, 5.5], equal_nan=True)
