"""Scenarios: each shows what it says, and the page about the simulator names them all."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import polars as pl
import pytest

from bonafide.lab.simulate.scenarios import SCENARIOS, TYPOLOGIES, Knobs
from tests.lab.simulate.runs import run

PAGE = Path(__file__).parents[3] / "docs" / "simulator.md"


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


def rows(title: str) -> dict[str, list[str]]:
    """The rows of the table under a heading of the page, by what stands in their first cell."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:3] == "| `"
    ]
    return {found[1]: row[1:] for row in cells if (found := re.match(r"`([^`]+)`", row[0]))}


def test_the_page_names_every_scenario_with_its_size_and_what_it_says() -> None:
    told = rows("Scenarios")
    own = {name: s for name, s in SCENARIOS.items() if name not in TYPOLOGIES}
    assert "TYPOLOGY" in told  # one line for the sixteen that each show one
    del told["TYPOLOGY"]
    assert told == {
        name: [f"{s.users:,}", f"{s.merchants:,}", f"{s.days}", s.says] for name, s in own.items()
    }  # fmt: skip


def test_the_page_names_every_typology_and_every_knob() -> None:
    assert set(rows("Schemes")) == set(TYPOLOGIES)
    assert set(rows("Knobs")) == {knob.name for knob in fields(Knobs)}
