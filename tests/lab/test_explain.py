"""Explaining what a replay left: derived again to the byte, whatever the log; texts that fit, in both languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.events import Fact, Payment, Payout, Refund, Shipment, Verdict
from bonafide.core.lines import cut, table, wide, wrap
from bonafide.core.moment import MINUTE_MS
from bonafide.engine.bundle import Bundle
from bonafide.engine.engine import Engine
from bonafide.engine.rules.language import Apply, Node, parse
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.explain.as_json import explanation_json, undecided_json
from bonafide.lab.explain.folder import ExplainError, Results, open_results
from bonafide.lab.explain.text import explanation_text
from bonafide.lab.explain.undecided import undecided_text
from bonafide.lab.explain.why import Explanation, Undecided, explain
from bonafide.lab.explain.words import SAID, WORDS, expression_text, span_text
from bonafide.lab.inputs import load_mapping
from bonafide.testing.generators import events
from tests.lab.runs import as_lines, replayed, small_bundle, write_bundle

START_MS = 1_767_601_800_000
TEXTS = st.text(st.sampled_from("ab 金额。（ ,."), max_size=60)


def payment(number: int, **fields: Any) -> Payment:
    told = {"event_id": f"p{number}", "time": START_MS + number * MINUTE_MS, "user_id": "u1", "merchant_id": "m1"}
    return Payment(**{**told, "order_id": f"o{number}", "amount": 100, "currency": "CNY", **fields})


def left_by(folder: Path, log: list[Fact], more: bytes = b"") -> Results:
    """What a replay of a log under the small bundle leaves, the bundle's copy included."""
    path = folder / "log.ndjson"
    path.write_bytes(as_lines(log) + more)
    replayed(folder / "out", path)
    write_bundle(folder / "out" / "bundle")
    return open_results(folder / "out")


def told(results: Results, event_id: str, **options: Any) -> Explanation | Undecided:
    return explain(results, event_id, Engine, lambda chunk: None, **options)


def decided(results: Results, event_id: str, **options: Any) -> Explanation:
    found = told(results, event_id, **options)
    assert isinstance(found, Explanation)
    return found


def undecided(results: Results, event_id: str) -> Undecided:
    found = told(results, event_id)
    assert isinstance(found, Undecided)
    return found


# Derived again


@settings(max_examples=25)
@given(st.lists(events(), min_size=1, max_size=25))
def test_every_decision_on_any_log_comes_out_the_same(
    tmp_path_factory: pytest.TempPathFactory, log: list[Fact]
) -> None:
    results = left_by(tmp_path_factory.mktemp("log"), log)
    for row in pl.read_parquet(results.folder / "decisions.parquet").to_dicts():
        found = decided(results, row["event_id"], trace=True)
        assert found.is_same, found.notes
        assert found.derived is not None
        assert {v.rule.id for v in found.derived.voices if v.hit} == set(row["hits"])
        for lang in ("en", "zh"):
            text = explanation_text(found, lang, 80, trace=True)
            assert max(map(wide, text.splitlines())) <= 80
        json.dumps(explanation_json(found, trace=True), allow_nan=False)


def test_labels_of_a_file_are_woven_in_as_they_were(tmp_path: Path) -> None:
    rows = [f"{n},{START_MS + n * MINUTE_MS},u{n % 2},{n + 1},{n % 2}" for n in range(30)]
    (tmp_path / "log.csv").write_text("\n".join(["id,time,user,amount,fraud", *rows, ""]))
    (tmp_path / "m.yaml").write_text(
        "event: payment\nfields:\n  event_id: {column: id}\n  time: {column: time, unit: ms}\n"
        "  user_id: {column: user}\n  merchant_id: {value: m1}\n  order_id: {column: id}\n"
        "  amount: {column: amount, decimals: 0}\n  currency: {value: CNY}\n"
        'truth: {column: fraud, cash_out: ["1"], genuine: ["0"], delay: 5m}\n'
    )
    run = replayed(tmp_path / "out", tmp_path / "log.csv", mapping=load_mapping(tmp_path / "m.yaml"))
    write_bundle(tmp_path / "out" / "bundle")
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    (tmp_path / "out" / "summary.json").write_text(json.dumps(summary | {"mapping": str(tmp_path / "m.yaml")}))
    results = open_results(tmp_path / "out")
    assert "KNOWN" in run.table("decisions")["hits"].explode().to_list()
    assert all(decided(results, str(n)).is_same for n in range(30))
    found = undecided(results, "verdict:3")
    assert (found.kind, found.met is not None and found.met.is_derived) == ("derived", True)
    assert "标签" in undecided_text(found, "zh", 80)


