"""The last days over HTTP: described as it is answered, in the platform's currency, and for people alone."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from bonafide.apps.server.day_shapes import DayFiguresAnswer
from tests.apps.server.bureau import Bureau, opened
from tests.office.days.kit import Made, follow, log_of


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    with opened(tmp_path_factory.mktemp("days")) as one:
        yield one


def test_the_last_days_are_told_as_described(bureau: Bureau) -> None:
    key = bureau.key("auditor")
    empty = bureau.as_machine(key, "GET", "/v1/figures/days")
    assert (empty.status, empty.json["days"], empty.json["currency"]) == (200, [], "CNY")
    follow(bureau.store, log_of(Made(alert=True), Made(day=3)))
    got = bureau.as_machine(key, "GET", "/v1/figures/days?days=2")
    msgspec.convert(got.json, DayFiguresAnswer, strict=True)
    assert [one["alerts"] for one in got.json["days"]] == [0, 0]
    assert got.json["drift"]["verdict"] == "unknown"
    assert bureau.as_machine(key, "GET", "/v1/figures/days?days=0").status == 422
    assert bureau.as_machine(bureau.key("platform"), "GET", "/v1/figures/days").status == 403


def test_figures_of_cases_are_in_the_platforms_currency(bureau: Bureau) -> None:
    assert bureau.as_machine(bureau.key("auditor"), "GET", "/v1/cases/figures").json["currency"] == "CNY"
