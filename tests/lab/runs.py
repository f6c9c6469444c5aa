"""A small bundle whose rules fire often, files of events, and replays of them, for the tests of what replays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec
import polars as pl

from bonafide.core.events import Fact
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.engine import DEFAULT_SECRET, Engine
from bonafide.lab.inputs import CHUNK_ROWS, Mapping, RejectWriter, read_chunks
from bonafide.lab.replay import Replay, run_replay
from bonafide.lab.summary import Summary

BUNDLE = {
    "bundle.yaml": """
name: small
currency: CNY
zone: "+08:00"
purpose: [contract, credit, anti_fraud_duty, public]
assume_completed: true
lateness: 2d
exchange: {version: "1", rates: {USD: "7.00"}}
""",
    "features.yaml": """
- {name: user_count_1h, event: payment, by: user_id, take: count, over: 1h}
- {name: user_mean_1d, event: payment, by: user_id, take: mean, of: amount, over: 1d}
- {name: merchant_refunds, event: refund, by: merchant_id, take: count}
- {name: user_cash_out, event: verdict, by: user_id, take: count, where: "label == 'cash_out'", over: 90d}
""",
    "rules.yaml": """
- {id: MANY, when: user_count_1h >= 2, typology: intensive_burst, weight: 0.4, reason: RC1, source: test}
- {id: LARGE, when: amount > 600, typology: shaped_amounts, weight: 0.5, reason: RC2, source: test}
- {id: KNOWN, when: user_cash_out >= 1, typology: broker_ring, weight: 0.9, reason: RC1, source: test}
- {id: BANK, when: "type == 'refund' and to == 'bank'", typology: refund_elsewhere, weight: 0.1, effect: decline,
   reason: RC3, source: test}
- {id: FAST, when: "type == 'payout' and speed == 'instant'", typology: burst_then_payout, weight: 0.3, effect: hold,
   reason: RC2, source: test}
- {id: PAPER, when: "type == 'merchant_application' and account_id is missing", typology: cash_out_merchant,
   weight: 0.6, reason: RC3, source: test}
""",
    "policy.yaml": """
outcomes:
  - {from: 0, outcome: allow}
  - {from: 0.35, outcome: warn}
  - {from: 0.6, outcome: verify}
  - {from: 0.9, outcome: hold}
risk_levels:
  - {from: 0, level: low}
  - {from: 0.3, level: medium}
  - {from: 0.9, level: critical}
hold_for: 24h
measures:
  verify: {measure: request_information, lasts: 7d}
  hold: {measure: notice, lasts: 30d}
""",
    "reasons.yaml": """
RC1: {zh: 一, en: one}
RC2: {zh: 二, en: two}
RC3: {zh: 三, en: three}
""",
}


def write_bundle(folder: Path) -> Path:
    """The small bundle in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in BUNDLE.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@cache
def small_bundle() -> Bundle:
    """The small bundle: `decline`, `hold` and `verify` on single events, memory of a payer, a merchant, verdicts."""
    with TemporaryDirectory() as folder:
        return load_bundle(write_bundle(Path(folder)))


class Run(NamedTuple):
    """What a replay left behind."""

    summary: Summary
    folder: Path

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.folder / f"{name}.parquet")

    @property
    def rejects(self) -> list[dict[str, Any]]:
        lines = (self.folder / "rejects.ndjson").read_bytes().splitlines()
        return [msgspec.json.decode(line) for line in lines]


def replayed(
    folder: Path, *paths: Path, bundle: Bundle | None = None, mapping: Mapping | None = None, features: bool = False,
    secret: bytes = DEFAULT_SECRET, rows: int = CHUNK_ROWS,
) -> Run:  # fmt: skip
    """Replay files into a folder, `rows` records a chunk; the clock says that it took no time."""
    folder.mkdir(parents=True, exist_ok=True)
    engine = Engine(bundle or small_bundle(), secret=secret)
    with RejectWriter(folder / "rejects.ndjson") as rejects:
        chunks = read_chunks(paths, mapping, None, rejects, rows)
        run = Replay(engine, folder, paths, rejects, features=features)
        return Run(run_replay(chunks, run, lambda chunk: None, lambda: 0.0), folder)


def as_lines(events: Sequence[Fact]) -> bytes:
    """Events as NDJSON."""
    return b"".join(msgspec.json.encode(event) + b"\n" for event in events)


def as_parquet(path: Path, events: Sequence[Fact], groups: int = 1_000) -> Path:
    """Events as a Parquet file with the columns of the schema."""
    records = [json.loads(msgspec.json.encode(event)) for event in events]
    names = dict.fromkeys(("type", *(name for record in records for name in record)))
    columns = {name: [record.get(name) for record in records] for name in names}
    pl.DataFrame(columns, infer_schema_length=None).write_parquet(path, row_group_size=groups)
    return path


def labelled_mapping(delay: str, merchant: str = "{value: m1}") -> str:
    """A mapping of a CSV with columns id, time, user, amount, fraud, whose labels arrive after `delay`."""
    return f"""\
event: payment
fields:
  event_id:    {{column: id}}
  time:        {{column: time, unit: ms}}
  user_id:     {{column: user}}
  merchant_id: {merchant}
  order_id:    {{column: id}}
  amount:      {{column: amount, decimals: 0}}
  currency:    {{value: CNY}}
truth: {{column: fraud, cash_out: ["1"], genuine: ["0"], delay: {delay}}}
"""
