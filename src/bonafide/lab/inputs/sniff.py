"""What a file is, told by its content and then by its name; what it cannot be is said in one sentence."""

from __future__ import annotations

import codecs
import re
import stat
from pathlib import Path
from typing import Final, Literal, NamedTuple

from bonafide.core.errors import InputError, UsageError
from bonafide.lab.inputs.lines import LineFile

Format = Literal["ndjson", "json_array", "csv", "parquet"]

HEAD_BYTES: Final = 1 << 16
"""How much of a file is looked at to tell what it is."""
_CONTROL_FRACTION_MAX: Final = 0.05
"""Text has hardly any control characters; random bytes have a tenth."""

_PARQUET: Final = b"PAR1"
_KINDS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet or document"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed"),
    (b"BZh", "bzip2-compressed"),
    (b"\xfd7zXZ", "xz-compressed"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"SQLite format 3", "a SQLite database"),
    (b"Obj\x01", "an Avro file"),
    (b"ORC", "an ORC file"),
    (b"ARROW1", "an Arrow file"),
    (b"PARE", "an encrypted Parquet file"),
)
_TAR: Final = slice(257, 262)
_READ: Final = "give NDJSON, JSON, CSV (each plain or gzip) or Parquet"
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"), (codecs.BOM_UTF16_BE, "UTF-16"),
)  # fmt: skip
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_LINES_SUFFIXES: Final = frozenset({".ndjson", ".jsonl"})
_JSON_SUFFIXES: Final = _LINES_SUFFIXES | {".json"}
_CSV_SUFFIXES: Final = frozenset({".csv", ".tsv"})


class InputFile(NamedTuple):
    """A file that can be read, and how."""

    path: Path
    format: Format
    size: int
    """Bytes on disk."""


def recognise(path: Path, has_mapping: bool) -> InputFile:
    """Looks at a file's first bytes.

    Raises UsageError when there is no such file to read or when it needs a mapping, InputError when it is nothing that
    can be read.
    """
    size = _size_of(path)
    try:
        with LineFile(path) as file:
            head, fault = file.head(HEAD_BYTES), file.fault
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None
    if head.startswith(_PARQUET):
        return InputFile(path, "parquet", size)
    if path.suffix.lower() == ".parquet" and head:
        raise _refused(path, "is not a Parquet file, whatever its name says")
    _refuse_nothing(path, head, fault)
    _refuse_binary(path, head)
    return InputFile(path, _format_of_text(path, head, has_mapping), size)


def _size_of(path: Path) -> int:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None
    if stat.S_ISDIR(status.st_mode):
        raise UsageError(f"{path}: is a folder; name the files in it")
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"{path}: is not a regular file; write its content to one first")
    return status.st_size


def _refuse_nothing(path: Path, head: bytes, fault: str | None) -> None:
    if head.strip():
        return
    if fault is not None:
        raise _refused(path, f"holds no whole record: {fault}")
    raise _refused(path, "is empty")


def _refuse_binary(path: Path, head: bytes) -> None:
    for magic, kind in _KINDS:
        if head.startswith(magic):
            raise _refused(path, f"is {kind}; {_READ}")
    if head[_TAR] == b"ustar":
        raise _refused(path, "is a tar archive; extract it and name the file inside")
    for mark, name in _MARKS:
        if head.startswith(mark):
            raise _refused(path, f"is {name} text; save it as UTF-8")
    if (head[0::2].count(0) > len(head) // 4) != (head[1::2].count(0) > len(head) // 4):
        raise _refused(path, "looks like UTF-16 text; save it as UTF-8")
    if len(_CONTROL.findall(head)) > _CONTROL_FRACTION_MAX * len(head):
        raise _refused(path, f"is binary, not text; {_READ}")
    if b"\r" in head and b"\n" not in head:
        raise _refused(path, "has lines that end in a bare carriage return; save it with line feeds")


def _format_of_text(path: Path, head: bytes, has_mapping: bool) -> Format:
    suffix = (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if suffix in _CSV_SUFFIXES and has_mapping:
        return "csv"
    if start == b"[" and suffix not in _LINES_SUFFIXES:
        return "json_array"
    if start == b"{" or suffix in _JSON_SUFFIXES:
        return "ndjson"
    if has_mapping:
        return "csv"
    raise UsageError(
        f"{path}: holds no JSON, so a mapping file must say which column is which field; add --mapping FILE"
    )


def _refused(path: Path, what: str) -> InputError:
    return InputError("malformed", f"{path}: {what}")
