"""Gates measure what they say, by the obvious count where there is one, and end the command as their answer is."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from bonafide.apps.cli.gates import show_gates
from bonafide.core.errors import InputError, UsageError
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.testing.dense_blocks import BankView, bank_view
from bonafide.testing.imports import imported
from bonafide.testing.realism import measure_gates
from bonafide.testing.realism.cards import cards_gate
from bonafide.testing.realism.gates import Gates, gate, measured
from bonafide.testing.realism.gates_text import show
from bonafide.testing.realism.independence import SIMULATOR, detector_imports, independence_gate, simulator_sources
from bonafide.testing.realism.seeds import DEVELOPMENT_SEEDS, SCORING_SEEDS, kind_of_seed, seeds_in_both
from bonafide.testing.realism.signals import rank_signals, signal, signals_gate

START_MS = 1_767_225_600_000
ROWS = st.lists(st.tuples(st.sampled_from([None, 0.0, 1.0, 2.0]), st.booleans()), max_size=12)


def pairs_won(rows: list[tuple[float | None, bool]], missing: float) -> float | None:
    """AUC by looking at every pair of a cash-out row and an honest one, missing standing for a number."""
    bad, good = ([missing if v is None else v for v, is_bad in rows if is_bad is which] for which in (True, False))
    if not bad or not good:
        return None
    return sum((a > b) + (a == b) / 2 for a in bad for b in good) / (len(bad) * len(good))


@given(ROWS)
def test_a_signals_auc_is_the_best_of_both_directions_and_both_ends_for_what_is_missing(
    rows: list[tuple[float | None, bool]],
) -> None:
    values = np.array([np.nan if v is None else v for v, _ in rows], np.float64)
    found = signal("x", "field", values, np.array([bad for _, bad in rows], np.bool_))
    below, above = pairs_won(rows, -1.0), pairs_won(rows, 9.0)
    if below is None or above is None:
        assert found.auc is None
    else:
        assert found.auc == pytest.approx(max(below, 1 - below, above, 1 - above))
    assert found.auc_known == pytest.approx(pairs_won([row for row in rows if row[0] is not None], 0.0))


def test_that_something_is_missing_can_be_what_tells() -> None:
    found = signal("x", "feature", np.array([np.nan, np.nan, 1.0, 2.0]), np.array([True, True, False, False]))
    assert (found.auc, found.auc_known, found.missing_fraction) == (1.0, None, 0.5)


def payments(rows: list[dict[str, Any]]) -> pl.DataFrame:
    one = {"time_ms": START_MS, "amount": 50, "credit_limit": 100, "credit_used": 0, "pay_with": "credit", "bad": False}
    return pl.from_dicts([one | row for row in rows], infer_schema_length=None)


def test_signals_are_features_fields_and_words_loudest_first() -> None:
    judged = payments([
        {"category": "gift", "credit_used": 40, "bad": True},
        {"category": "food", "credit_used": 10, "amount": 80},
        {"category": "gift", "credit_used": 0, "time_ms": START_MS + HOUR_MS},
        {"category": None, "credit_used": None, "credit_limit": None, "pay_with": "balance"},
    ])  # fmt: skip
    found = rank_signals(judged, [pl.Series("f", [None, 1.0, 2.0, 3.0])], offset_ms=-HOUR_MS)
    by_name = {one.name: one for one in found}
    assert [one.auc for one in found] == sorted((one.auc for one in found), reverse=True)
    assert {one.name: one.kind for one in found} == {
        "f": "feature", "local_hour": "field", "amount": "field", "credit_limit": "field", "credit_used": "field",
        "utilisation": "field", "pay_with": "word", "category": "word",
    }  # fmt: skip
    assert by_name["f"].auc == 1.0
    assert by_name["category"].auc == pytest.approx(2.5 / 3)
    assert by_name["credit_used"].missing_fraction == 0.0  # of credit payments
    assert by_name["utilisation"].auc == 0.75  # 0.9 against 0.9 and 0.5: half of one pair and one whole
    assert by_name["local_hour"].auc == pytest.approx(2 / 3)  # hour 23 against 23, 0 and 23


def test_the_gate_of_signals_names_the_loudest_and_wants_utilisation_to_tell_something_but_not_all() -> None:
    rows = [{"bad": n >= 50, "credit_used": 40 * (n >= 50) + n % 50} for n in range(100)]
    found = signals_gate(rank_signals(payments(rows), [], 0))
    worst, above, utilisation = found.measurements
    assert not found.holds
    assert (worst.holds, worst.note) == (False, "credit_used")
    assert (above.value, above.note) == (2, "credit_used, utilisation")
    assert utilisation.holds is False
    assert utilisation.value == worst.value


@pytest.mark.parametrize(
    ("value", "low", "high", "holds"),
    [
        (0.7, 0.7, 0.77, True),
        (0.77, 0.7, 0.77, True),
        (0.69, 0.7, None, False),
        (0.8, None, 0.77, False),
        (None, 0.7, None, False),
        (5, None, None, None),
    ],
)
def test_a_measurement_holds_inside_its_range(
    value: float | None, low: float | None, high: float | None, holds: bool | None
) -> None:
    one = measured("x", value, low, high)
    assert one.holds is holds
    assert gate(9, "t", one).holds is (holds is not False)


def test_cards_are_judged_by_both_detectors() -> None:
    rows = [(card, card % 7, 10, day) for card in range(60) for day in range(card % 5, 60, 5)]
    rows += [(card, 7 + n % 3, 150, 3) for card in range(60, 66) for n in range(6)]
    card, merchant, amount, day = (np.array(column, np.int64) for column in zip(*rows))
    view = BankView(
        card, merchant, amount, day, np.full(card.size, 1_000), tuple(map(str, range(66))), tuple("abcdefghij")
    )
    found = {one.name: one for one in cards_gate(view, np.arange(66) >= 60).measurements}
    assert found["antico_auc"].value == 1.0
    assert found["antico_ks"].value == 1.0
    assert found["antico_auc"].holds is False, "what anybody finds is as unreal as what nobody finds"
    assert found["antico_auc_in_blocks"].note.startswith("cash-out of cards in blocks: 6 of 6")


def test_the_simulator_imports_nothing_of_the_detector() -> None:
    sources = list(simulator_sources())
    assert len(sources) > 1
    assert detector_imports(sources) == []
    assert independence_gate().holds


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from bonafide.engine import trees", "bonafide.engine"),
        ("def f():\n    from ...engine.rules import language", "bonafide.engine.rules"),
        ("from bonafide import lab", "bonafide.lab"),
        ("from bonafide.lab.metrics import evaluate", "bonafide.lab.metrics"),
    ],
)
def test_a_simulator_that_knows_the_detector_is_caught(source: str, found: str) -> None:
    assert detector_imports([(SIMULATOR, ast.parse(source))]) == [f"{SIMULATOR}: {found}"]


def test_shared_words_and_the_simulators_own_parts_may_be_imported() -> None:
    source = "import numpy\nfrom bonafide.core.events import Payment\nfrom . import world\nfrom .schemes import plan"
    assert detector_imports([(SIMULATOR, ast.parse(source))]) == []


def test_relative_imports_are_resolved_by_the_package() -> None:
    tree = ast.parse("from .. import a\nfrom .b import c\nimport d.e")
    assert [name for name, _ in imported(tree, ["p", "q", "r"])] == ["p.q", "p.q.r.b", "d.e"]


def test_no_seed_is_for_both_building_and_judging() -> None:
    assert seeds_in_both() == []
    assert len(set(SCORING_SEEDS)) == len(SCORING_SEEDS)
    assert [kind_of_seed(n) for n in (DEVELOPMENT_SEEDS[0], SCORING_SEEDS[0], 0)] == [
        "development",
        "scoring",
        "neither",
    ]


def test_a_seed_in_both_lists_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bonafide.testing.realism.seeds.SCORING_SEEDS", (7, 20_011))
    assert seeds_in_both() == [7]


def write_made(folder: Path) -> None:
    """A small log of 40 users over 40 days, four of whom cash out at one merchant, and the truth about it."""
    events, truth = [], []
    for day in range(40):
        for user in range(40):
            bad = user < 4 and day % 13 == 5
            number = len(truth)
            events.append({
                "type": "payment", "event_id": f"p{number}", "time": START_MS + day * DAY_MS + user * HOUR_MS // 4,
                "user_id": f"u{user}", "merchant_id": "m9" if bad else f"m{(user + day) % 8}", "order_id": f"o{number}",
                "amount": 90_000 if bad else 1_000 + 10 * user, "currency": "CNY", "credit_limit": 100_000,
                "credit_used": 5_000 if bad else None, "pay_with": "balance" if user == 7 else "credit",
            })  # fmt: skip
            truth.append({"event_id": f"p{number}", "label": int(bad)})
    pl.DataFrame(events, infer_schema_length=None).write_parquet(folder / "events.parquet")
    pl.DataFrame(truth, {"event_id": pl.String, "label": pl.Int8}).write_parquet(folder / "truth.parquet")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write_made(folder)
    return folder


@pytest.fixture(scope="module")
def measured_gates(made: Path) -> Gates:
    return measure_gates(made)


def test_a_folder_is_measured_from_its_log_and_nothing_is_left_in_it(made: Path, measured_gates: Gates) -> None:
    assert (measured_gates.payments, measured_gates.payments_bad, measured_gates.events) == (1_600, 12, 1_600)
    assert (measured_gates.cards, measured_gates.cards_bad) == (39, 4)
    assert [one.number for one in measured_gates.gates] == [1, 2, 3, 4, 5, 6, 7]
    assert not measured_gates.holds
    assert len(measured_gates.signals) > 50
    assert measured_gates.notes[0].startswith("There is no subjects.parquet")
    assert sorted(path.name for path in made.iterdir()) == ["events.parquet", "truth.parquet"]


def test_the_same_folder_gives_the_same_figures(made: Path, measured_gates: Gates) -> None:
    told: list[tuple[float, float]] = []
    assert measure_gates(made, progress=lambda done, total: told.append((done, total))) == measured_gates
    assert told[-1][0] == told[-1][1] == (made / "events.parquet").stat().st_size


def test_subjects_say_who_takes_part(tmp_path: Path) -> None:
    write_made(tmp_path)
    rows = [("user", "u0", 1), ("user", "u30", 1), ("user", "u1", 0), ("merchant", "u2", 1)]
    schema = {"subject_type": pl.String, "subject_id": pl.String, "label": pl.Int8}
    pl.DataFrame(rows, schema, orient="row").write_parquet(tmp_path / "subjects.parquet")
    found = measure_gates(tmp_path)
    assert (found.cards_bad, found.notes) == (2, ())


def test_the_text_says_of_every_gate_whether_it_holds(measured_gates: Gates) -> None:
    text = show(measured_gates)
    for one in measured_gates.gates:
        assert f"Gate {one.number}: {one.title}: {'holds' if one.holds else 'DOES NOT HOLD'}" in text
        assert all(measurement.name in text for measurement in one.measurements)
    assert measured_gates.signals[0].name in text


def test_the_command_gives_one_json_object_and_ends_with_no(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as end:
        show_gates(made, as_json=True)
    assert end.value.exit_code == 1
    told = json.loads(capsys.readouterr().out)
    assert set(told) >= {"holds", "gates", "signals", "payments", "cards_bad", "bundle"}
    assert set(told["gates"][0]["measurements"][0]) == {
        "name",
        "value",
        "standard_error",
        "low",
        "high",
        "holds",
        "note",
    }


def test_a_folder_that_lacks_a_file_or_a_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"events\.parquet: there is no such file"):
        measure_gates(tmp_path)
    write_made(tmp_path)
    pl.read_parquet(tmp_path / "truth.parquet").drop("label").write_parquet(tmp_path / "truth.parquet")
    with pytest.raises(InputError, match="has no column label"):
        measure_gates(tmp_path)
    (tmp_path / "truth.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match="is no readable Parquet file"):
        measure_gates(tmp_path)


def test_a_moment_is_read_in_either_form(made: Path) -> None:
    events = pl.read_parquet(made / "events.parquet")
    stamped = events.with_columns(pl.col("time").cast(pl.Datetime("ms", "UTC")))
    assert bank_view(events, HOUR_MS).day.tolist() == bank_view(stamped, HOUR_MS).day.tolist()
