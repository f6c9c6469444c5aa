"""Baselines: what is recorded reads back, what fell is named with both figures, what may move is left alone."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.errors import ConfigError, UsageError
from bonafide.lab.baseline import _OF_FIGURE, Baseline, Bound, baseline_of, compare, read_baseline
from bonafide.lab.metrics import Evaluation, evaluate
from tests.engine.kit import assert_golden
from tests.lab.test_texts import GOLDEN, decisions, truth


def judged() -> Evaluation:
    return evaluate(decisions(), truth(), resamples=0)


def recorded() -> Baseline:
    return baseline_of(judged(), "small-seed-7", ["b" * 64], "bonafide evaluate --decisions d.parquet")


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_recorded_baseline_reads_as_written_down_and_reads_back(tmp_path: Path) -> None:
    text = recorded().text()
    assert_golden(GOLDEN / "baseline.yaml", text)
    assert read_baseline(written(tmp_path / "b.yaml", text)) == recorded()


def test_recording_anew_keeps_the_tolerances_that_people_gave() -> None:
    edited = msgspec.structs.replace(recorded(), figures={"auc": Bound(0.5, 0.125)}, per_typology={})
    anew = recorded().with_tolerances_of(edited)
    assert anew.figures["auc"] == Bound(0.882609, 0.125)
    assert anew.figures["ap"] == recorded().figures["ap"]
    assert anew.per_typology == recorded().per_typology


def test_the_same_figures_are_neither_worse_nor_better() -> None:
    assert compare(judged(), recorded()) == ((), ())


def test_every_figure_of_an_evaluation_is_recorded_or_counts() -> None:
    named = set(recorded().figures) | {name for name, value in _figures_of(judged()).items() if value is None}
    assert named == set(_OF_FIGURE)


def _figures_of(e: Evaluation) -> dict[str, object]:
    plain = {name: getattr(e, name) for name in _OF_FIGURE if not name.startswith("tpr_at_fpr_")}
    return plain | {f"tpr_at_fpr_{rate}": value for rate, value in e.tpr_at_fpr.items()}


def test_what_fell_is_named_with_both_figures_and_its_tolerance() -> None:
    kinds = {**judged().per_typology}
    kinds["drain_the_line"] = msgspec.structs.replace(kinds["drain_the_line"], recall=0.25)
    alike = {**judged().per_hard_negative}
    alike["payday_burst"] = msgspec.structs.replace(alike["payday_burst"], disturbed_per_10000=0.0)
    alike["gift_cards"] = msgspec.structs.replace(alike["gift_cards"], disturbed_per_10000=9000.0)
    now = msgspec.structs.replace(judged(), auc=0.8, per_typology=kinds, per_hard_negative=alike)
    assert list(compare(now, recorded()).lines()) == [
        "worse: auc fell from 0.882609 to 0.8; tolerated is 0.005",
        "worse: recall of drain_the_line fell from 0.666667 to 0.25; tolerated is 0.05",
        "worse: disturbed per 10,000 of gift_cards rose from 5000.0 to 9000.0; tolerated is 1000.0",
        "better: disturbed per 10,000 of payday_burst fell from 10000.0 to 0.0; tolerated is 2000.0",
    ]


def test_a_figure_or_a_typology_that_vanishes_is_worse_and_a_new_one_is_not_judged() -> None:
    e = judged()
    kinds = {"new_kind": e.per_typology["drain_the_line"]} | dict(e.per_typology)
    del kinds["burst_then_payout"]
    now = msgspec.structs.replace(e, hours_to_detection_p50=None, per_typology=kinds)
    assert compare(now, recorded()).worse == (
        "hours_to_detection_p50 was 0.5 and is no longer defined",
        "recall of burst_then_payout was 0.0 and is no longer defined",
    )


def test_other_data_are_a_fault_and_nothing_else_is_compared() -> None:
    now = msgspec.structs.replace(judged(), n=29, auc=0.1)
    assert compare(now, recorded()).worse == ("n is 29, recorded 28: not the same data, nothing is compared",)


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.3]))
def test_a_figure_is_worse_exactly_when_it_lies_beyond_its_tolerance(was: float, now: float, tolerance: float) -> None:
    base = msgspec.structs.replace(recorded(), figures={"ap": Bound(round(was, 6), tolerance)}, per_typology={})
    told = compare(msgspec.structs.replace(judged(), ap=now), base)
    lost = round(round(was, 6) - round(now, 6), 6)
    assert bool(told.worse) == (lost > tolerance)
    assert bool(told.better) == (-lost > tolerance)


@given(st.floats(0, 100), st.floats(0, 100))
def test_friction_and_delay_are_worse_when_they_rise(was: float, now: float) -> None:
    for name in ("hours_to_detection_p50", "honest_stopped_per_10000", "honest_disturbed_per_10000"):
        base = msgspec.structs.replace(recorded(), figures={name: Bound(round(was, 6), 0)})
        told = compare(msgspec.structs.replace(judged(), **{name: now}), base)
        assert bool(told.worse) == (round(now, 6) > round(was, 6))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("format: 1", "format: 2"), "format"),
        (("auc:", "acu:"), "figures.acu: is no figure of an evaluation"),
        (("tolerance: 0.005", "tolerance: -1"), "tolerance"),
        (("tolerance: 0.005", "tolerance: nan"), "tolerance"),
        (("n: 28", "n: many"), "n"),
        (("n: 28", "m: 28"), "m"),
        (("figures:", "figures"), "is not YAML"),
    ],
)
def test_a_file_that_is_no_baseline_is_refused_by_its_place(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    path = written(tmp_path / "b.yaml", recorded().text().replace(*change, 1))
    with pytest.raises(ConfigError, match=says) as refused:
        read_baseline(path)
    assert str(path) in str(refused.value)


def test_a_baseline_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_baseline(tmp_path / "none.yaml")


def test_names_that_yaml_would_misread_come_back_as_they_were(tmp_path: Path) -> None:
    e = judged()
    kinds = dict.fromkeys(("no", "yes: 1", "null", "类型", "- x", "1e3"), e.per_typology["drain_the_line"])
    base = baseline_of(msgspec.structs.replace(e, per_typology=kinds), "no", [], "null")
    assert read_baseline(written(tmp_path / "b.yaml", base.text())) == base
