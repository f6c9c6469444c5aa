"""Pages of users, merchants and the last days: drawn from what the API says, and calm where it says nothing."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.apps.console.day_bars import alerts_svg
from bonafide.apps.console.pages.rests_on import plain
from bonafide.apps.console.score_line import HIGHEST, LOWEST, points_of, score_svg
from bonafide.apps.console.texts import Texts
from bonafide.core.moment import show_moment
from bonafide.office.lists.cleared import clear
from tests.apps.console.followed import MERCHANT, USER, follow_some
from tests.apps.console.kit import Site
from tests.office.days.kit import FIRST_DAY, follow

DAY_MS = 86_400_000
ENGLISH, CHINESE = Texts("en"), Texts("zh")
LEVELS = [{"below": 455, "level": "critical"}, {"below": 545, "level": "high"}, {"below": 599, "level": "medium"}]


@pytest.fixture(scope="module")
def told(site: Site) -> Site:
    """A site whose worker has followed a log."""
    follow_some(site)
    return site


def text_of(site: Site, path: str, language: str = "en") -> str:
    with site.signed_in("ann") as browser:
        got = browser.get(path, headers={"accept-language": language})
    assert got.status_code == 200
    return re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), got.text)


def test_a_user_is_shown_with_how_the_score_went(told: Site) -> None:
    page = text_of(told, f"/subjects/user/{USER}")
    assert "How the score went" in page
    assert "640 on 2026-01-05, 520 since 2026-01-06, 520 at the lowest" in page
    assert "/decisions/e1" in page
    assert "信用分走势" in text_of(told, f"/subjects/user/{USER}", "zh-CN")


@pytest.mark.parametrize("path", ["/merchants/{}", "/subjects/merchant/{}"])
def test_a_merchant_that_never_applied_has_a_page_of_its_own(told: Site, path: str) -> None:
    page = text_of(told, path.format(MERCHANT))
    for words in ("has not applied", "How the score went", "Exposure", "Payouts held", "900.00", "There is no review"):
        assert words in page, words


def test_a_merchant_that_people_found_genuine_has_a_page_that_says_so(told: Site) -> None:
    assert "Found genuine by people" not in text_of(told, f"/merchants/{MERCHANT}")
    with told.bureau.store.writing() as connection:
        clear(connection, MERCHANT, "case:9:1", "ann", told.bureau.now_ms)
    assert "Found genuine by people" in text_of(told, f"/merchants/{MERCHANT}")
    assert "人工确认真实" in text_of(told, f"/merchants/{MERCHANT}", "zh-CN")


@pytest.mark.parametrize(
    "path", ["/subjects/user/~00000000000000ee", "/merchants/~00000000000000ee", "/subjects/user/x"]
)
def test_somebody_who_was_never_seen_is_said_to_be_so(told: Site, path: str) -> None:
    page = text_of(told, path)
    assert "Look at the token again" in page
    assert "No case names this subject" in page


def test_the_overview_says_alerts_against_budget_and_drift(told: Site) -> None:
    page = text_of(told, "/")
    for words in (
        "Alerts against budget",
        "2 alerts on 3 days; more than the 1 that people can look at on 1 of them",
        "too few",
        "By chance",
    ):
        assert words in page, words


HISTORY = st.lists(
    st.tuples(st.integers(0, 400), st.none() | st.integers(300, 900), st.sampled_from(["low", "high", "critical"])),
    min_size=1, max_size=40, unique_by=lambda one: one[0],
).map(sorted)  # fmt: skip


@given(HISTORY, st.integers(0, 500), st.booleans())
def test_any_history_is_a_picture_within_its_frame(history: list[Any], until: int, with_levels: bool) -> None:
    rows = [{"day": show_moment((FIRST_DAY + day) * DAY_MS), "credit_score": score, "risk_level": level}
            for day, score, level in history]  # fmt: skip
    points = points_of(rows)
    if not points:
        return
    for texts in (ENGLISH, CHINESE):
        svg = score_svg(texts, points, LEVELS if with_levels else [], (FIRST_DAY + until) * DAY_MS)
        drawn = ElementTree.fromstring(svg)
        wide, high = map(float, drawn.attrib["viewBox"].split()[2:])
        line = next(one for one in drawn if one.tag == "polyline").attrib["points"]
        corners = [tuple(map(float, corner.split(","))) for corner in line.split()]
        assert all(0 <= x <= wide and 0 <= y <= high for x, y in corners)
        assert [x for x, _ in corners] == sorted(x for x, _ in corners), "time goes to the right"
        assert sum(one.tag == "circle" for one in drawn) == len(points)
        assert str(points[-1].score) in drawn.attrib["aria-label"]
    assert LOWEST < HIGHEST


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=1, max_size=400),
       st.none() | st.integers(1, 10**6))  # fmt: skip
def test_any_days_are_bars_and_those_over_the_budget_are_told(days: list[tuple[int, int]], budget: int | None) -> None:
    rows = [{"day": f"2026-01-{1 + at % 28:02}T00:00:00.000Z", "alerts": alerts, "payments": payments}
            for at, (alerts, payments) in enumerate(days)]  # fmt: skip
    drawn = ElementTree.fromstring(alerts_svg(ENGLISH, rows, budget))
    bars = [one for one in drawn if one.tag == "rect"]
    assert len(bars) == len(days)
    over = sum(budget is not None and alerts > budget for alerts, _ in days)
    assert sum(one.attrib["class"] == "over" for one in bars) == over
    assert all(0 <= float(one.attrib["height"]) <= 160 for one in bars)


def test_what_a_finding_rests_on_is_said_in_words() -> None:
    rests = {"owner_type": "merchant", "owner": "~00000000000000aa", "count": 3, "kinds": ["licence", "food_licence"]}
    assert plain(ENGLISH, rests) == ["account of a merchant", "in all 3", "papers business licence, food licence"]
    assert plain(CHINESE, rests) == ["账户属于 商户", "共 3", "文件 营业执照, 食品经营许可证"]
    drifted = {"measure": 0.31234, "orders_before": 1_200, "orders_after": 80, "opened_ms": 0, "from": "toys"}
    assert plain(ENGLISH, drifted) == [
        "stability index 0.31", "orders before 1,200", "orders now 80", "opened on 1970-01-01", "was toys"
    ]  # fmt: skip


def test_every_name_that_a_finding_rests_on_has_words_in_both_languages() -> None:
    import ast

    from bonafide.apps.console.texts import table
    from tests.house.tree import SRC

    names: set[str] = set()
    for module in ("review", "kinship"):
        tree = ast.parse((SRC / "bonafide" / "office" / "merchants" / f"{module}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Yield | ast.Return) and isinstance(node.value, ast.Tuple):
                for one in node.value.elts:
                    if isinstance(one, ast.Dict):
                        names |= {str(key.value) for key in one.keys if isinstance(key, ast.Constant)}
    assert {"owner_type", "measure", "days"} <= names
    assert {name for name in names - {"merchants", "entries", "owner"} if f"rests_on.{name}" not in table()} == set()


def test_a_decision_leads_to_its_case_and_to_its_own_page(site: Site) -> None:
    number = site.case()
    follow(site.bureau.store, site.log)
    event = json.loads(site.log.records[-1].content)
    (newest, *_) = site.ask("ann", f"/v1/users/{event['user_id']}")["decisions"]
    assert (newest["event_id"], newest["case"]) == (event["event_id"], number)
    page = text_of(site, f"/subjects/user/{event['user_id']}")
    assert f"/cases/{number}?event={event['event_id']}" in page
    page = text_of(site, f"/decisions/{event['event_id']}")
    assert "RC01" in page
    assert "<img src=x" not in page.split("<body>")[1]


def test_pages_of_ids_with_slashes_open(site: Site) -> None:
    site.case()
    answers = site.bureau.runtime.answers
    answers["a/b"] = answers[json.loads(site.log.records[-1].content)["event_id"]]
    assert "RC01" in text_of(site, "/decisions/a%2Fb")
    assert text_of(site, "/merchants/a%2Fb")
