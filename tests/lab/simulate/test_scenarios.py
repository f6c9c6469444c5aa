"""Scenarios: each shows what it says, and the page about the simulator names them all."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import polars as pl
import pytest

from bonafide.lab.baseline import read_baseline
from bonafide.lab.metrics import BUDGET_FRACTION
from bonafide.lab.simulate.scenarios import BUDGET_MIN_FRACTION, ORDERS, SCENARIOS, TYPOLOGIES, Knobs
from tests.lab.simulate.runs import run

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "simulator.md"


@pytest.mark.parametrize("typology", TYPOLOGIES)
def test_a_typology_occurs_alone_in_its_own_scenario(typology: str) -> None:
    lived = run(typology, 300, 60, 30)
    assert set(lived.truth.filter(label=1)["typology"]) == {typology}
    roles = lived.subjects.filter(subject_type="user", label=1)["role"]
    assert set(roles) == {typology}


def test_calm_is_honest_life_alone() -> None:
    lived = run("calm", 300, 60, 20)
    assert lived.truth.height > 500
    assert lived.truth["label"].sum() == 0
    assert lived.subjects["label"].sum() == 0
    assert lived.subjects["role"].null_count() == lived.subjects.height
    assert lived.events.filter(type="verdict").is_empty()


def test_new_schemes_are_first_seen_after_seven_tenths_of_the_days() -> None:
    lived = run("new-scheme", 700, 70, 60)
    late = lived.payments.filter(pl.col("bad"), pl.col("typology").is_in(["account_farm", "bought_traffic"]))
    assert set(late["typology"]) == {"account_farm", "bought_traffic"}
    assert late["time"].min() >= lived.day(42)  # type: ignore[operator]
    others = lived.payments.filter(pl.col("bad"), ~pl.col("typology").is_in(["account_farm", "bought_traffic"]))
    assert others["time"].min() < lived.day(21)  # type: ignore[operator]


def test_a_festival_sells_more_on_its_day_than_on_any_other() -> None:
    lived = run("festival", 600, 70, 60)
    per_day = lived.payments.with_columns(day=(pl.col("time") - lived.start) // 86_400_000)["day"].value_counts()
    busiest = per_day.sort("count", descending=True)
    assert busiest["day"][0] == 37  # 5 October + 37 days is 11 November
    assert busiest["count"][0] > 2 * per_day["count"].median()  # type: ignore[operator]
    sale = lived.payments.filter(typology="sale_day")
    assert sale["time"].is_between(lived.day(37), lived.day(38) + 3_600_000).all()


def test_shares_of_typologies_make_a_whole() -> None:
    assert sum(TYPOLOGIES.values()) == pytest.approx(1.0)


def recorded_rate(name: str) -> float:
    recorded = read_baseline(ROOT / "benches" / "decisions" / f"{name}-seed-7.yaml")
    return recorded.positives / recorded.n


@pytest.mark.parametrize("typology", TYPOLOGIES)
def test_the_rate_of_a_typology_is_what_its_scenario_was_recorded_with(typology: str) -> None:
    assert SCENARIOS[typology].cash_out_fraction == pytest.approx(recorded_rate(typology), rel=0.03)


@pytest.mark.parametrize("name", ["small", "festival", "new-scheme"])
def test_a_mix_leads_to_about_the_rate_that_was_recorded(name: str) -> None:
    assert SCENARIOS[name].cash_out_fraction == pytest.approx(recorded_rate(name), rel=0.25)


def test_an_alert_budget_is_two_looks_for_each_cash_out_and_never_less_than_that_of_a_log_of_unknown_rate() -> None:
    assert ORDERS.keys() == TYPOLOGIES.keys()
    assert BUDGET_MIN_FRACTION == BUDGET_FRACTION == SCENARIOS["calm"].alert_budget_fraction
    loop = SCENARIOS["user_merchant_loop"]
    assert loop.alert_budget_fraction == pytest.approx(2 * 0.03 * 0.36)
    rare = replace(loop, knobs=replace(loop.knobs, users=0.001))
    assert rare.alert_budget_fraction == BUDGET_MIN_FRACTION


def rows(title: str) -> dict[str, list[str]]:
    """The rows of the table under a heading of the page, by what stands in their first cell."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:3] == "| `"
    ]
    return {found[1]: row[1:] for row in cells if (found := re.match(r"`([^`]+)`", row[0]))}


def percent(fraction: float) -> str:
    return f"{100 * fraction:.1f} %"


def test_the_page_names_every_scenario_with_its_size_and_what_it_says() -> None:
    told = rows("Scenarios")
    own = {name: s for name, s in SCENARIOS.items() if name not in TYPOLOGIES}
    assert "TYPOLOGY" in told  # one line for the sixteen that each show one
    del told["TYPOLOGY"]
    assert told == {
        name: [f"{s.users:,}", f"{s.merchants:,}", f"{s.days}", percent(s.alert_budget_fraction), s.says]
        for name, s in own.items()
    }  # fmt: skip


def test_the_page_tells_every_typologys_alert_budget() -> None:
    told = {typology: cells[0] for typology, cells in rows("Schemes").items()}
    assert told == {typology: percent(SCENARIOS[typology].alert_budget_fraction) for typology in TYPOLOGIES}


def test_the_page_names_every_typology_and_every_knob() -> None:
    assert set(rows("Schemes")) == set(TYPOLOGIES)
    assert set(rows("Knobs")) == {knob.name for knob in fields(Knobs)}
