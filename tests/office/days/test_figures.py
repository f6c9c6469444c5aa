"""The last days in figures, on both databases."""

from __future__ import annotations

from bonafide.core.moment import DAY_MS, show_moment
from bonafide.office.days.figures import day_figures
from bonafide.office.store.database import Store
from tests.office.days.kit import FIRST_DAY, Made, follow, log_of


def test_days_are_told_without_gaps_and_held_against_the_budget(store: Store) -> None:
    made = [Made(day=0, outcome="hold", alert=True), Made(day=0), Made("transfer", day=0, alert=True), Made(day=2)]
    follow(store, log_of(*made))
    told = day_figures(store, days=30)
    assert (told["as_of"], told["counted_since"]) == (
        show_moment((FIRST_DAY + 2) * DAY_MS), show_moment(FIRST_DAY * DAY_MS)
    )  # fmt: skip
    assert [(one["payments"], one["decided"], one["alerts"]) for one in told["days"]] == [
        (2, 3, 2),
        (0, 0, 0),
        (1, 1, 0),
    ]
    assert told["days"][0]["outcomes"] == {"allow": 1, "warn": 0, "verify": 0, "hold": 1, "decline": 0}
    assert told["budget"] == {"per_day": 1, "is_set": False, "fraction": 0.005, "days_over": 1}
    assert day_figures(store, days=1)["days"] == told["days"][-1:]
    assert day_figures(store, days=30, alerts_per_day=2)["budget"] | {"fraction": 0} == {
        "per_day": 2, "is_set": True, "fraction": 0, "days_over": 0
    }  # fmt: skip


def test_scores_that_moved_are_told_with_the_one_that_moved_most_first(store: Store) -> None:
    before = [Made(day=day, score=0.01 * (1 + n % 5)) for day in range(28) for n in range(20)]
    after = [
        Made(day=28 + day, score=0.4, outcome="verify" if n < 4 else "allow") for day in range(7) for n in range(20)
    ]
    follow(store, log_of(*before, *after))
    drift = day_figures(store, days=5)["drift"]
    assert (drift["before"]["payments"], drift["after"]["payments"]) == (560, 140)
    assert (drift["before"]["until"], drift["after"]["from"]) == (show_moment((FIRST_DAY + 28) * DAY_MS),) * 2
    assert [(one["name"], one["verdict"]) for one in drift["numbers"]] == [
        ("score", "shifted"), ("outcome", "shifted"), ("credit_score", "stable")
    ]  # fmt: skip
    assert (drift["verdict"], drift["young"]) == ("shifted", True)


def test_where_nothing_was_decided_nothing_is_known(store: Store) -> None:
    told = day_figures(store)
    assert (told["days"], told["as_of"], told["budget"]["per_day"]) == ([], None, None)
    assert (told["drift"]["verdict"], told["drift"]["after"]["from"]) == ("unknown", None)
