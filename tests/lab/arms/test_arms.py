"""Arms side by side: sums as a plain count gives them, intervals that hold what they say, and warnings where due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from bonafide.core.errors import UsageError
from bonafide.engine.bundles.trial import Trial
from bonafide.lab.arms import ratios
from bonafide.lab.arms.compare import FIGURES, compare_arms
from bonafide.lab.arms.page import arms_html
from bonafide.lab.arms.ratios import difference, ratio
from bonafide.lab.arms.text import arms_text
from bonafide.lab.arms.told import Arms, Note
from bonafide.lab.arms.words import note_text
from bonafide.lab.chosen_labels import choose_labels
from tests.engine.kit import assert_golden
from tests.lab.runs import small_bundle

GOLDEN = Path(__file__).parent / "golden"
BEGUN = datetime(2026, 1, 5, tzinfo=UTC)
Change = Callable[[dict[str, Any], int], None]


def table(users: int = 600, each: int = 3, change: Change = lambda row, user: None, before: int = 1) -> pl.DataFrame:
    """Payments of users in arms (two fifths challenger, two fifths control), after `before` payments of each."""
    rows = []
    for turn in range(before + each):
        for user in range(users):
            arm = ("challenger", "control", "challenger", "control", "champion")[user % 5] if turn >= before else None
            row = {
                "seq": len(rows), "event_id": f"e{len(rows)}", "time": BEGUN + timedelta(hours=turn * 20, seconds=user),
                "type": "payment", "user_id": f"u{user}", "merchant_id": "m", "amount": 1_000 + user, "currency": "CNY",
                "outcome": "verify" if user % 7 == 0 else "allow", "alert": user % 7 == 0,
                "measures": ["notice"] if user % 14 == 0 else [], "bundle": "b" * 64 if turn >= before else "a" * 64,
                "arm": arm,
            }  # fmt: skip
            change(row, user)
            rows.append(row)
    return pl.DataFrame(rows, schema_overrides={"measures": pl.List(pl.String), "arm": pl.String})


def trial(share: int = 4_000, control: int = 4_000) -> Trial:
    return Trial("rollout", small_bundle(), (), (False, False), share, control, "autumn")


def labelled(rows: pl.DataFrame) -> Any:
    """Every user whose number divides by 21 cashes out."""
    bad = rows["user_id"].str.slice(1).cast(pl.Int64) % 21 == 0
    return choose_labels(rows.select("event_id", label=bad.cast(pl.Int8)), "latent", None)


def found(rows: pl.DataFrame, **told: Any) -> Arms:
    return compare_arms(rows, "b" * 64, told.get("trial", trial()), told.get("labels"))


def test_figures_are_those_of_a_plain_count() -> None:
    rows = table()
    told = found(rows, labels=labelled(rows))
    own = rows.filter(pl.col("bundle") == "b" * 64)
    assert [one.name for one in told.arms] == ["champion", "challenger", "control"]
    assert (told.against, told.subjects, told.nobody, told.warnings) == ("control", 600, 0, [])
    for arm in told.arms:
        mine = own.filter(pl.col("arm") == arm.name).to_dicts()
        subjects = {row["user_id"] for row in mine}
        bad = [row for row in mine if int(row["user_id"][1:]) % 21 == 0]
        honest = [row for row in mine if int(row["user_id"][1:]) % 21]
        met = {row["user_id"] for row in honest if row["alert"]}
        days = (max(row["time"] for row in own.to_dicts()) - min(row["time"] for row in own.to_dicts())).total_seconds()
        expected = {
            "alerts_a_day": 10_000 * sum(row["alert"] for row in mine) / len(subjects) / (days / 86_400),
            "alerted_per_10000": 10_000 * sum(row["alert"] for row in mine) / len(mine),
            "warned_per_10000": 0.0,
            "stopped_per_10000": 0.0,
            "money_stopped_fraction": 0.0,
            "measures": 10_000 * sum(len(row["measures"]) for row in mine) / len(subjects),
            "honest_disturbed_per_10000": 10_000 * sum(row["alert"] for row in honest) / len(honest),
            "honest_users_disturbed": 10_000 * len(met) / len({row["user_id"] for row in honest}),
            "cash_out": 10_000 * len(bad) / len(subjects),
            "cash_out_caught": 10_000 * sum(row["alert"] for row in bad) / len(subjects),
            "cash_out_missed": 0.0,
            "money_caught_fraction": 1.0,
            "precision": sum(row["alert"] for row in bad) / sum(row["alert"] for row in mine),
        }
        assert (arm.subjects, arm.events) == (len(subjects), len(mine))
        assert {name: figure.value for name, figure in arm.figures.items()} == pytest.approx(expected)
    assert tuple(told.arms[0].figures) == FIGURES
    by_name = {one.name: one for one in told.arms}
    for one in told.differences:
        values = [by_name[name].figures[one.name].value for name in ("challenger", "control")]
        assert one.value == pytest.approx(values[0] - values[1])  # type: ignore[operator]


@pytest.mark.parametrize(("users", "share_bad"), [(2_000, 0.02), (500, 0.5)])
def test_intervals_hold_the_truth_as_often_as_they_say(users: int, share_bad: float) -> None:
    """Two arms without any difference, with the skew that money and busy payers have."""
    rng = np.random.default_rng(7)
    inside = {"count": 0, "money": 0}
    turns = 400
    for _ in range(turns):
        sides: dict[str, list[ratios.Ratio]] = {"count": [], "money": []}
        for _ in range(2):
            events = rng.geometric(0.15, users).astype(float)
            bad = np.where(rng.random(users) < share_bad, np.minimum(rng.geometric(0.3, users), events), 0)
            money = bad * rng.lognormal(11, 1, users)
            sides["count"].append(ratio(bad, events, 10_000))
            sides["money"].append(ratio(money * (rng.random(users) < 0.6), money))
        for name, (one, other) in sides.items():
            told = difference(name, one, other)
            inside[name] += told.interval is None or not told.clear
    assert all(0.92 <= count / turns <= 0.985 for count in inside.values()), inside


def test_a_figure_that_rests_on_few_has_no_interval() -> None:
    few = np.zeros(1_000)
    few[:9] = 1.0
    assert ratio(few, np.ones(1_000)).variance is None
    one_shop = np.ones(1_000)
    one_shop[0] = 10_000.0
    assert ratio(np.where(np.arange(1_000) % 2 == 0, one_shop, 0.0), one_shop).variance is None
    assert ratio(few, np.zeros(1_000)).value is None


def test_arms_that_were_unlike_before_or_have_another_size_are_warned_of() -> None:
    def busy(row: dict[str, Any], user: int) -> None:
        if user % 5 in (0, 2) and row["arm"] is None:
            row["amount"] *= 10

    (money,) = found(table(change=busy)).warnings
    told = note_text(money, "en")
    assert told.startswith("Before the rollout the arms challenger and control differed in: money each (logarithm) (")
    sized = [note_text(one, "en") for one in found(table(), trial=trial(2_000, 6_000)).warnings]
    assert [one.split(" of the subjects")[0] for one in sized] == [
        "The arm challenger has 40.00 %", "The arm control has 40.00 %"
    ]  # fmt: skip


def test_what_nobody_can_know_is_said() -> None:
    def renamed(row: dict[str, Any], user: int) -> None:
        if row["seq"] < 800 and row["arm"] is not None:
            row["bundle"] = "c" * 64
        if user == 3:
            row["user_id"] = None
        if user == 4:
            row["user_id"] = row["merchant_id"] = None

    told = found(table(change=renamed))
    assert told.nobody == 2
    assert [note.name for note in told.notes] == ["arms before", "no labels"]
    assert [note.name for note in found(table(before=0)).notes] == ["nothing before", "no labels"]
    champions = found(table(change=lambda row, user: row.update(arm=row["arm"] and row["arm"].replace("control",
                      "champion"))), trial=trial(4_000, 0))  # fmt: skip
    assert champions.against == "champion"
    with pytest.raises(UsageError, match="decided nothing in an arm"):
        compare_arms(table(), "d" * 64, trial())


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_text_and_the_page_say_it_in_words(lang: Any) -> None:
    rows = table()
    told = found(rows, labels=labelled(rows), trial=trial(2_000, 4_000))
    written = msgspec.structs.replace(told, salt="<b>", notes=[Note("labels arrive")])
    page = arms_html(written, "bonafide bundle arms <x>", lang)
    assert page == arms_html(written, "bonafide bundle arms <x>", lang)
    assert "&lt;b&gt;" in page
    assert "bonafide bundle arms &lt;x&gt;" in page
    assert all(escape(note_text(note, lang)) in page for note in (*written.warnings, *written.notes))
    assert "http" not in page.replace("http-equiv", "")
    assert page.count("<svg") == 1
    assert_golden(GOLDEN / "arms.txt", arms_text(told) + "\n")
