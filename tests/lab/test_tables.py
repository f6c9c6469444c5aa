"""Tables written in pieces: equal to the whole, and never half there."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from bonafide.core.errors import StateError
from bonafide.lab import tables
from bonafide.lab.tables import TableWriter

SCHEMA = pl.Schema({"n": pl.Int64, "word": pl.String, "list": pl.List(pl.String)})


def piece(first: int, rows: int) -> pl.DataFrame:
    numbers = range(first, first + rows)
    words = [None if n % 5 == 0 else "字" for n in numbers]
    data = {"list": [[str(n)] * (n % 3) for n in numbers], "n": numbers, "word": words}
    return pl.DataFrame(data, schema=pl.Schema({name: SCHEMA[name] for name in data}))


@pytest.mark.parametrize("held", [1, 25, 10_000])
def test_a_table_of_many_parts_equals_one_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int) -> None:
    monkeypatch.setattr(tables, "ROWS_HELD_MAX", held)
    writer = TableWriter(tmp_path / "t.parquet", SCHEMA)
    pieces = [piece(first, 7) for first in range(0, 140, 7)]
    for frame in pieces:
        writer.append(frame)
        assert not (tmp_path / "t.parquet").exists()
    assert (len(list(tmp_path.iterdir())) > 1) == (held < 140)
    writer.finish()
    assert writer.rows == 140
    assert_frame_equal(pl.read_parquet(tmp_path / "t.parquet"), pl.concat(pieces).select(SCHEMA.names()))
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]


def test_a_table_of_nothing_has_its_columns(tmp_path: Path) -> None:
    writer = TableWriter(tmp_path / "t.parquet", SCHEMA)
    writer.append(pl.DataFrame(schema=SCHEMA))
    writer.finish()
    assert pl.read_parquet(tmp_path / "t.parquet").schema == SCHEMA


def test_an_unfinished_table_can_be_cleared_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ROWS_HELD_MAX", 1)
    (tmp_path / "t.parquet").write_text("of an earlier run")
    writer = TableWriter(tmp_path / "t.parquet", SCHEMA)
    writer.append(piece(0, 3))
    writer.append(piece(3, 3))
    assert len(list(tmp_path.iterdir())) == 3
    writer.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]


def test_a_disk_that_is_full_at_the_end_leaves_nothing_under_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: pl.DataFrame, file: Path, **_: object) -> None:
        file.write_bytes(b"PAR1 and no more")
        raise OSError(28, "No space left on device")

    writer = TableWriter(tmp_path / "t.parquet", SCHEMA)
    writer.append(piece(0, 3))
    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(StateError, match=r"t\.parquet: cannot be written: .*No space left on device; make room"):
        writer.finish()
    assert not (tmp_path / "t.parquet").exists()
    writer.discard()
    assert list(tmp_path.iterdir()) == []
