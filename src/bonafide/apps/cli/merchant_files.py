"""Files of `bonafide merchant`: events, registers of merchants, lists; a bad line is refused alone."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bonafide.core.errors import InputError, UsageError

if TYPE_CHECKING:
    from bonafide.apps.cli.merchant_ids import Ids
    from bonafide.core.events import Fact
    from bonafide.lab.inputs import Mapping
    from bonafide.office.merchants.application import Merchant
    from bonafide.office.merchants.lists_in import ReadList
    from bonafide.office.merchants.screening import Screening

WANTED: Final = ("merchant_application", "account_link", "login")
SHOWN_MAX: Final = 5


class Refused:
    """Lines that were refused: how many, and the first of them."""

    def __init__(self) -> None:
        self.count = 0
        self.shown: list[str] = []

    def add(self, path: Path | str, line: int, why: str) -> None:
        """One more."""
        self.count += 1
        if len(self.shown) < SHOWN_MAX:
            self.shown.append(f"{path}:{line}: {why}")


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """UsageError where a file is not there or cannot be read."""
    try:
        yield
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None


def read_events(
    paths: Sequence[Path], mapping: Mapping | None, now_ms: int | None, ids: Ids, refused: Refused
) -> Iterator[Fact]:
    """The events of files that reviews look at, each once and in their order; the files are read as every command reads
    events. An id that comes again with other content is refused."""
    import polars as pl

    from bonafide.core.door import convert_event
    from bonafide.lab.inputs.check import records_of
    from bonafide.lab.inputs.read import read_chunks
    from bonafide.lab.inputs.rejects import Refusal, RejectWriter

    class Rejects(RejectWriter):
        def write(self, file: str, refusals: Iterable[Refusal]) -> None:
            for line, error in refusals:
                refused.add(file, line, str(error))

    for chunk in read_chunks(paths, mapping, now_ms, Rejects()):
        wanted = chunk.frame.filter(pl.col("type").is_in(WANTED))
        for file, (line, record) in zip(wanted["file"], records_of(wanted.drop("file")), strict=True):
            event = convert_event(record)
            try:
                is_new = ids.is_new(event)
            except InputError as error:
                refused.add(paths[file], line, str(error))
                continue
            if is_new:
                yield event


def read_register(paths: Sequence[Path]) -> tuple[list[Merchant], Refused]:
    """The merchants of NDJSON files: fields of an application, and `standing` (active where it is left out)."""
    import msgspec

    from bonafide.core.door import decode_event
    from bonafide.core.events import MerchantApplication
    from bonafide.office.merchants.application import Application, Merchant, Standing

    found, refused = list[Merchant](), Refused()
    for path in paths:
        for number, line in _lines(path, refused):
            try:
                told: dict[str, Any] = msgspec.json.decode(line, type=dict[str, Any])
                standing = msgspec.convert(told.pop("standing", "active"), type=Standing)
                event = decode_event(msgspec.json.encode({"event_id": "r", "time": 0, **told,
                                                          "type": "merchant_application"}))  # fmt: skip
            except (msgspec.MsgspecError, InputError, UnicodeDecodeError, RecursionError) as error:
                refused.add(path, number, str(error))
                continue
            assert isinstance(event, MerchantApplication)
            found.append(Merchant(Application.of(event), standing))
    return found, refused


def check_lists(paths: Sequence[Path]) -> dict[str, ReadList]:
    """What came of each list; InputError where nothing of one could be used."""
    from bonafide.office.merchants.lists_in import check_taken, read_list

    found = {}
    for path in paths:
        with _reading(path):
            found[str(path)] = check_taken(read_list(path), str(path))
    return found


def read_lists(paths: Sequence[Path], threshold: float | None, refused: Refused) -> Screening:
    """Lists to ask."""
    from bonafide.office.merchants.screening import THRESHOLD_DEFAULT, Screening

    found = check_lists(paths)
    for path, read in found.items():
        for one in read.refused:
            refused.add(path, one.line, one.why)
    entities = (entity for read in found.values() for entity in read.entities)
    return Screening(entities, THRESHOLD_DEFAULT if threshold is None else threshold)


def keep_lists(paths: Sequence[Path], data: Path) -> None:
    """Copy lists into a data directory, each whole or not at all; one of the same name is replaced."""
    from bonafide.office.admission.lists import FOLDER, SUFFIXES
    from bonafide.office.store.datadir import DataDir

    if wrong := [path for path in paths if path.suffix.casefold() not in SUFFIXES]:
        raise UsageError(f"{wrong[0]}: the name of a list that is kept ends in {', '.join(SUFFIXES)}")
    folder = DataDir.open(data, create=False).folder / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    for path in paths:
        part = folder / f".{path.name}.part"
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(path.read_bytes())
            file.flush()
            os.fsync(file.fileno())
        part.replace(folder / path.name)


def _lines(path: Path, refused: Refused) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank; what follows a fault in gzip data is refused as one line."""
    opener = gzip.open if path.suffix == ".gz" else open
    number = 0
    with _reading(path), opener(path, "rb") as file:
        try:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
        except (EOFError, gzip.BadGzipFile, zlib.error):
            refused.add(path, number + 1, "the gzip data are damaged from here on; get the file again")
