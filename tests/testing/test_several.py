"""Several runs are judged by their means: of figures, of each signal's AUC, and by the error that the mean has."""

from __future__ import annotations

import json
import re
from math import sqrt
from pathlib import Path

import msgspec
import pytest
import typer

from bonafide.apps.cli.gates import SEEDS_JUDGED, read_seeds, show_gates_of_seeds
from bonafide.core.errors import UsageError
from bonafide.lab.simulate import scenario
from bonafide.testing.realism import Gates, Measurement, Run, Several, Signal, measure_seeds
from bonafide.testing.realism.gates import gate, loudest_first, measured
from bonafide.testing.realism.gates_text import markdown_table, show_several
from bonafide.testing.realism.independence import independence_gate
from bonafide.testing.realism.seeds import SCORING_SEEDS, kind_of_seed
from bonafide.testing.realism.several import pooled
from bonafide.testing.realism.signals import signals_gate

DOCUMENT = Path(__file__).parents[2] / "docs" / "realism.md"
TINY = scenario("small", users=300, merchants=40, days=14)


def made(auc: float | None, loud: dict[str, float]) -> Gates:
    """A run with an AUC of cards and AUCs of signals."""
    signals = loudest_first(
        Signal(name=name, kind="feature", auc=value, auc_known=value, missing_fraction=value / 10)
        for name, value in loud.items()
    )
    cards = gate(1, "cards", measured("antico_auc", auc, 0.7, 0.77, standard_error=0.03), measured("told", 5))
    gates = (cards, signals_gate(signals))
    return Gates(
        holds=all(one.holds for one in gates), gates=gates, signals=signals, payments=100, payments_bad=10, cards=50,
        cards_bad=5, events=200, bundle="b", notes=("a note",),
    )  # fmt: skip


def figures(gates: Gates) -> dict[str, Measurement]:
    return {one.name: one for of in gates.gates for one in of.measurements}


def test_runs_of_which_none_holds_may_hold_by_their_mean() -> None:
    runs = [made(0.69, {"a": 0.9, "utilisation": 0.7}), made(0.79, {"a": 0.6, "utilisation": 0.55})]
    together = pooled(runs)
    assert [run.holds for run in runs] == [False, False]
    assert together.holds
    assert figures(together)["antico_auc"].value == pytest.approx(0.74)
    assert figures(together)["utilisation_auc"].value == pytest.approx(0.625)
    assert figures(together)["told"].value == 5


def test_the_error_of_a_mean_falls_with_the_root_of_the_runs() -> None:
    found = figures(pooled([made(0.7, {"a": 0.6})] * 9))["antico_auc"]
    assert found.standard_error == pytest.approx(0.03 / sqrt(9))


def test_the_worst_signal_is_the_one_that_is_loud_in_all_runs() -> None:
    together = pooled([made(0.7, {"a": 0.9, "b": 0.5, "c": 0.75}), made(0.7, {"a": 0.5, "b": 0.9, "c": 0.75})])
    worst = figures(together)["worst_auc"]
    assert (worst.value, worst.note) == (0.75, "c")
    assert figures(together)["signals_above"].value == 0
    assert [(one.name, one.auc) for one in together.signals] == [("c", 0.75), ("a", 0.7), ("b", 0.7)]
    assert together.signals[0].missing_fraction == pytest.approx(0.075)


def test_what_is_undefined_in_one_run_is_undefined_and_does_not_hold() -> None:
    found = figures(pooled([made(0.7, {"a": 0.6}), made(None, {"a": 0.6})]))["antico_auc"]
    assert (found.value, found.holds) == (None, False)


def test_what_is_counted_is_added_and_notes_are_told_once() -> None:
    together = pooled([made(0.7, {"a": 0.6})] * 3)
    counts = (together.payments, together.payments_bad, together.cards, together.cards_bad, together.events)
    assert counts == (300, 30, 150, 15, 600)
    assert together.notes == ("a note",)


def several(*runs: Gates) -> Several:
    together = pooled(runs)
    told = tuple(Run(seed=seed, gates=run) for seed, run in enumerate(runs, 7))
    return Several(
        holds=together.holds, scenario="small", users=9, merchants=8, days=7, runs=told, mean=together
    )  # fmt: skip