def test_the_log_is_read_no_further_than_the_event(tmp_path: Path) -> None:
    results = left_by(tmp_path, [payment(n) for n in range(9)])
    path = tmp_path / "log.ndjson"
    path.write_bytes(path.read_bytes() + as_lines([payment(9)]))
    found = decided(results, "p3")
    assert found.is_same
    assert [note.name for note in found.notes] == []


# What stands in the way


def test_an_input_that_is_gone_leaves_what_was_recorded(tmp_path: Path) -> None:
    results = left_by(tmp_path, [payment(n, amount=700) for n in range(4)])
    (tmp_path / "log.ndjson").unlink()
    found = decided(results, "p3", trace=True)
    assert (found.is_same, found.decision.outcome, found.decision.hits) == (False, "verify", ("MANY", "LARGE"))
    assert "is no longer there" in " ".join(explanation_text(found, "en", 100).split())
    assert "one" in explanation_text(found, "en", 100)
    assert explanation_json(found, trace=True)["derived_again"] is False


def test_an_input_that_was_edited_is_told_by_what_came_out_otherwise(tmp_path: Path) -> None:
    results = left_by(tmp_path, [payment(n, amount=700) for n in range(4)])
    path = tmp_path / "log.ndjson"
    path.write_bytes(as_lines([payment(n, amount=1) for n in range(4)]))
    found = decided(results, "p3")
    assert not found.is_same
    assert [note.name for note in found.notes] == ["input changed", "differs"]
    assert found.notes[1].parts["what"] == "outcome, score_e6, alert, reasons, hits, measures"
    path.write_bytes(as_lines([payment(0)]))
    assert [note.name for note in decided(results, "p3").notes] == ["input changed", "not derived"]


def test_a_bundle_that_went_on_is_refused(tmp_path: Path) -> None:
    results = left_by(tmp_path, [payment(0)])
    rules = tmp_path / "out" / "bundle" / "rules.yaml"
    rules.write_text(rules.read_text() + "\n")
    with pytest.raises(ExplainError, match="is not the bundle that decided"):
        told(results, "p0")
    rules.unlink()
    with pytest.raises(ExplainError, match="is not the bundle that decided"):
        told(results, "p0")


def test_an_input_is_found_from_where_the_replay_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = left_by(tmp_path, [payment(0)])
    summary = results.summary | {"inputs": ["log.ndjson"], "folder": str(tmp_path)}
    monkeypatch.chdir(tmp_path / "out")
    assert decided(Results(results.folder, summary), "p0").is_same


# What became of it instead


def test_an_event_that_only_teaches_says_where_it_was_taken_in(tmp_path: Path) -> None:
    shipment = Shipment(event_id="s1", time=START_MS, order_id="o1", merchant_id="m1", user_id="u1", status="created")
    verdict = Verdict(
        event_id="v1",
        time=START_MS,
        subject_type="user",
        subject_id="u1",
        label="cash_out",
        source="court",
        user_id="u1",
    )
    results = left_by(tmp_path, [payment(0), shipment, verdict])
    found = undecided(results, "s1")
    assert (found.kind, found.met and found.met.seq, found.features) == ("taught", 1, ())
    assert undecided(results, "v1").features == ("user_cash_out",)
    assert "a shipment only teaches" in undecided_text(found, "en", 80)
    assert undecided_json(found)["seq"] == 1


def test_refused_records_say_why_and_the_first_of_two_is_explained(tmp_path: Path) -> None:
    log = [payment(0), payment(0), payment(0, amount=5), payment(9_000), payment(1)]
    results = left_by(tmp_path, log, b'{"type":"payment","event_id":"bad","time":1}\n')
    late = undecided(results, "p1")
    assert (late.kind, late.refusals[0]["reason"]) == ("refused", "too-late")
    assert "时间过早" in undecided_text(late, "zh", 80)
    bad = undecided(results, "bad")
    assert (bad.kind, bad.refusals[0]["line"]) == ("refused", 6)
    twice = decided(results, "p0")
    assert twice.is_same
    assert [note.name for note in twice.notes] == ["conflict"]


def test_an_unknown_id_is_answered_with_the_nearest(tmp_path: Path) -> None:
    results = left_by(tmp_path, [payment(n, event_id=f"order-{n:03}") for n in range(40)])
    found = undecided(results, "order-O12")
    assert (found.kind, "order-012" in found.near) == ("unknown", True)
    assert undecided(results, "nothing like it").near == ()


