"""Whether rows are events: vectorised for the rows that plainly are, through the door one by one for all others.

The columns decide only which rows are beyond doubt. What they doubt, `convert_event` decides, so a record is accepted
or refused, and with which words, by one piece of code whatever file it came from.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import polars as pl
from msgspec import inspect
from numpy.typing import NDArray

from bonafide.core.door import convert_event
from bonafide.core.errors import InputError
from bonafide.core.events import EVENT_CLASS, Fact
from bonafide.core.fields import FIELDS, TYPE_NAMES, Field
from bonafide.core.moment import MOMENT_MAX
from bonafide.lab.inputs.chunks import DEFAULTS, frame_of_events
from bonafide.lab.inputs.rejects import Refusal

_TYPES: Final = pl.Enum(TYPE_NAMES)
_CONTROL: Final = r"[\x00-\x1f\x7f-\x9f]"
_SPACE, _TILDE = b" ~"


class _Limit(NamedTuple):
    """What one field's value must be in some event types."""

    types: frozenset[str]
    info: inspect.Type


class Settled(NamedTuple):
    """Rows after the check."""

    frame: pl.DataFrame
    """The accepted rows, ordered by line, absent fields with the schema's defaults."""
    refusals: list[Refusal]


def settle(rows: pl.DataFrame, doubts: pl.Series | None = None, strange: pl.DataFrame | None = None) -> Settled:
    """Accepts or refuses every row.

    `rows` has `line` (unique, rising), `type` and fields as in a `Chunk`. `doubts` marks rows that must go through the
    door, and `strange` holds, row by row, values that have no place in `rows`: of unknown fields, or not of the field's
    type; they stand in where `rows` has none.
    """
    marked = _faulty(rows)
    if doubts is not None:
        marked |= doubts.to_numpy()
    if not marked.any():
        return Settled(_with_defaults(rows), [])
    faulty = pl.Series(marked)
    events, lines, refusals = [], [], []
    extra = None if strange is None else strange.filter(faulty)
    for line, record in records_of(rows.filter(faulty), extra):
        try:
            event = convert_event(record)
        except InputError as error:
            refusals.append(Refusal(line, error))
        else:
            events.append(event)
            lines.append(line)
    return Settled(_with_defaults(_accepted(rows, faulty, frame_of_events(events, lines))), refusals)


def _accepted(rows: pl.DataFrame, faulty: pl.Series, taken: pl.DataFrame) -> pl.DataFrame:
    """The rows beyond doubt and those of the others that the door has taken, as it gave them.

    As a rule it gives them as they were, and then they stay where they stand: putting rows in order takes long.
    """
    stays = ~faulty | rows["line"].is_in(taken["line"].implode())
    before = rows.filter(faulty & stays)
    given = {values.name for values in before if values.null_count() < before.height}
    if taken.is_empty() or (given == set(taken.columns) and before.select(taken.columns).equals(taken)):
        return rows.filter(stays)
    own, others = ([a, b.clear()] for a, b in ((rows.filter(~faulty), taken), (taken, rows)))
    everything = pl.concat(own, how="diagonal")
    return everything.merge_sorted(pl.concat(others, how="diagonal").select(everything.columns), key="line")


