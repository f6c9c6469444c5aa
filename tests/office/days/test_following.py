"""How scores went and what days held, as a plain reading of the whole log says it, however it is cut into steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from bonafide.core.moment import DAY_MS, show_moment
from bonafide.core.pseudonym import show_token
from bonafide.office.days import counting
from bonafide.office.days.bands import credit_band, score_band
from bonafide.office.days.takings import exposure_of
from bonafide.office.me import follow as following
from bonafide.office.me import history
from bonafide.office.me.history import score_history
from bonafide.office.store.database import Store
from bonafide.office.store.tables import day_counts, decided_subjects, log_places, score_days, trade_days
from tests.office.days.kit import FIRST_DAY, Made, follow, log_of

KEPT = 5
MADE = st.builds(
    Made, type=st.sampled_from(["payment", "refund", "payout", "transfer"]), user=st.integers(1, 2),
    merchant=st.integers(1, 2), day=st.integers(0, 9), outcome=st.sampled_from(["allow", "verify", "decline"]),
    score=st.sampled_from([0.0, 0.2]), credit_score=st.sampled_from([None, 500, 640]), alert=st.booleans(),
    amount=st.integers(1, 10**12),
)  # fmt: skip


def plain_history(made: list[Made], key: tuple[str, str]) -> list[tuple[int, int | None]]:
    """Day and score of each change, in the order of the log; a late event counts on the newest day."""
    found: dict[int, int | None] = {}
    last: tuple[int | None, int] | None = None
    for one in made:
        if one.key != key or (last is not None and last[0] == one.credit_score):
            continue
        day = one.day if last is None else max(one.day, last[1])
        found[day], last = one.credit_score, (one.credit_score, day)
    newest = max(one.day for one in made)
    return [(day, score) for day, score in sorted(found.items()) if day > newest - KEPT]


def plain_counts(made: list[Made]) -> Counter[tuple[int, str, int]]:
    found: Counter[tuple[int, str, int]] = Counter()
    for one in made:
        found[one.day, "decided", 0] += 1
        found[one.day, "alert", 0] += int(one.alert)
        if one.type == "payment":
            found[one.day, "outcome", {"allow": 0, "verify": 2, "decline": 4}[one.outcome]] += 1
            found[one.day, "score", score_band(one.score)] += 1
            found[one.day, "credit", credit_band(one.credit_score)] += 1
    return +found


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(tmp_path_factory.mktemp("days") / "office.db") as one, pytest.MonkeyPatch.context() as changed:
        changed.setattr(history, "SCORE_DAYS_MAX", KEPT)
        changed.setattr(following, "EVENTS_AT_ONCE", 3)
        yield one


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(made=st.lists(MADE, max_size=16))
def test_it_keeps_what_a_plain_reading_keeps(kept: Store, made: list[Made]) -> None:
    with kept.writing() as connection:
        for table in (decided_subjects, score_days, day_counts, trade_days, log_places):
            connection.execute(delete(table))
    follow(kept, log_of(*made))
    with kept.reading() as connection:
        for key in {one.key for one in made if one.key is not None}:
            went = score_history(connection, *key)
            expected = plain_history(made, key)
            assert [(row["day"], row["credit_score"]) for row in went] == [
                (show_moment((FIRST_DAY + day) * DAY_MS), score) for day, score in expected
            ]
        counts = {(row.day - FIRST_DAY, row.what, row.band): row.number
                  for row in connection.execute(select(day_counts))}  # fmt: skip
        assert counts == plain_counts(made)


def test_what_a_merchant_took_in_is_summed(store: Store) -> None:
    follow(store, log_of(
        Made(amount=500), Made(amount=700, day=29), Made(amount=90, outcome="decline", day=29),
        Made("refund", amount=200, day=30), Made("payout", amount=300, day=30),
        Made("payout", amount=50, outcome="hold", day=30), Made("transfer", day=30), Made(merchant=2, amount=9, day=30),
    ))  # fmt: skip
    with store.reading() as connection:
        told = exposure_of(connection, show_token(101))
        nobody = exposure_of(connection, show_token(999))
    assert (told["days"], told["since"]) == (30, show_moment((FIRST_DAY + 1) * DAY_MS))
    assert told["sums"] == [
        {"currency": "CNY", "payments": 1, "pay_later": 700, "refunded": 200, "paid_out": 300, "held": 50}
    ]
    assert nobody["sums"] == []


def test_counts_are_let_go_of_in_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "DAYS_KEPT", 3)
    monkeypatch.setattr(counting, "TRADE_DAYS_KEPT", 2)
    monkeypatch.setattr(following, "EVENTS_AT_ONCE", 1)
    follow(store, log_of(*(Made(day=day) for day in range(6))))
    with store.reading() as connection:
        assert connection.scalar(select(func.min(day_counts.c.day))) == FIRST_DAY + 3
        assert connection.scalar(select(func.min(trade_days.c.day))) == FIRST_DAY + 4


def test_a_log_that_is_another_is_counted_anew(store: Store) -> None:
    follow(store, log_of(Made(credit_score=500, day=3), Made(credit_score=640, day=4), Made(day=4)))
    follow(store, log_of(Made(credit_score=500, day=1)))
    with store.reading() as connection:
        went = score_history(connection, "user", show_token(1))
        assert [(row["day"], row["credit_score"]) for row in went] == [(show_moment((FIRST_DAY + 1) * DAY_MS), 500)]
        assert connection.scalar(select(func.sum(day_counts.c.number)).where(day_counts.c.what == "decided")) == 1
