"""Files with bytes changed, cut out or added at random: answered in a sentence or read around, never a traceback."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.errors import BonafideError
from tests.lab.inputs.samples import HEADER, MIXED, PAYMENT, ROW, mapping_of, ndjson, read_all


def parquet() -> bytes:
    target = io.BytesIO()
    rows = [PAYMENT | {"event_id": f"p{n}"} for n in range(40)]
    pl.DataFrame(rows).write_parquet(target, row_group_size=15, compression="uncompressed")
    return target.getvalue()


TABLE = "\n".join([HEADER, *[ROW, ROW.replace("7", '"7"')] * 10]).encode()
FILES = {
    "a.ndjson": ndjson(*MIXED),
    "a.ndjson.gz": gzip.compress(ndjson(*MIXED), mtime=0),
    "a.json": json.dumps(MIXED).encode(),
    "a.csv": TABLE,
    "a.csv.gz": gzip.compress(TABLE, mtime=0),
    "a.parquet": parquet(),
}


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """The file with a few places overwritten by some bytes, each perhaps more or fewer than were there."""
    content = FILES[name]
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(content)))
        length = draw(st.integers(0, 4))
        content = content[:start] + draw(st.binary(max_size=6)) + content[start + length :]
    return content


def assert_answered(name: str, content: bytes) -> None:
    with TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        (folder / name).write_bytes(content)
        mapping = mapping_of(folder) if ".csv" in name else None
        try:
            read = read_all(folder, folder / name, mapping=mapping)
        except BonafideError as error:
            assert "\n" not in str(error)
        else:
            assert read.read == read.frame.height + len(read.rejects)


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=10)
@given(data=st.data())
def test_damage_is_answered(name: str, data: st.DataObject) -> None:
    assert_answered(name, data.draw(damaged(name)))


@pytest.mark.fuzz
@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
def test_damage_is_answered_for_long(name: str, data: st.DataObject) -> None:
    assert_answered(name, data.draw(damaged(name)))
