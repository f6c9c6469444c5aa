"""Mined rules: what is written is what was counted, planted patterns are found, and nobody peeks at later labels."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.errors import InputError, UsageError
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.bundles.check import examine_bundle
from bonafide.engine.engine import Engine
from bonafide.engine.kernels import load_kernels
from bonafide.engine.rules.language import parse_located
from bonafide.engine.rules.source import read_yaml_with_places
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.lab.suggest.examples import Examples, examples_yaml
from bonafide.lab.suggest.mine import Searched, Wanted, conditions_of, holds
from bonafide.lab.suggest.study import Asked, Suggestions, fired, suggest
from bonafide.lab.suggest.terms import Term, reading, rounded, shown, spelled, terms_of
from bonafide.lab.suggest.written import rules_yaml, suggestions_text, without_mistakes
from bonafide.lab.train.matrix import Matrix, gather
from tests.engine.kit import START_MS
from tests.lab.backtest.kit import backtested
from tests.lab.runs import small_bundle, write_bundle

HOUR_MS = 3_600_000
TERMS = [
    Term("amount", "money", "RC2", frozenset({"amount"})),
    Term("user_count_1h", "count", None, frozenset({"user_count_1h"})),
    Term("goods == 'virtual'", "condition", None, frozenset({"goods"})),
]


def planted(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Payments of which those that are large, often and virtual are cash-out, nearly always."""
    x = np.column_stack((rng.integers(1, 200, n) * 1_000.0, rng.integers(0, 8, n), rng.random(n) < 0.5)).astype(float)
    bad = (x[:, 0] >= 150_000) & (x[:, 1] >= 5) & (x[:, 2] == 1.0)
    return x, bad


def test_a_planted_conjunction_is_found_in_human_numbers() -> None:
    rng = np.random.default_rng(3)
    x, bad = planted(rng, 6_000)
    payer = np.arange(len(x)) % 400
    found = Searched(TERMS, x, bad, ~bad).find(bad, payer, Wanted(rules_max=1))
    assert [one.text for one in found] == [
        "type == 'payment' and goods == 'virtual' and amount >= 150000 and user_count_1h >= 5"
    ]
    assert (found[0].cash_out, found[0].honest) == (int(bad.sum()), 0)
    assert (holds(found[0].conditions, x) == bad).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.3, 0.9), st.integers(2, 12), st.integers(1, 3))
def test_rules_keep_what_was_asked_for(seed: int, precision: float, support: int, people: int) -> None:
    rng = np.random.default_rng(seed)
    x, bad = planted(rng, 900)
    bad ^= rng.random(len(bad)) < 0.02
    x[rng.random(x.shape) < 0.05] = np.nan
    payer = rng.integers(0, 30, len(x))
    wanted = Wanted(precision, support, people, 3)
    found = Searched(TERMS, x, bad, ~bad).find(bad, payer, wanted)
    assert len(found) <= 3
    assert len({one.text for one in found}) == len(found)
    for one in found:
        held = holds(one.conditions, x)
        assert one.cash_out == int((held & bad).sum()) >= support
        assert one.honest == int((held & ~bad).sum())
        assert one.cash_out / (one.cash_out + one.honest) >= precision
        assert one.people == np.unique(payer[held & bad]).size >= people
        assert len(one.conditions) <= 3


def test_what_few_payers_do_is_no_rule() -> None:
    x, bad = planted(np.random.default_rng(4), 3_000)
    payer = np.where(bad, 0, np.arange(len(x)))
    assert Searched(TERMS, x, bad, ~bad).find(bad, payer, Wanted()) == []


@settings(max_examples=200)
@given(st.floats(1e-3, 1e13), st.sampled_from(["count", "money", "seconds", "share", "number"]))
def test_thresholds_are_near_and_read_back_as_they_are_written(value: float, kind: Any) -> None:
    cut = rounded(value, kind)
    assert float(shown(cut)) == cut
    if kind == "seconds":
        assert cut >= 60
    elif not (kind in ("count", "money") and value < 1):
        assert cut == pytest.approx(value, rel=0.35, abs=0.51 if kind == "count" else 0.03)


def test_guards_let_no_rule_divide_by_what_can_be_zero() -> None:
    from bonafide.engine.rules.sense import look_for_nonsense
    from bonafide.engine.shipped import find_bundle

    bundle = load_bundle(find_bundle("paylater"))
    guarded = [term for term in terms_of(bundle) if term.guards]
    assert len(guarded) > 20
    for term in guarded:
        text = " and ".join(["type == 'payment'", *term.guards, f"{term.text} >= 2"])
        assert look_for_nonsense(parse_located(text, bundle.vocabulary), bundle.vocabulary) == ()


def test_numbers_that_say_nothing_make_no_condition() -> None:
    terms = [Term(name, "count", None, frozenset({name})) for name in "ab"]
    honest = np.array([[np.nan, 1.0]] * 9)
    assert conditions_of(terms, honest, honest) == []


@pytest.mark.parametrize("name", ["paylater", "small"])
def test_terms_are_spelled_as_rules_read_them(name: str) -> None:
    from bonafide.engine.shipped import find_bundle

    bundle = small_bundle() if name == "small" else load_bundle(find_bundle(name))
    terms = terms_of(bundle)
    assert len({term.text for term in terms}) == len(terms) > 8
    for term in terms:
        node = parse_located(term.text, bundle.vocabulary, number=True).node
        assert parse_located(spelled(node), bundle.vocabulary, number=True).node == node
    assert not any("local_day" in term.text for term in terms)


# A whole log


