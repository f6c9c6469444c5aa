"""Groups as `group` events: ids from content alone, a fixed order, a file that is there whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from bonafide.core.errors import UsageError
from bonafide.core.events import Group
from bonafide.lab.rings.found import Found
from bonafide.lab.rings.graph import Ties
from bonafide.lab.tables import TableWriter

SUFFIXES: Final = (".ndjson", ".parquet")
SCHEMA: Final = pl.Schema(
    {
        "type": pl.String, "event_id": pl.String, "time": pl.Int64, "group_id": pl.String, "subject_type": pl.String,
        "subject_id": pl.String, "method": pl.String, "score": pl.Float64, "valid_until": pl.Int64,
    }
)  # fmt: skip
_DIGEST_CHARACTERS: Final = 24


def check_target(path: Path) -> None:
    """UsageError unless the file's name says in which form it is written."""
    if path.suffix not in SUFFIXES:
        raise UsageError(f"--out {path}: name a file that ends in {' or '.join(SUFFIXES)}")


def group_rows(
    found: Mapping[str, Sequence[Found]], ties: Ties, time_ms: int, valid_until_ms: int
) -> Iterator[Group]:  # fmt: skip
    """A `group` event for every member of every group, by method, group and member as they stand.

    A group's id follows from its method, moment and members, an event's from all that it says: whoever finds the same
    again writes the same event, which a log takes as a duplicate.
    """
    users = len(ties.users)
    for method, groups in found.items():
        for one in groups:
            names = [
                ("user", ties.users[number]) if number < users else ("merchant", ties.merchants[number - users])
                for number in one.members.tolist()
            ]
            group_id = f"{method}-{_digest([method, time_ms, names])}"
            for (kind, name), score in zip(names, one.scores.tolist(), strict=True):
                event_id = f"group-{_digest([group_id, kind, name, score, valid_until_ms])}"
                yield Group(
                    event_id=event_id, time=time_ms, group_id=group_id, subject_type=kind, subject_id=name,  # type: ignore[arg-type]
                    method=method, score=score, valid_until=valid_until_ms,
                )  # fmt: skip


def write_groups(rows: Iterator[Group], path: Path) -> int:
    """Write events as NDJSON or Parquet, by the file's suffix; how many they were."""
    check_target(path)
    events = list(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        table = TableWriter(path, SCHEMA)
        try:
            columns = {name: [getattr(event, name) for event in events] for name in SCHEMA}
            table.append(pl.DataFrame(columns, SCHEMA))
            table.finish()
        finally:
            table.discard()
    else:
        part = path.with_name(f".{path.name}.part")
        try:
            part.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in events))
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return len(events)


def _digest(told: list[object]) -> str:
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:_DIGEST_CHARACTERS]
