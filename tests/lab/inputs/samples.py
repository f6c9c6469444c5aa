"""Records, files and answers that the tests of the readers share."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import polars as pl

from bonafide.core.errors import BonafideError
from bonafide.lab.inputs import Chunk, Mapping, RejectWriter, load_mapping, read_chunks

TIME_MS = 1_767_601_800_000
"""2026-01-05T08:30:00Z."""

PAYMENT: dict[str, Any] = {
    "type": "payment", "event_id": "p1", "time": TIME_MS, "user_id": "u1", "merchant_id": "m1", "order_id": "o1",
    "amount": 1299, "currency": "CNY",
}  # fmt: skip

MIXED: tuple[dict[str, Any], ...] = (
    PAYMENT,
    PAYMENT | {"event_id": "p2", "pay_with": "balance", "goods": "virtual", "instalments": 3, "category": "手机"},
    {"type": "login", "event_id": "l1", "time": TIME_MS, "subject_type": "user", "subject_id": "u1", "success": False},
    {"type": "transfer", "event_id": "t1", "time": TIME_MS, "from_account_id": "a1", "to_account_id": "a2",
     "amount": 10**12, "currency": "JPY"},
    {"type": "merchant_application", "event_id": "a1", "time": TIME_MS, "merchant_id": "m1", "legal_name": "小店",
     "registration_no": "r1", "representative_id": "i1", "category": "tea", "opened_on": 1_561_852_800_000,
     "documents": [{"kind": "licence", "id": "d1"}]},
    {"type": "verdict", "event_id": "v1", "time": TIME_MS, "subject_type": "event", "subject_id": "p1",
     "label": "cash_out", "source": "court", "user_id": "u1"},
    {"type": "indicator", "event_id": "i1", "time": TIME_MS, "indicator_id": "x", "subject_type": "ip",
     "subject_id": "10.0.0.1", "typology": "broker_ring", "confidence": 0.25, "valid_until": TIME_MS,
     "status": "active"},
    {"type": "shipment", "event_id": "s1", "time": TIME_MS, "order_id": "o1", "merchant_id": "m1", "user_id": "u1",
     "status": "returned", "weight_g": 0},
    {"type": "degraded", "event_id": "d1", "time": TIME_MS, "parts": ["model", "links"]},
    {"type": "tick", "event_id": "k1", "time": TIME_MS},
)  # fmt: skip
"""One record of several types, control records among them, with every kind of field."""

MAPPING = """\
event: payment
fields:
  event_id:    {column: id}
  time:        {column: time, format: "%Y-%m-%d %H:%M:%S", zone: UTC}
  user_id:     {column: user, prefix: u}
  merchant_id: {column: shop, prefix: m}
  order_id:    {column: id, prefix: o}
  amount:      {column: amount, decimals: 2}
  currency:    {value: CNY}
truth: {column: fraud, cash_out: ["1"], genuine: ["0"], delay: 7d}
"""
HEADER = "id,time,user,shop,amount,fraud"
ROW = "1,2026-01-05 08:30:00,7,9,12.99,0"


class Read(NamedTuple):
    """Everything that some files gave."""

    frame: pl.DataFrame
    rejects: list[dict[str, Any]]
    chunks: list[Chunk]
    counts: dict[str, int]

    @property
    def read(self) -> int:
        return sum(chunk.read for chunk in self.chunks)

    @property
    def truth(self) -> pl.DataFrame:
        """All labels, with the line in place of the row."""
        frames = [
            chunk.truth.with_columns(line=chunk.frame["line"].gather(chunk.truth["row"])).drop("row")
            for chunk in self.chunks
            if chunk.truth is not None
        ]
        return pl.concat(frames)


def read_all(
    folder: Path, *paths: Path, mapping: Mapping | None = None, now_ms: int | None = None, rows: int = 100
) -> Read:
    rejects = folder / "rejects.ndjson"
    with RejectWriter(rejects) as writer:
        chunks = list(read_chunks(paths, mapping, now_ms, writer, chunk_rows=rows))
    frame = pl.concat([chunk.frame for chunk in chunks], how="diagonal") if chunks else pl.DataFrame()
    lines = rejects.read_bytes().splitlines()
    return Read(frame, [msgspec.json.decode(line) for line in lines], chunks, dict(writer.counts))


def ndjson(*records: dict[str, Any] | str | bytes) -> bytes:
    """One line for each record; text and bytes stand as they are."""
    lines = [record if isinstance(record, bytes) else _text(record).encode() for record in records]
    return b"".join(line + b"\n" for line in lines)


def _text(record: dict[str, Any] | str) -> str:
    return record if isinstance(record, str) else json.dumps(record, ensure_ascii=False)


def written(path: Path, content: bytes | str) -> Path:
    """A file with this content, compressed if its name says so."""
    data = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def mapping_of(folder: Path, text: str = MAPPING) -> Mapping:
    path = folder / "mapping.yaml"
    path.write_text(text, encoding="utf-8")
    return load_mapping(path)


def told(error: BonafideError) -> str:
    """A raised error as the golden files show it."""
    return f"{type(error).__name__}: {error}\n"