class Lived:
    """Payments of which those of the users v1 to v6 at night are cash-out, known an hour later."""

    def __init__(self, folder: Path) -> None:
        records, truth = [], []
        for n in range(1_500):
            time, user = START_MS + n * HOUR_MS // 6, f"u{n % 50}"
            local_hour = (time // HOUR_MS + 8) % 24
            bad = n % 50 < 12 and local_hour < 5
            amount = (90_000 if bad else 2_000) + n % 7 * 100
            records.append({
                "type": "payment", "event_id": f"p{n}", "time": time, "user_id": user, "merchant_id": f"m{n % 3}",
                "order_id": "o", "amount": amount, "currency": "CNY", "goods": "virtual" if n % 3 else "physical",
            })  # fmt: skip
            known = datetime.fromtimestamp((time + HOUR_MS) / 1000, UTC)
            truth.append({"event_id": f"p{n}", "label": int(bad), "typology": "off_hours" if bad else None,
                          "known_at": known})  # fmt: skip
        self.path = folder / "log.ndjson"
        self.path.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in records))
        self.truth = pl.DataFrame(truth, infer_schema_length=None).cast(
            {"known_at": pl.Datetime("ms", "UTC"), "label": pl.Int8}
        )
        self.bundle: Bundle = load_bundle(write_bundle(folder / "small"))
        self.terms = terms_of(self.bundle)
        with RejectWriter() as rejects:
            chunks = read_chunks([self.path], rejects=rejects)
            self.matrix: Matrix = gather(Engine(reading(self.bundle, self.terms)), ["log"], chunks, rejects)

    def suggested(self, asked: Asked, truth: pl.DataFrame | None = None) -> Suggestions:
        return suggest(self.matrix, self.terms, self.truth if truth is None else truth, self.bundle, asked)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return Lived(tmp_path_factory.mktemp("lived"))


def test_rules_pasted_into_a_bundle_hold_where_the_search_said(lived: Lived, tmp_path: Path) -> None:
    told, lacking = without_mistakes(lived.suggested(Asked()), lived.bundle)
    assert told.rules
    assert lacking == []
    assert {rule.typology for rule in told.rules} == {"off_hours"}
    folder = write_bundle(tmp_path / "pasted")
    text = rules_yaml(told, "bonafide rules suggest log")
    assert [rule["id"] for rule in read_yaml_with_places(text.encode(), "x").value] == [r.id for r in told.rules]
    (folder / "rules.yaml").write_text((folder / "rules.yaml").read_text() + text)
    checked = examine_bundle(folder, load_kernels)
    assert not [m for m in checked.sources.mistakes if m.code != "example" and "S-OFF-HOURS" in (m.subject or "")]
    stream = backtested(lived.path, [load_bundle(folder)], rows=400).champion
    for rule in told.rules:
        hits = sum(rule.id in stream.said[which].hits for which in stream.which.tolist())
        assert hits == rule.early.cash_out + rule.early.honest + rule.late.cash_out + rule.late.honest


def test_examples_make_the_check_clean(lived: Lived, tmp_path: Path) -> None:
    told, _ = without_mistakes(lived.suggested(Asked()), lived.bundle)
    with RejectWriter() as rejects:
        log = pl.concat([chunk.frame for chunk in read_chunks([lived.path], rejects=rejects)])
    finder = Examples(log, lived.bundle, load_kernels())
    shown = [finder.of(rule, fired(rule, lived.matrix, lived.truth)) for rule in told.rules]
    assert all(one is not None and len(one.past) <= 3 for one in shown)
    folder = write_bundle(tmp_path / "pasted")
    (folder / "rules.yaml").write_text((folder / "rules.yaml").read_text() + rules_yaml(told, "x"))
    (folder / "examples").mkdir()
    text = examples_yaml([one for one in shown if one is not None])
    assert not any(f'"{name}"' in text for name in ("u1", "m1", "p1"))
    (folder / "examples" / "suggested.yaml").write_text(text)
    checked = examine_bundle(folder, load_kernels)
    assert [m for m in checked.sources.mistakes if "S-OFF-HOURS" in (m.subject or "")] == []
    assert sum(result.passed for result in checked.results) == len(checked.results) == 2 * len(shown)


def test_labels_that_came_later_change_no_rule(lived: Lived) -> None:
    told = lived.suggested(Asked())
    split = datetime.fromisoformat(told.split)
    later = pl.col("known_at") > split
    blind = lived.truth.with_columns(
        label=pl.when(later).then(None).otherwise("label").cast(pl.Int8),
        typology=pl.when(later).then(None).otherwise("typology"),
    )
    other = lived.suggested(Asked(), blind)
    found = [rule.found for rule in (*told.rules, *told.fell_apart)]
    assert found == [rule.found for rule in (*other.rules, *other.fell_apart)]


def test_kinds_without_enough_payments_and_impossible_splits_are_told(lived: Lived) -> None:
    told = lived.suggested(Asked(typologies=("bust_out", "off_hours")))
    assert told.too_few == {"bust_out": 0}
    assert "too few payments known to be of the kind: bust_out (0)" in suggestions_text(told)
    with pytest.raises(UsageError, match="no payments lie before or after it"):
        lived.suggested(Asked(split_ms=START_MS - 1))
    with pytest.raises(InputError, match="no column typology"):
        lived.suggested(Asked(), lived.truth.drop("typology"))


def test_a_rule_that_stops_holding_is_left_out(lived: Lived) -> None:
    split = START_MS + 150 * HOUR_MS
    turned = lived.truth.with_columns(
        label=pl.when(pl.col("known_at").dt.epoch("ms") > split).then(0).otherwise("label").cast(pl.Int8)
    )
    told = lived.suggested(Asked(labels="latent", split_ms=split), turned)
    assert told.rules == []
    assert told.fell_apart
    assert "did not hold up later: S-OFF-HOURS-1" in suggestions_text(told)
    assert rules_yaml(told, "x").endswith("\n[]\n")
