"""What people read of an evaluation and of the demo, word for word in golden/, inside a hundred columns."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from bonafide.lab.demo_text import WIDTH, demo_text
from bonafide.lab.lookalikes import LOOKALIKES
from bonafide.lab.metrics import HardNegativeFigures, TypologyFigures, evaluate
from bonafide.lab.report_text import show
from bonafide.lab.simulate.scenarios import TYPOLOGIES
from bonafide.lab.summary import Summary
from tests.engine.kit import assert_golden
from tests.lab.runs import small_bundle

GOLDEN = Path(__file__).parent / "golden"
START_MS = 1_767_601_800_000
MANY_HITS = [f"RULE-WITH-A-LONG-NAME-{n}" for n in range(6)]
PAYMENTS: list[tuple[str, int, str, float, int, str | None, list[str], list[str]]] = [
    # payer, amount, outcome, score, label, typology, hits, reasons
    ("u1", 250_000_000, "allow", 0.1, 1, "burst_then_payout", [], []),
    ("u1", 1_234_567, "verify", 0.8, 1, "cash_out_merchant", MANY_HITS, ["RC2", "RC1"]),
    ("u2", 99_900, "hold", 0.95, 1, "drain_the_line", ["MANY", "LARGE"], ["RC3"]),
    ("u2", 99_800, "hold", 0.95, 1, "drain_the_line", ["KNOWN"], ["RC3"]),
    ("u3", 5_000, "allow", 0.3, 1, "drain_the_line", [], []),
    *[(f"h{n}", 4_200 + n, "allow", 0.01 * n, 0, None, [], []) for n in range(20)],
    ("h1", 88_800, "verify", 0.7, 0, "payday_burst", ["MANY"], ["RC1"]),
    ("h2", 3_000, "decline", 0.2, 0, "gift_cards", ["BANK"], ["RC3"]),
    ("h3", 3_000, "allow", 0.2, 0, "gift_cards", [], []),
]


def decisions() -> pl.DataFrame:
    rows = [
        {
            "seq": n, "event_id": f"p{n}", "time": START_MS + n * 3_600_000, "type": "payment", "user_id": payer,
            "amount": amount, "currency": "CNY", "outcome": outcome, "score": score, "hits": hits, "reasons": reasons,
        }
        for n, (payer, amount, outcome, score, _, _, hits, reasons) in enumerate(PAYMENTS)
    ]  # fmt: skip
    return pl.DataFrame(rows).with_columns(pl.from_epoch("time", "ms").dt.replace_time_zone("UTC"))


def truth() -> pl.DataFrame:
    rows = [{"event_id": f"p{n}", "label": row[4], "typology": row[5]} for n, row in enumerate(PAYMENTS)]
    return pl.DataFrame(rows, schema_overrides={"label": pl.Int8, "typology": pl.String})


def summary(**told: Any) -> Summary:
    nothing = dict.fromkeys(("allow", "warn", "verify", "hold", "decline"), 0)
    return Summary(
        read=1_234_567, decided=654_321, taught=580_246, duplicate=0, conflict=0, rejected=0, generated_verdicts=0,
        by_outcome=nothing, by_type={}, by_fault={}, currency="CNY", money_by_outcome=nothing, money_by_currency={},
        first_time=None, last_time=None, bundle="", bundles=[], digest="", seconds=12.34, events_per_second=0,
        peak_memory_bytes=0, inputs=[], input_bytes=[], mapping=None, now=None, features=False, folder="",
    )._replace(**told)  # fmt: skip


def columns(line: str) -> int:
    """How wide a terminal shows a line: Chinese characters take two columns."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line)


def test_an_evaluation_reads_as_written_down() -> None:
    assert_golden(GOLDEN / "evaluation.txt", show(evaluate(decisions(), truth(), resamples=50)))


def test_the_demo_reads_as_written_down() -> None:
    judged = evaluate(decisions(), truth(), resamples=0)
    text = demo_text(summary(), judged, decisions(), truth(), small_bundle())
    assert_golden(GOLDEN / "demo.txt", text + "\n")
    assert max(columns(line) for line in text.splitlines()) <= WIDTH


def test_the_columns_of_the_demo_stand_below_their_titles() -> None:
    judged = evaluate(decisions(), truth(), resamples=0)
    lines = demo_text(summary(), judged, decisions(), truth(), small_bundle()).splitlines()
    begin = next(n for n, line in enumerate(lines) if "honest, but looks alike" in line)
    rows = lines[begin : lines.index("", begin)]
    assert len(rows) > 1
    assert len({len(row) for row in rows}) == 1


def test_the_demo_of_a_whole_platform_fits_on_a_screen() -> None:
    """Sixteen schemes and twelve kinds of honest trade that look alike."""
    judged = evaluate(decisions(), truth(), resamples=0)
    kinds = dict.fromkeys(LOOKALIKES, HardNegativeFigures(12_345, 678, 90, 549.2, 72.9, None, None))
    schemes = dict.fromkeys(TYPOLOGIES, TypologyFigures(123, 45, 0.366, 123_456_789, 123_456_789, None))
    whole = msgspec.structs.replace(judged, per_hard_negative=kinds, per_typology=schemes)
    lines = demo_text(summary(), whole, decisions(), truth(), small_bundle()).splitlines()
    assert len(lines) <= 32
    assert max(columns(line) for line in lines) <= WIDTH


def test_one_kind_that_looks_alike_stands_below_its_title() -> None:
    judged = evaluate(decisions(), truth(), resamples=0)
    one = {"gift_cards": judged.per_hard_negative["gift_cards"]}
    lines = demo_text(
        summary(), msgspec.structs.replace(judged, per_hard_negative=one), decisions(), truth(), small_bundle()
    ).splitlines()
    at = next(n for n, line in enumerate(lines) if "honest, but looks alike" in line)
    assert lines[at].split() == ["honest,", "but", "looks", "alike", "payments", "disturbed"]
    assert lines[at + 1].split() == ["gift", "cards", "2", "1"]


def test_a_demo_in_which_nothing_is_cash_out_says_so_without_dividing_by_it() -> None:
    honest = truth().with_columns(label=pl.lit(0, pl.Int8))
    text = demo_text(summary(), evaluate(decisions(), honest, resamples=0), decisions(), honest, small_bundle())
    assert "0 of them cash-out worth 0.00 CNY" in text
    assert text.endswith("what its payer is told:\n  none")


def test_a_demo_in_which_nothing_can_be_judged_still_has_a_currency() -> None:
    nobody = truth().clear()
    text = demo_text(summary(), evaluate(decisions(), nobody, resamples=0), decisions(), nobody, small_bundle())
    assert "0 payments, 0 of them cash-out worth 0.00 CNY" in text