@pytest.mark.parametrize(
    "event_id", ["a b", "'\"\\", "金额-１", "[bold]x[/bold]", "{x}", "%s", "x" * 128, "*", "a/b?c=1&d", "-x"]
)
def test_ids_of_strange_characters_are_found_and_shown(tmp_path: Path, event_id: str) -> None:
    results = left_by(tmp_path, [payment(0), payment(1, event_id=event_id)])
    found = decided(results, event_id)
    assert found.is_same
    assert explanation_json(found, trace=False)["event_id"] == event_id
    first = explanation_text(found, "en", 120).splitlines()[0]
    assert first.startswith(event_id[:50].split(" ")[0])


def test_an_id_is_compared_in_its_composed_form(tmp_path: Path) -> None:
    assert decided(left_by(tmp_path, [payment(0, event_id="caf\u00e9")]), "cafe\u0301").is_same


# Texts


def flat(node: Node) -> Node:
    """The parts of an `and` in an `and` as parts of the outer one, as a chained comparison has them."""
    if not isinstance(node, Apply):
        return node
    parts = [flat(part) for part in node.parts]
    same = [p.parts if isinstance(p, Apply) and p.op == node.op == "and" else (p,) for p in parts]
    return Apply(node.op, tuple(part for some in same for part in some), node.type)


def test_a_payment_in_a_currency_without_a_rate_is_explained(tmp_path: Path) -> None:
    found = decided(left_by(tmp_path, [payment(0, currency="JPY")]), "p0")
    assert "the amount is in JPY, for which the bundle has no rate to CNY" in explanation_text(found, "en", 120)
    assert "没有折算成 CNY 的汇率" in explanation_text(found, "zh", 120)


def test_a_converted_amount_is_shown_as_it_counted(tmp_path: Path) -> None:
    found = decided(left_by(tmp_path, [payment(0, currency="USD", amount=1_250)]), "p0")
    assert explanation_text(found, "en", 120).splitlines()[0].endswith("   12.50 USD = 87.50 CNY")
    assert "87.50 CNY > 6.00 CNY" in explanation_text(found, "en", 120)


def test_an_effect_that_is_stricter_than_the_score_is_named(tmp_path: Path) -> None:
    refund = Refund(
        event_id="r1", time=START_MS, user_id="u1", merchant_id="m1", order_id="o1", amount=5, currency="CNY", to="bank"
    )
    payout = Payout(
        event_id="w1", time=START_MS, merchant_id="m1", account_id="a1", amount=5, currency="CNY", speed="instant"
    )
    results = left_by(tmp_path, [refund, payout])
    assert "the score alone says allow; BANK asks for more" in explanation_text(decided(results, "r1"), "en", 120)
    hold = explanation_text(decided(results, "w1"), "zh", 120)
    assert "暂缓到 2026-01-06 08:30:00 UTC 自动解除" in hold
    assert "规则 FAST 要求更严" in hold


@given(TEXTS, st.integers(20, 60))
def test_wrapping_loses_nothing_and_keeps_the_width(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert max(map(wide, lines)) <= width
    assert wide(cut(text, width)) <= width


def test_a_table_is_straight_where_words_are_wide() -> None:
    lines = table(["金额", "n"], [["1", "用户"], ["12345", "x"]], [True, False])
    assert lines == [" 金额  n", "    1  用户", "12345  x"]


@pytest.mark.parametrize("bundle", [small_bundle(), shipped_bundle("paylater")], ids=lambda b: b.name)
def test_an_expression_is_written_so_that_it_reads_back(bundle: Bundle) -> None:
    for rule in bundle.rules:
        text = expression_text(rule.when, "en")
        assert flat(parse(text, bundle.vocabulary)) == flat(rule.when)
        assert not any(f" {word} " in expression_text(rule.when, "zh") for word in ("and", "or", "not", "is", "in"))


def test_every_sentence_has_the_same_parts_in_both_languages() -> None:
    for name, (en, zh) in SAID.items():
        parts = [{p.split("}")[0].split(":")[0] for p in text.split("{")[1:]} for text in (en, zh)]
        assert parts[0] == parts[1], name
    assert all(en and zh for en, zh in WORDS.values())


def test_spans_have_two_units_at_most() -> None:
    assert [span_text(s, "en") for s in (0, 59, 60, 3_661, 86_400, 90_000)] == [
        "0 s", "59 s", "1 min", "1 h 1 min", "1 d", "1 d 1 h",
    ]  # fmt: skip
