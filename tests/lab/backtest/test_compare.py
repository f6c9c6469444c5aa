"""Figures of streams side by side: swap sets, money, what each rule adds, and pages that escape what they are told."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from bonafide.core.decision import OUTCOMES
from bonafide.core.errors import UsageError
from bonafide.core.events import Payment
from bonafide.engine.bundle import load_bundle
from bonafide.lab.backtest.compare import compare
from bonafide.lab.backtest.page import backtest_html
from bonafide.lab.backtest.streams import Stream, Streams, events_of, stream_of
from bonafide.lab.backtest.text import backtest_text
from bonafide.lab.chosen_labels import Labels, choose_labels
from tests.engine.kit import START_MS
from tests.engine.modelled import modelled
from tests.engine.test_engine_same import fixed_log
from tests.lab.backtest.kit import backtested, changed, write_log
from tests.lab.runs import BUNDLE, replayed, small_bundle


def labels_for(events: pl.DataFrame) -> Labels:
    """Every third payment is cash-out, of two kinds; every seventh has no label."""
    paid = events.filter(pl.col("type") == "payment").with_row_index()
    return choose_labels(
        paid.select(
            "event_id", label=pl.when(pl.col("index") % 7 != 6).then((pl.col("index") % 3 == 0).cast(pl.Int8)),
            typology=pl.when(pl.col("index") % 2 == 0).then(pl.lit("bust_out")).otherwise(pl.lit("off_hours")),
        ),
        "latent", None,
    )  # fmt: skip


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("log"), fixed_log())


def test_figures_are_those_that_can_be_counted_by_hand(log: Path, tmp_path: Path) -> None:
    lower = changed(
        tmp_path / "b", policy=BUNDLE["policy.yaml"].replace("0.6, outcome: verify", "0.4, outcome: verify")
    )
    told = backtested(log, [small_bundle(), lower])
    labels = labels_for(told.events)
    found = compare(told, labels, budget_per_day=3, resamples=20)
    rows = told.events.with_columns(
        *(pl.Series(f"o{i}", [OUTCOMES[o] for o in s.outcomes.tolist()]) for i, s in enumerate(told.streams))
    ).join(labels.frame, on="event_id", how="left")
    paid = rows.filter(pl.col("type") == "payment")
    strict = ("verify", "hold", "decline")
    for i, one in enumerate(found.bundles):
        assert one.judged is not None
        alerted = paid.filter(pl.col(f"o{i}").is_in(strict))
        assert one.alerts == rows.filter(pl.col(f"o{i}").is_in(strict)).height
        assert one.by_outcome == {o: rows.filter(pl.col(f"o{i}") == o).height for o in OUTCOMES}
        cny = alerted.filter(pl.col("currency") == found.currency)
        assert one.judged.money_caught == cny.filter("bad")["amount"].sum()
        assert one.judged.honest_disturbed == alerted.filter(~pl.col("bad")).height
        known = alerted.drop_nulls("bad")
        assert one.judged.precision.value == pytest.approx(known["bad"].mean())
        for kind, figures in one.judged.per_typology.items():
            assert figures.alerted == alerted.filter(pl.col("bad") & (pl.col("typology") == kind)).height
    swap = found.swap_sets[0]
    assert swap.changed == rows.filter(pl.col("o0") != pl.col("o1")).height > 0
    assert sum(one.events for one in swap.swaps) == swap.changed
    assert {(one.before, one.after) for one in swap.swaps} == {("warn", "verify")}
    assert swap.swaps[0].examples[0].champion.outcome == "warn"
    assert found.bundles[1].judged is not None
    change = found.bundles[1].judged.money_caught_fraction.change
    assert change is not None
    assert change >= 0
    assert found.budget_per_day == 3


@pytest.mark.parametrize("with_trees", [False, True])
def test_what_a_rule_adds_is_what_a_replay_without_it_shows(log: Path, tmp_path: Path, *, with_trees: bool) -> None:
    folder = modelled(tmp_path / "m") if with_trees else tmp_path / "m"
    bundle = load_bundle(folder) if with_trees else changed(folder)
    told = backtested(log, [bundle])
    found = compare(told, labels_for(told.events), resamples=0)
    assert any(rule.outcomes_changed for rule in found.bundles[0].rules)
    for place, rule in enumerate(found.bundles[0].rules):
        left = tuple(one for i, one in enumerate(bundle.rules) if i != place)
        without = _replayed_with(log, bundle, left)
        assert rule.outcomes_changed == int((without.outcomes != told.champion.outcomes).sum()), rule.id
        assert rule.alerts_lost == int((told.champion.alerts & ~without.alerts).sum())
        assert rule.hits == sum(rule.id in told.champion.said[w].hits for w in told.champion.which.tolist())


def _replayed_with(log: Path, bundle, rules) -> Stream:  # type: ignore[no-untyped-def]
    from bonafide.engine.compiled import compile_bundle

    scheme = bundle.compiled.scheme
    codes = list(bundle.reasons)
    scheme = scheme._replace(rule_reasons=tuple(codes.index(rule.reason) for rule in rules))
    compiled = compile_bundle(bundle.features, [(r.when, r.weight) for r in rules], bundle.settings, scheme=scheme)
    return backtested(log, [bundle._replace(rules=rules, compiled=compiled)]).champion


def test_tables_of_decisions_make_the_same_streams(log: Path, tmp_path: Path) -> None:
    bundles = [small_bundle(), changed(tmp_path / "b", rules=_STRICT)]
    told = backtested(log, bundles)
    tables = [replayed(tmp_path / f"r{i}", log, bundle=bundle).table("decisions") for i, bundle in enumerate(bundles)]
    events = events_of(*tables)
    other = Streams(events, [stream_of(f"b{i}", table, events) for i, table in enumerate(tables)])
    labels = labels_for(events)
    one, two = (compare(streams, labels, resamples=0) for streams in (told, other))
    assert one.swap_sets == two.swap_sets
    assert [b.days for b in one.bundles] == [b.days for b in two.bundles]
    assert [b.judged for b in one.bundles] == [b.judged for b in two.bundles]
    assert [[(r.id, r.hits) for r in b.rules if r.hits] for b in one.bundles] == [
        [(r.id, r.hits) for r in sorted(b.rules, key=lambda r: [x.id for x in bundles[i].rules].index(r.id))]
        for i, b in enumerate(two.bundles)
    ]


_STRICT = "- {id: ALL, when: amount > 1, typology: broker_ring, weight: 0.5, reason: RC1, source: test}\n"


def test_a_bundle_that_walks_alone_is_compared_event_by_event(log: Path, tmp_path: Path) -> None:
    late = changed(tmp_path / "l", bundle=BUNDLE["bundle.yaml"].replace("2d", "1d"))
    told = backtested(log, [small_bundle(), late])
    found = compare(told, None, resamples=0)
    assert [one.how for one in found.bundles] == ["own", "own"]
    assert found.bundles[1].apart is not None
    assert any("walked the log on its own: its bundle.yaml differs in lateness" in note for note in found.notes)
    for stream, bundle in zip(told.streams, (small_bundle(), late), strict=True):
        assert int(stream.decided.sum()) == replayed(tmp_path / bundle.hash[:9], log, bundle=bundle).summary.decided


def test_pages_and_texts_take_nothing_for_markup(tmp_path: Path) -> None:
    odd = "<script>alert('x')</script>&\"'"
    paid = [
        Payment(event_id=f"{odd}{n}", time=START_MS + n, user_id=odd, merchant_id=odd, order_id="o", amount=900 + n,
                currency="CNY")
        for n in range(4)
    ]  # fmt: skip
    told = backtested(write_log(tmp_path, paid), [small_bundle(), changed(tmp_path / "b", rules=_STRICT)])
    told.streams[1].name = odd
    labels = choose_labels(
        pl.DataFrame({"event_id": [p.event_id for p in paid], "label": [1, 0, 1, 0], "typology": [odd] * 4}), "latent",
        None,
    )  # fmt: skip
    found = compare(told, labels, resamples=5)
    for lang in ("en", "zh"):
        page = backtest_html(found, f"bonafide backtest {odd}", lang)
        assert odd not in page
        assert "<script" not in page
        assert "&lt;script&gt;" in page
        assert not any(mark in page for mark in ("http://", "https://", "url(", "@import", " src=", "<link"))
        assert page == backtest_html(found, f"bonafide backtest {odd}", lang)
    assert f"{odd[:5]}" in backtest_text(found)


def test_nothing_decided_and_no_labels_are_no_trouble(tmp_path: Path) -> None:
    path = write_log(tmp_path, [])
    path.write_bytes(b'{"type":"login","event_id":"l","time":1,"subject_type":"user","subject_id":"u"}\n')
    told = backtested(path, [small_bundle(), small_bundle()])
    found = compare(told, None)
    assert (found.decided, found.currency, found.swap_sets[0].changed) == (0, None, 0)
    assert "no labels were given" in found.notes[-1]
    assert backtest_text(found)
    assert backtest_html(found, "bonafide backtest log").startswith("<!doctype html>")
    with pytest.raises(UsageError, match="give at least 1"):
        compare(told, None, budget_per_day=0)
