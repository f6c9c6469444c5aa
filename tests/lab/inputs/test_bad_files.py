"""Files that are wrong: each is answered in one clear sentence, word for word in golden/bad_files.txt.

After a wanted change of a text: `UPDATE_GOLDEN=1 pytest tests/lab/inputs/test_bad_files.py`, then read the difference.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from bonafide.core.errors import BonafideError, UsageError
from bonafide.lab.inputs import ndjson as ndjson_module
from bonafide.lab.inputs import read_chunks
from tests.lab.inputs.samples import HEADER, MAPPING, PAYMENT, ROW, mapping_of, ndjson, read_all, told, written

GOLDEN = Path(__file__).parent / "golden" / "bad_files.txt"

NOISE = random.Random(7).randbytes(4096)
GOOD = ndjson(*(PAYMENT | {"event_id": f"p{n}"} for n in range(400)))
TABLE = HEADER + "\n" + "".join(f"{n},2026-01-05 08:30:00,7,9,12.99,0\n" for n in range(400))
ARRAY = json.dumps([PAYMENT, PAYMENT | {"event_id": "p2"}]).encode()


def parquet(**columns: Any) -> bytes:
    """A Parquet file of two payments, some columns replaced (None: left out)."""
    given = {name: [value, value] for name, value in PAYMENT.items()} | columns
    target = io.BytesIO()
    pl.DataFrame({name: values for name, values in given.items() if values is not None}).write_parquet(target)
    return target.getvalue()


def tar() -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("transactions.csv"))
    return target.getvalue()


NATIVE = parquet()
FOREIGN = parquet(type=None)
NAIVE = pl.Series([datetime(2026, 1, 5, tzinfo=UTC)] * 2).dt.replace_time_zone(None)
HUGE = pl.Series([2**64 - 1, 1], dtype=pl.UInt64)
GBK = json.dumps(PAYMENT | {"user_id": "张三"}, ensure_ascii=False).encode("gbk")

# name, file name, content, whether a mapping is given
FILES: list[tuple[str, str, bytes | str, bool]] = [
    ("nothing in it", "a.ndjson", b"", False),
    ("nothing but blank lines", "a.csv", b"\n \n", True),
    ("nothing in it, compressed", "a.ndjson.gz", b"", False),
    ("a picture", "a.png", b"\x89PNG\r\n\x1a\n" + NOISE, False),
    ("a spreadsheet", "a.xlsx", b"PK\x03\x04" + NOISE, True),
    ("random bytes", "a.bin", NOISE, False),
    ("random bytes named NDJSON", "a.ndjson", NOISE, False),
    ("random bytes named CSV", "a.csv", NOISE, True),
    ("zeros", "a.csv", bytes(500), True),
    ("a tar archive", "a.tar", tar(), False),
    ("a compressed tar archive", "a.tar.gz", tar(), True),
    ("UTF-16 with a mark", "a.csv", TABLE.encode("utf-16"), True),
    ("UTF-16 without a mark", "a.ndjson", GOOD.decode().encode("utf-16-le"), False),
    ("UTF-32", "a.csv", TABLE.encode("utf-32"), True),
    ("GBK in the header of a CSV", "a.csv", "编号,时间\n1,2\n".encode("gbk"), True),
    ("GBK in one line", "a.ndjson", ndjson(PAYMENT, GBK), False),
    ("GBK in one row", "a.csv", f"{HEADER}\n{ROW}\n".encode() + ROW.replace("7", "张三").encode("gbk"), True),
    ("old Macintosh line ends", "a.csv", TABLE.replace("\n", "\r"), True),
    ("CSV without a mapping", "a.csv", TABLE, False),
    ("CSV named NDJSON", "a.ndjson", f"{HEADER}\n{ROW}\n", False),
    ("half NDJSON, half CSV", "a.ndjson", ndjson(PAYMENT, HEADER, ROW, PAYMENT), False),
    ("a plain file cut in the middle of a line", "a.ndjson", GOOD[:1000], False),
    ("text named Parquet", "a.parquet", TABLE, True),
    ("Parquet cut off", "a.parquet", NATIVE[: len(NATIVE) // 2], False),
    ("Parquet with damaged data", "a.parquet", NATIVE[:4] + b"\xff" * 150 + NATIVE[154:], False),
    ("foreign Parquet without a mapping", "a.parquet", FOREIGN, False),
    ("Parquet with naive times", "a.parquet", parquet(time=NAIVE), False),
    ("Parquet with a float amount", "a.parquet", parquet(amount=[12.99, 1.0]), False),
    ("Parquet with whole numbers as ids", "a.parquet", parquet(user_id=[1, 2]), False),
    ("Parquet with a flag of text", "a.parquet", parquet(success=["true", None]), False),
    ("Parquet with an unknown column", "a.parquet", parquet(usr=["u1", None]), False),
    ("Parquet with a number beyond 63 bits", "a.parquet", parquet(amount=HUGE), False),
    ("a mapping that names no column of the Parquet file", "a.parquet", FOREIGN, True),
    ("gzip with a damaged end", "a.ndjson.gz", b"", False),
    ("an array that breaks off", "a.json", ARRAY[:-30], False),
    ("an array with an element that is no record", "a.json", b'[1, {"type": "tick"}]', False),
    ("an array without a comma", "a.json", ARRAY.replace(b"}, {", b"} {"), False),
    ("an array with something after it", "a.json", ARRAY + b"\n{}", False),
    ("an array that is not UTF-8", "a.json", ARRAY[:-3] + b"\xff\xff", False),
    ("an array nested without end", "a.json", b"[" * 100_000, False),
    ("a line that is too long", "a.ndjson", ndjson(PAYMENT, b"x" * (3 << 20), PAYMENT), False),
    ("a row that is too long", "a.csv", f"{HEADER}\n{ROW}\n" + "x" * (3 << 20) + f"\n{ROW}", True),
    ("a value that is too long", "a.csv", f"{HEADER}\n{ROW}\n" + "x" * (1 << 18) + f"\n{ROW}", True),
    ("a row with too few and one with too many pieces", "a.csv", f"{HEADER}\n{ROW}\n1,2\n{ROW},5\n{ROW}", True),
    ("a quote never closed", "a.csv", f'{HEADER}\n"1,2,3\n' + f"{ROW}\n" * 40, True),
    ("a quote never closed in the last row", "a.csv", f'{HEADER}\n{ROW}\n"1,2,3', True),
    ("a stray quote", "a.csv", f'{HEADER}\n"1"x,2,3\n{ROW}', True),
    ("a zero byte in a row", "a.csv", f"{HEADER}\n{ROW}\n{ROW}\n".replace("7", "7\0", 1), True),
    ("a header with a column twice", "a.csv", f"{HEADER},amount\n{ROW},1", True),
    ("a header without a column", "a.csv", f"{HEADER.replace('amount', 'amonut')}\n{ROW}", True),
    ("a header alone", "a.csv", HEADER, True),
]  # fmt: skip


def answer(name: str, file: str, content: bytes | str, mapped: bool, folder: Path) -> str:
    """What a file gives: the error that is raised, or how much was accepted and why the rest was not."""
    path = written(Path(file), content)
    if name == "gzip with a damaged end":
        path.write_bytes(gzip.compress(GOOD)[:-8] + b"\0" * 8)
    mapping = mapping_of(Path()) if mapped else None
    try:
        read = read_all(folder, path, mapping=mapping)
    except BonafideError as error:
        return told(error)
    lines = [
        f"{reject['file']} line {reject['line']}: {reject['reason']}: {reject['message']}" for reject in read.rejects
    ]
    assert read.read == read.frame.height + len(read.rejects)
    return "".join(line + "\n" for line in [*lines, f"accepted: {read.frame.height}"])


def test_every_bad_file_is_answered_as_written_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len({name for name, *_ in FILES}) == len(FILES)
    answers = [f"## {case[0]}\n{answer(*case, tmp_path)}" for case in FILES]
    text = "\n".join(answers)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


@pytest.mark.parametrize("size", [1, 20, 200, 600, -1])
@pytest.mark.parametrize("mapped", [False, True])
def test_a_cut_gzip_file_gives_what_came_before_and_one_refusal(tmp_path: Path, size: int, mapped: bool) -> None:
    """Whatever the place of the cut, each line before it is accepted and the line that it fell into is refused once."""
    path = tmp_path / ("a.csv.gz" if mapped else "a.ndjson.gz")
    whole = gzip.compress(TABLE.encode() if mapped else GOOD)
    path.write_bytes(whole[:size] if size < 20 else whole[: len(whole) - 8 if size < 0 else size])
    try:
        read = read_all(tmp_path, path, mapping=mapping_of(tmp_path) if mapped else None)
    except BonafideError as error:
        assert size <= 20, error
        return
    ids = read.frame["event_id"].to_list()
    assert ids == [f"{'' if mapped else 'p'}{n}" for n in range(len(ids))]
    (cut,) = read.rejects
    assert cut["line"] == len(ids) + 1 + mapped
    assert "break off" in cut["message"]
    assert read.read == len(ids) + 1


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: None, "a.csv: there is no such file"),
        (Path.mkdir, "a.csv: is a folder; name the files in it"),
        (os.mkfifo, "a.csv: is not a regular file; write its content to one first"),
    ],
)
def test_what_is_no_file_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], object], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    make(Path("a.csv"))
    with pytest.raises(UsageError, match=f"^{sentence}$"):
        read_chunks([Path("a.csv")])


def test_a_file_that_may_not_be_read_is_wrong_usage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "a.csv", TABLE)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UsageError, match="cannot be read: Permission denied"):
        read_chunks([path])


def test_every_file_is_looked_at_before_the_first_record(tmp_path: Path) -> None:
    good = written(tmp_path / "a.ndjson", GOOD)
    bad = written(tmp_path / "b.png", b"\x89PNG" + NOISE)
    with pytest.raises(BonafideError, match="a PNG picture"):
        read_chunks([good, bad])


def test_an_array_that_is_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ndjson_module, "ARRAY_BYTES_MAX", 100)
    path = written(tmp_path / "a.json", ARRAY)
    with pytest.raises(BonafideError, match="longer than 100 bytes is not read; write one object a line"):
        list(read_chunks([path]))


def test_a_quote_never_closed_loses_one_row(tmp_path: Path) -> None:
    rows = [f"{n},2026-01-05 08:30:00,7,9,12.99,0" for n in range(200)]
    rows[50] = '"' + rows[50]
    path = written(tmp_path / "a.csv", "\n".join([HEADER, *rows]))
    read = read_all(tmp_path, path, mapping=mapping_of(tmp_path, MAPPING))
    assert read.frame["event_id"].to_list() == [str(n) for n in range(200) if n != 50]
    assert [reject["line"] for reject in read.rejects] == [52]


def test_a_quote_may_span_lines(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", f'{HEADER},note\n{ROW},"two\nlines, ""quoted"""\n{ROW},x\r\n')
    read = read_all(tmp_path, path, mapping=mapping_of(tmp_path))
    assert read.rejects == []
    assert read.frame["line"].to_list() == [2, 4]


def test_now_refuses_what_is_more_than_five_minutes_ahead(tmp_path: Path) -> None:
    now = int(datetime(2026, 1, 5, 8, 25, tzinfo=UTC).timestamp() * 1000)
    path = written(tmp_path / "a.ndjson", ndjson(PAYMENT, PAYMENT | {"event_id": "p2", "time": PAYMENT["time"] + 1}))
    read = read_all(tmp_path, path, now_ms=now)
    assert read.frame["event_id"].to_list() == ["p1"]
    assert read.counts == {"future-time": 1}
    (reject,) = read.rejects
    assert (reject["line"], reject["event_id"], reject["field"]) == (2, "p2", "time")
    assert read_all(tmp_path, path).rejects == []