def records_of(rows: pl.DataFrame, strange: pl.DataFrame | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row as line and record without nulls, as the door takes it in; `rows` and `strange` as in `settle`."""
    extra = iter(()) if strange is None else strange.iter_rows(named=True)
    for row in rows.iter_rows(named=True):
        line = row.pop("line")
        record = {name: value for name, value in row.items() if value is not None}
        for name, value in next(extra, {}).items():
            if value is not None:
                record.setdefault(name, value)
        for name, value in record.items():
            if isinstance(value, str) and name in FIELDS and FIELDS[name].kind == "list":
                record[name] = _parsed(value)
        yield line, record


def _parsed(text: str) -> Any:
    """A list that is written as JSON; the text itself where it is none, for the door to refuse."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return text


def _with_defaults(frame: pl.DataFrame) -> pl.DataFrame:
    for type_name in frame["type"].unique():
        for name, value in DEFAULTS[type_name].items():
            meant = pl.when(pl.col("type") == type_name).then(pl.lit(value))
            given = pl.coalesce(pl.col(name), meant) if name in frame.columns else meant
            frame = frame.with_columns(given.alias(name))
    return frame


def _faulty(rows: pl.DataFrame) -> NDArray[np.bool_]:
    """Which rows are not events beyond doubt."""
    unknown = len(TYPE_NAMES)
    codes = rows["type"].cast(_TYPES, strict=False).to_physical().fill_null(unknown).to_numpy().astype(np.intp)
    types = frozenset(TYPE_NAMES[code] for code in np.unique(codes) if code < unknown)
    faulty = (codes == unknown) | _of(types & _OWN_CONDITIONS, codes)
    for name, field in FIELDS.items():
        needed = types & field.required
        values = rows[name] if name in rows.columns else None
        if values is None or values.null_count() == len(values):
            faulty |= _of(needed, codes)
            continue
        absent = values.is_null().to_numpy() if values.null_count() else np.False_
        if values.null_count():
            faulty |= absent & _of(needed, codes)
        faulty |= _of(types.difference(field.types), codes) & ~absent
        for limit in _LIMITS[name]:
            among = types & limit.types
            outside = _outside(field, limit.info, values) if among else None
            if outside is not None:
                faulty |= outside.fill_null(value=False).to_numpy() & _of(among, codes)
    found: NDArray[np.bool_] = faulty
    return found


def _of(some: frozenset[str], codes: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether each row is of some types."""
    if not some:
        return np.zeros(len(codes), dtype=np.bool_)
    among: NDArray[np.bool_] = np.array([*(name in some for name in TYPE_NAMES), False])[codes]
    return among


def _outside(field: Field, info: inspect.Type, values: pl.Series) -> pl.Series | None:
    """Whether each value is outside what the schema says; doubtful counts as outside. None: none is.

    A column is asked as a whole first, which is nearly always the end of it.
    """
    if field.kind == "moment":
        return _beyond(values, 0, MOMENT_MAX)
    match info:
        case inspect.StrType(min_length=int(shortest), max_length=int(longest)):
            return _improper(values, shortest, longest)
        case inspect.LiteralType(values=words):
            codes = values.cast(pl.Enum(str(word) for word in words), strict=False)
            return None if codes.null_count() == values.null_count() else codes.is_null() & values.is_not_null()
        case inspect.IntType(ge=low, le=high) | inspect.FloatType(ge=low, le=high) if (
            low is not None and high is not None
        ):
            return _beyond(values, low, high)
        case inspect.BoolType():
            return None
        case _:
            return values.is_not_null()


def _beyond(values: pl.Series, low: float, high: float) -> pl.Series | None:
    """Whether each number is less than `low` or more than `high`; no number counts as beyond."""
    if values.dtype.is_integer() and values.min() >= low and values.max() <= high:  # type: ignore[operator]
        return None
    return ~values.is_between(low, high)


def _improper(values: pl.Series, shortest: int, longest: int) -> pl.Series | None:
    """Whether each text is too short or too long, has control characters or is not in NFC."""
    sizes = values.str.len_bytes()
    if sizes.min() >= shortest and sizes.max() <= longest and _is_plain(values):  # type: ignore[operator]
        return None
    length = values.str.len_chars()
    return (
        (length < shortest) | (length > longest) | values.str.contains(_CONTROL)
        | (values != values.str.normalize("NFC"))
    )  # fmt: skip


def _is_plain(values: pl.Series) -> bool:
    """Whether texts hold only ASCII that can be printed: from the space to the tilde."""
    together = np.frombuffer(values.str.join(" ").cast(pl.Binary).item(), dtype=np.uint8)
    return bool(together.min(initial=_TILDE) >= _SPACE and together.max(initial=_SPACE) <= _TILDE)


def _read_limits() -> dict[str, list[_Limit]]:
    """The limits of every field, said once for all types that share them."""
    found: dict[str, dict[str, _Limit]] = {name: {} for name in FIELDS}
    for type_name, cls in EVENT_CLASS.items():
        for field in msgspec.structs.fields(cls):
            info = inspect.type_info(field.type)
            parts = info.types if isinstance(info, inspect.UnionType) else (info,)
            given = next(part for part in parts if not isinstance(part, inspect.NoneType))
            limits = found[field.name]
            earlier = limits.get(repr(given))
            limits[repr(given)] = _Limit((earlier.types if earlier else frozenset()) | {type_name}, given)
    return {name: list(limits.values()) for name, limits in found.items()}


_LIMITS: Final = _read_limits()
_OWN_CONDITIONS: Final = frozenset(
    name for name, cls in EVENT_CLASS.items() if cls.__post_init__ is not Fact.__post_init__
)
"""Types that ask for more than each field alone can show; their rows go through the door."""
