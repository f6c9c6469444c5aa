"""The picture of a score: every step is in it, bars join, and nothing from outside becomes part of it."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.apps.console.waterfall import LINES_MAX, WIDE, Step, waterfall

SVG = "{http://www.w3.org/2000/svg}"
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="￾￿"), min_size=1, max_size=300)


def drawn(steps: list[Step], floor: float = 0.0, **more: bool) -> ElementTree.Element:
    text = waterfall(steps, "a < b", floor, **more).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return ElementTree.fromstring(text)


def bars(steps: list[Step], floor: float = 0.0) -> list[tuple[float, float]]:
    found = [one.attrib for one in drawn(steps, floor).iter(f"{SVG}rect")]
    return [(float(one["x"]), float(one["x"]) + float(one["width"])) for one in found]


@given(st.lists(st.floats(-9, 9), max_size=12), st.floats(-9, 9))
def test_each_bar_begins_where_the_one_before_ended(parts: list[float], base: float) -> None:
    steps = [Step("base", "", base, "", "start"), *(Step("x", "", part, "") for part in parts)]
    steps.append(Step("sum", "", base + sum(parts), "", "sum"))
    found = bars(steps)
    assert len(found) == len(steps)
    assert all(0 <= left <= right <= WIDE for left, right in found)
    for before, after in pairwise(found):
        assert min(abs(one - other) for one in before for other in after) < 1.6  # the least width of a bar
    kinds = [one.attrib["class"] for one in drawn(steps).iter(f"{SVG}g")]
    assert kinds == ["start", *("bad" if part >= 0 else "good" for part in parts), "sum"] or 0.0 in parts or any(
        abs(part) < 0.05 for part in parts
    )  # fmt: skip


@given(TEXTS, TEXTS)
def test_texts_are_texts_and_labels_keep_to_their_lines(label: str, value: str) -> None:
    told = drawn([Step(label, value, 1.0, "+1", "start"), Step("=", "", 1.0, "1", "sum")])
    first = next(told.iter(f"{SVG}g"))
    lines = [one.text or "" for one in first.iter(f"{SVG}text") if "class" not in one.attrib]
    assert 1 <= len(lines) <= LINES_MAX
    assert next(first.iter(f"{SVG}title")).text == label
    assert [one.text for one in first.iter(f"{SVG}text") if one.attrib.get("class") == "value"] == [value]
    assert (told.attrib["role"], told.attrib["aria-label"]) == ("img", "a < b")


@pytest.mark.parametrize(("up_is_bad", "kinds"), [(True, ["bad", "good"]), (False, ["good", "bad"])])
def test_what_is_bad_depends_on_what_is_counted(up_is_bad: bool, kinds: list[str]) -> None:
    steps = [Step("b", "", 650, "650", "start"), Step("x", "", 40, "+40"), Step("y", "", -90, "-90"),
             Step("=", "", 600, "600", "sum")]  # fmt: skip
    found = drawn(steps, 300, up_is_bad=up_is_bad)
    assert [one.attrib["class"] for one in found.iter(f"{SVG}g")] == ["start", *kinds, "sum"]
    assert re.fullmatch(r"0 0 800 \d+", found.attrib["viewBox"])
