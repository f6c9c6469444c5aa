"""The HTML report: word for word and line for line in golden/, whole, escaped, and the same to the byte each time."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.lab.metrics import Study, study
from bonafide.lab.report.page import Origin, report_html
from bonafide.lab.report.svg import Axis, Plot, even_ticks
from bonafide.lab.report.words import _SAID
from tests.engine.kit import assert_golden
from tests.lab.test_texts import GOLDEN, decisions, truth

ORIGIN = Origin("bonafide evaluate --decisions d.parquet --truth t.parquet", ("b" * 64,), "d" * 64, "t" * 64, 0)
VOID = {"meta", "rect", "path", "polyline", "polygon", "circle"}


def small() -> Study:
    return study(decisions(), truth(), resamples=50)


class Tags(HTMLParser):
    """Refuses tags that do not close in order, and notes what could fetch or run something."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.names: list[str] = []
        self.outside: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        loads = {"src", "href", "srcset", "data", "action", "xlink:href"}
        self.outside += [f"{tag} {name}" for name, _ in attrs if name in loads or name.startswith("on")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def parsed(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    tags.close()
    assert tags.open == []
    return tags


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_small_report_reads_and_looks_as_written_down(lang: str) -> None:
    page = report_html(small(), ORIGIN, "zh" if lang == "zh" else "en")
    assert_golden(GOLDEN / f"report_{lang}.html", page)
    assert page == report_html(small(), ORIGIN, "zh" if lang == "zh" else "en")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_report_needs_nothing_from_outside_and_runs_nothing(lang: str) -> None:
    page = report_html(small(), ORIGIN, "zh" if lang == "zh" else "en")
    tags = parsed(page)
    assert tags.outside == []
    assert not {"script", "link", "img", "iframe", "object", "embed", "form"} & set(tags.names)
    assert "url(" not in page
    assert "@import" not in page
    assert "http" not in page
    assert "nan" not in page.lower()
    assert "prefers-color-scheme: dark" in page


def test_words_that_came_in_with_the_data_are_escaped() -> None:
    evil = '<script>alert("x")</script>&amp;'
    named = truth().with_columns(typology=pl.when(pl.col("typology").is_not_null()).then(pl.lit(evil)))
    origin = ORIGIN._replace(command=f"bonafide {evil}", bundles=(evil,))
    page = report_html(study(decisions(), named, resamples=5), origin)
    tags = parsed(page)
    assert "script" not in tags.names
    assert page.count("&lt;script&gt;") >= 4
    assert evil.replace("_", " ") in tags.words


@pytest.mark.parametrize("label", [0, 1, None])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_one_class_or_nothing_to_judge_still_makes_a_page(label: int | None, lang: str) -> None:
    told = study(decisions(), truth().with_columns(label=pl.lit(label, pl.Int8)), resamples=5)
    page = report_html(told, ORIGIN, "zh" if lang == "zh" else "en")
    tags = parsed(page)
    assert "nan" not in page.lower()
    assert "inf" not in "".join(re.findall(r'points="[^"]*"', page))
    assert all(note.text(lang) in tags.words for note in told.notes)


def test_every_word_of_the_report_is_there_in_both_languages() -> None:
    for name, (en, zh) in _SAID.items():
        assert en, name
        assert zh, name
        assert sorted(re.findall(r"{(\w+)}", en)) == sorted(re.findall(r"{(\w+)}", zh)), name
        assert re.search(r"[\u4e00-\u9fff]|{per}|KS", zh) or name == "of", name


def test_no_chinese_stands_in_the_english_report() -> None:
    page = report_html(small(), ORIGIN)
    body = page[page.index("<body>") :]
    assert not re.search(r"[\u4e00-\u9fff]", body)


@given(st.floats(1e-6, 1e12), st.integers(2, 9))
def test_ticks_are_round_few_and_reach_the_end(high: float, wished: int) -> None:
    ticks = even_ticks(high, wished)
    assert ticks[0] == 0
    assert ticks[-1] >= high * (1 - 1e-6)
    assert ticks[-2] < high
    assert 2 <= len(ticks) <= 2 * wished + 2


@given(st.floats(-1, 2) | st.just(0.5))
def test_what_lies_outside_an_axis_is_drawn_on_its_border(value: float) -> None:
    for axis in (Axis(0, 1, ()), Axis(1e-4, 1, (), log=True)):
        assert 0 <= axis.at(value) <= 1
    assert Axis(1e-4, 1, (), log=True).at(1e-2) == pytest.approx(0.5)


def test_a_bar_too_low_to_see_and_a_band_without_points_are_left_out() -> None:
    plot = Plot(100, 100, Axis(0, 1, ()), Axis(0, 1, ()))
    plot.bar((0, 0.5), (0.5, 0.5), "caught", "none")
    plot.band((0, 1), (float("nan"),) * 2, (1, 1), "caught")
    drawn = plot.svg("nothing")
    assert "<rect" not in drawn
    assert "<polygon" not in drawn


def test_the_style_sheet_ships_beside_the_modules() -> None:
    from importlib.resources import files

    assert isinstance(files("bonafide.lab.report").joinpath("style.css").read_text(encoding="utf-8"), str)
    assert Path(GOLDEN / "report_en.html").is_file()
