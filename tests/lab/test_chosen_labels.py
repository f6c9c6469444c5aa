"""Judging by the truth and by what had arrived: late labels, wrong ones, none, and files that know no difference."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.errors import InputError, UsageError
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.lab.chosen_labels import choose_labels
from bonafide.lab.metrics import evaluate
from tests.lab.test_metrics import T0, decided, labelled

DAY = 24


def observed(*rows: tuple[int, int | None, int | None], typology: str | None = None) -> pl.DataFrame:
    """Truth of p0, p1, ...: (latent label, observed label, hours after T0 at which it became known)."""
    known = [None if hours is None else T0 + hours * HOUR_MS for _, _, hours in rows]
    return pl.DataFrame(
        {
            "event_id": [f"p{n}" for n in range(len(rows))],
            "label": pl.Series([latent for latent, _, _ in rows], dtype=pl.Int8),
            "typology": pl.Series([typology] * len(rows), dtype=pl.String),
            "known_at": pl.Series(known, dtype=pl.Datetime("ms", "UTC")),
            "observed_label": pl.Series([seen for _, seen, _ in rows], dtype=pl.Int8),
        }
    )


def arrived(truth: pl.DataFrame, hours: int) -> dict[str, bool]:
    frame = choose_labels(truth, "arrived", T0 + hours * HOUR_MS).frame
    return dict(frame.select("event_id", "bad").iter_rows())


def test_a_label_judges_from_the_moment_it_is_known_and_as_it_was_observed() -> None:
    truth = observed((1, 1, 5), (1, 0, 6), (0, None, None), (0, 0, None), (1, None, 3), (0, 1, 7))
    assert arrived(truth, 4) == {}
    assert arrived(truth, 5) == {"p0": True}
    assert arrived(truth, 99) == {"p0": True, "p1": False, "p5": True}


def test_without_observed_labels_those_that_are_there_arrive() -> None:
    truth = observed((1, 0, 5), (0, 1, 9)).drop("observed_label")
    assert arrived(truth, 5) == {"p0": True}
    assert arrived(truth.with_columns(pl.col("known_at").dt.epoch("ms")), 5) == {"p0": True}


def test_the_latent_truth_knows_no_moment() -> None:
    truth = observed((1, 0, 5), (0, 1, None))
    assert dict(choose_labels(truth, "latent", None).frame.select("event_id", "bad").iter_rows()) == {
        "p0": True, "p1": False,
    }  # fmt: skip
    with pytest.raises(UsageError, match="as_of_ms"):
        evaluate(decided({}, {}), truth, as_of_ms=T0)


def test_a_typology_stays_only_beside_a_label_that_is_right() -> None:
    truth = observed((0, 1, 1), (0, 0, 1), typology="flash_sale")
    e = evaluate(decided({}, {}, {"time": T0 + DAY * HOUR_MS}), truth, labels="arrived")
    assert (e.n, e.positives) == (2, 1)
    assert list(e.per_typology) == []
    assert {name: kind.n for name, kind in e.per_hard_negative.items()} == {"flash_sale": 1}


def test_notes_say_how_many_labels_had_arrived_and_how_many_were_wrong() -> None:
    truth = observed((1, 1, 1), (1, 0, 2), (0, 1, 2), (0, 0, 3), (0, None, None), (1, 1, 900))
    decisions = decided(*[{}] * 5, {"time": T0 + 5 * HOUR_MS})
    e = evaluate(decisions, truth, labels="arrived", resamples=0)
    assert (e.labels, e.as_of, e.n, e.positives, e.unlabelled) == ("arrived", "2026-01-05T05:00:00.000Z", 4, 2, 2)
    assert e.notes == [
        "Judged by the labels that had arrived by 2026-01-05T05:00:00.000Z: 4 of 6 decided payments had one.",
        "Of these labels 2 differ from the truth: 1 honest payments called cash-out, "
        "1 cash-out payments called honest.",
    ]
    assert evaluate(decisions, truth, labels="arrived", as_of_ms=T0 + HOUR_MS, resamples=0).n == 1


def test_the_moment_is_that_of_the_latest_decision_of_any_type() -> None:
    truth = observed((1, 1, 40), (0, 0, 41))
    decisions = decided({}, {}, {"type": "payout", "time": T0 + 40 * HOUR_MS})
    assert evaluate(decisions, truth, labels="arrived", resamples=0).n == 1
    assert evaluate(decisions.clear(), truth, labels="arrived", resamples=0).n == 0


@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from([None, 0, 1]), st.sampled_from([None, 1, 5, 9]))))
def test_choosing_equals_looking_at_one_row_after_another(rows: list[tuple[int, int | None, int | None]]) -> None:
    for hours in (0, 1, 5, 8):
        expected = {
            f"p{n}": bool(seen)
            for n, (_, seen, known) in enumerate(rows)
            if seen is not None and known is not None and known <= hours
        }
        assert arrived(observed(*rows), hours) == expected


@pytest.mark.parametrize(
    ("truth", "field", "says"),
    [
        (labelled(1), "known_at", "no column known_at, so nobody can say what had arrived"),
        (observed((1, 2, 1)), "observed_label", "observed_label: 2 is not accepted"),
        (observed((1, 1, 1)).with_columns(known_at=pl.lit("soon")), "known_at", "the column holds String"),
        (observed((1, 1, 1)).with_columns(observed_label=pl.lit("bad")), "observed_label", "the column holds String"),
    ],
)
def test_a_truth_that_cannot_say_what_had_arrived_is_refused(truth: pl.DataFrame, field: str, says: str) -> None:
    with pytest.raises(InputError, match=says) as refused:
        evaluate(decided({"time": T0 + DAY_MS}), truth, labels="arrived")
    assert refused.value.field == field


def test_columns_of_nulls_say_that_nothing_arrived() -> None:
    nothing: dict[str, Any] = {"observed_label": pl.lit(None), "known_at": pl.lit(None)}
    e = evaluate(decided({}), labelled(1).with_columns(**nothing), labels="arrived")
    assert (e.n, e.unlabelled) == (0, 1)