def test_the_text_marks_a_run_outside_and_judges_the_mean() -> None:
    text = show_several(several(made(0.69, {"a": 0.9, "utilisation": 0.7}), made(0.75, {"a": 0.6, "utilisation": 0.6})))
    assert "small: 9 users, 8 merchants, 7 days; seeds 7, 8" in text
    (row,) = [line for line in text.splitlines() if "antico_auc" in line]
    assert re.findall(r"[^| ]+", row) == ["1", "antico_auc", "0.690*", "0.750", "0.720", "0.021", "0.7", "to", "0.77",
                                          "holds"]  # fmt: skip
    assert "told" not in text.split("What tells most")[0].split("|", 1)[1]
    assert text.endswith("By the mean of 2 seeds: all gates hold.")
    assert show_several(several(made(0.69, {"a": 0.9}))).endswith(
        "By the mean of 1 seeds: DO NOT HOLD: gate 1, gate 2."
    )


def test_columns_of_a_table_stand_below_each_other() -> None:
    assert markdown_table(["what", "n"], [["a long name", "1"], ["b", "12,345"]], "lr").splitlines() == [
        "| what        |      n |",
        "| ----------- | -----: |",
        "| a long name |      1 |",
        "| b           | 12,345 |",
    ]


@pytest.mark.parametrize("text", ["", "1,", "1,-2", "1;2", "one", "1,2,1"])
def test_seeds_that_are_none_or_named_twice_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--seeds "):
        read_seeds(text)
    assert read_seeds("3, 1,2") == [3, 1, 2]


def test_seeds_are_simulated_and_measured_one_after_the_other() -> None:
    steps: list[tuple[float, float]] = []
    found = measure_seeds(TINY, [5, 6], progress=lambda done, total: steps.append((done, total)))
    assert [run.seed for run in found.runs] == [5, 6]
    assert found.mean == pooled([run.gates for run in found.runs])
    assert found.runs[0].gates != found.runs[1].gates
    assert steps == sorted(steps)
    assert steps[-1] == (2, 2)
    assert measure_seeds(TINY, [6]).mean == pooled([found.runs[1].gates])


def test_the_command_judges_the_first_scoring_seeds_where_none_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[int, ...]] = []

    def measure(*given: object, **_: object) -> Several:
        asked.append(tuple(given[1]))  # type: ignore[call-overload]
        return several(made(0.69, {"a": 0.9}))

    monkeypatch.setattr("bonafide.testing.realism.measure_seeds", measure)
    for seeds in (None, [4, 5]):
        with pytest.raises(typer.Exit) as end:
            show_gates_of_seeds(TINY, seeds, as_json=True)
        assert end.value.exit_code == 1
        assert msgspec.convert(json.loads(capsys.readouterr().out), Several) == measure(TINY, asked[-1])
    assert asked[0] == SCORING_SEEDS[:SEEDS_JUDGED]
    assert (4, 5) in asked
    assert all(kind_of_seed(seed) == "scoring" for seed in asked[0])


def test_the_figures_in_the_document_are_those_that_are_judged_each_with_its_verdict() -> None:
    """Rows, ranges and seeds of the table are those of the command; its numbers are pasted from it."""
    table = DOCUMENT.read_text(encoding="utf-8").split("\n## Figures\n")[1].split("\n## ")[0]
    header, _, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in re.findall(r"^\|.*", table, re.M))
    assert header[2:-3] == [*map(str, SCORING_SEEDS[:SEEDS_JUDGED]), "mean"]
    judged = several(measure_seeds(TINY, [5]).mean)
    ranged = [one for one in figures(judged.mean).values() if one.holds is not None]
    assert [row[1] for row in rows] == [one.name for one in ranged]
    for row, one in zip(rows, ranged, strict=True):
        mean = float(row[-4])
        inside = measured(one.name, mean, one.low, one.high).holds
        assert mean in (one.low, one.high) or row[-1] == ("holds" if inside else "NO")  # a rounded mean may be a bound
        assert row[-2] in show_several(judged)


def test_the_gate_of_independence_is_the_same_in_every_run() -> None:
    one = made(0.72, {"a": 0.6, "utilisation": 0.6})
    both = msgspec.structs.replace(one, gates=(*one.gates, independence_gate()))
    assert pooled([both, both]).gates[-1] == independence_gate()
