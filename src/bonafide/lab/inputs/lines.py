"""Lines of a text file, plain or gzip, in bounded memory, whatever the file holds."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final

from bonafide.core.errors import InputError

LINE_BYTES_MAX: Final = 1 << 20
"""Longest line that is kept; of a longer one nothing is, and reading goes on after it."""
BLOCK_BYTES: Final = 1 << 18
"""Bytes taken from the file at a time: with their lines they fit in the cache. Not more than `LINE_BYTES_MAX`, so only
a block's first line can be too long."""
LONG_LINE: Final = b"\0too long\0"
"""Stands, as this very object, where a line was too long; no reader takes it for a record."""

_GZIP_MAGIC: Final = b"\x1f\x8b"
_UTF8_MARK: Final = b"\xef\xbb\xbf"


class LineFile:
    """A file as lists of lines without their line feeds; a context manager."""

    def __init__(self, path: Path) -> None:
        self._raw = path.open("rb")
        magic = self._raw.read(len(_GZIP_MAGIC))
        self._raw.seek(0)
        self._stream: BinaryIO | gzip.GzipFile = gzip.GzipFile(fileobj=self._raw) if magic == _GZIP_MAGIC else self._raw
        self.fault: str | None = None
        """Set at the end when the file could not be read to its end: what is wrong, for one refusal at the next line.
        The line that it broke off in is not given."""

        self.bytes_given = 0
        """Bytes of text read so far."""

    @property
    def bytes_done(self) -> int:
        """How far into the file (compressed bytes of a gzip file) reading has come."""
        return self._raw.tell()

    def head(self, size: int) -> bytes:
        """The first bytes that are not blank, or nothing where all are; only before `blocks`."""
        content = self._read(size)
        while content and not content.strip():
            content = self._read(size)
        self._stream.seek(0)
        return content

    def blocks(self) -> Iterator[list[bytes]]:
        """All lines, a block at a time; a byte order mark is taken off the first."""
        tail, skipping, first = b"", False, True
        while block := self._read(BLOCK_BYTES):
            if first and block.startswith(_UTF8_MARK):
                block = block[len(_UTF8_MARK) :]
            first = False
            lines = (tail + block).split(b"\n")
            tail = lines.pop()
            if lines and (skipping or len(lines[0]) > LINE_BYTES_MAX):
                lines[0], skipping = LONG_LINE, False
            if skipping or len(tail) > LINE_BYTES_MAX:
                tail, skipping = b"", True
            yield lines
        if self.fault is None and (tail or skipping):
            yield [LONG_LINE if skipping else tail]

    def _read(self, size: int) -> bytes:
        """Up to `size` bytes; what came before a fault is given first, so `read1`, which never drops what it has."""
        parts: list[bytes] = []
        while size > 0 and self.fault is None:
            try:
                part = self._stream.read1(size)  # type: ignore[union-attr]  # BinaryIO hides that this one is buffered
            except EOFError:
                self.fault = "the gzip data break off here; get the whole file"
            except (gzip.BadGzipFile, zlib.error):
                self.fault = "the gzip data are damaged from here on; get the file again"
            except OSError as error:
                self.fault = f"the file cannot be read further: {error.strerror or error}"
            else:
                if not part:
                    break
                parts.append(part)
                size -= len(part)
                self.bytes_given += len(part)
        return b"".join(parts)

    def __enter__(self) -> LineFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.close()


def long_line() -> InputError:
    """The refusal of a line that is too long."""
    return InputError("malformed", f"the line is longer than {LINE_BYTES_MAX:,} bytes; give one record a line")
