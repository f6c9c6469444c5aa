"""From a column as it lies in the file to a field as the schema has it: exact, vectorised, null where it does not fit.

Each reading is an expression. Where the file has a value and the expression has none, the value did not fit; the
caller refuses that record with the words of `accepted_as`. Amounts never pass through a float on their way from text.
A float column holds what other programs left of decimals (57.16, or 85.64999999999999 after a sum): the nearest whole
number of minor units is taken where the rest is no more than such noise, so 57.161 is refused.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

import polars as pl

from bonafide.core.events import DATE_RANGE_TEXT, MOMENT_RANGE_TEXT
from bonafide.core.fields import Field
from bonafide.core.moment import MOMENT_MAX, moment_of, parse_span
from bonafide.core.text import show_value
from bonafide.lab.inputs.mapping import Source

FLAG_WORDS: Final = {"true": True, "false": False, "1": True, "0": False}

_EXACT_FLOAT_MAX: Final = 2.0**53
"""Beyond this a float does not name one whole number."""
_NOISE_ULPS: Final = 4
"""By how many units in its last place a float may miss a whole number of minor units ..."""
_NOISE_FRACTION: Final = 1e-6
"""... and by what part of a minor unit at least, since sums lose more."""
_ULP: Final[dict[pl.DataType, float]] = {pl.Float16(): 2.0**-10, pl.Float32(): 2.0**-23, pl.Float64(): 2.0**-52}
_WHOLE_MAX: Final = 10**12
"""Largest whole number of major units that is scaled; keeps the product with any decimals inside 63 bits."""
_DIRECTIVE: Final = re.compile(r"%(.?)")
_DIRECTIVES: Final = "YymdejbBaAHIMSpzTFf%"
_SAMPLE: Final = datetime(2021, 12, 30, 23, 45, 59, 123000, tzinfo=UTC)
_RFC3339: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"
_MILLISECONDS: Final = r"^[0-9]{1,15}$"
ISO_DATE: Final = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_DATE_MILLISECONDS: Final = r"^-?[0-9]{1,15}$"
DATE_ZONE: Final = "UTC"
"""Of a date that says none: a date is the midnight that begins it in UTC, whatever file it stands in."""


class ColumnError(Exception):
    """A column's type cannot become the field; the text says why and what to write in the mapping."""


def read_as(field: Field, source: Source, column: str, dtype: pl.DataType) -> pl.Expr:
    """The expression that reads a column as a field, typed as in a `Chunk`; null where a value does not fit.

    Raises ColumnError where no value of that type could fit.
    """
    raw = pl.col(column)
    match field.kind:
        case "money" | "integer":
            return _scaled(raw, dtype, source.decimals or 0)
        case "moment":
            return _moment(raw, dtype, source, field.is_date)
        case "fraction":
            return raw.cast(pl.Float64, strict=False) if dtype.is_numeric() else _float(as_text(raw, dtype))
        case "flag":
            words = as_text(raw, dtype).str.strip_chars().str.to_lowercase()
            return words.replace_strict(FLAG_WORDS, default=None, return_dtype=pl.Boolean)
        case _:
            text = as_text(raw, dtype)
            return text if source.prefix is None else pl.lit(source.prefix) + text


def accepted_as(field: Field, source: Source) -> str:
    """What `read_as` accepts; completes the sentence "give ..."."""
    match field.kind:
        case "money" if source.decimals:
            return f"an amount with at most {source.decimals} decimals, such as {12.3456789:.{source.decimals}f}"
        case "money" | "integer":
            return "a whole number"
        case "fraction":
            return "a number from 0 to 1"
        case "flag":
            return "true, false, 1 or 0"
        case "moment" if source.unit is not None:
            told = DATE_RANGE_TEXT if field.is_date else MOMENT_RANGE_TEXT
            return f"a number of units ({source.unit}) that leads to {told}"
        case "moment" if source.format is not None:
            return f"a {'date' if field.is_date else 'time'} of the form {source.format}"
        case "moment" if field.is_date:
            return "an ISO date, such as 2019-06-30, RFC 3339 with a zone, or whole milliseconds since 1970 UTC"
        case "moment":
            return "RFC 3339 with a zone, such as 2026-01-05T08:30:00Z, or whole milliseconds since 1970 UTC"
        case _:
            return "text, or a whole number"


def as_text(raw: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column as text; whole floats as whole numbers, since a table with gaps often makes floats of its ids."""
    if dtype == pl.String:
        return raw
    if dtype.is_float():
        fits = (raw == raw.round()) & (raw.abs() <= _EXACT_FLOAT_MAX)
        return pl.when(fits).then(raw.cast(pl.Int64, strict=False)).cast(pl.String)
    if dtype.is_nested() or dtype.is_(pl.Binary) or dtype.is_(pl.Object):
        raise ColumnError(f"its type is {dtype}, not text, numbers, times or booleans")
    return raw.cast(pl.String)


def is_zone(zone: str) -> bool:
    """Whether a zone is known: a name of the time zone database or an offset such as +08:00."""
    try:
        pl.select(pl.lit(_SAMPLE.replace(tzinfo=None)).dt.replace_time_zone(zone))
    except pl.exceptions.PolarsError:
        return False
    return True


def fault_of_format(pattern: str, zone: str | None, is_date: bool = False) -> str | None:
    """What is wrong with a time format, or None: unknown directives, no zone (which a date does without) or two, a time
    not read back."""
    unknown = next((letter for letter in _DIRECTIVE.findall(pattern) if letter not in _DIRECTIVES), None)
    if unknown is not None:
        known = ", ".join(f"%{letter}" for letter in _DIRECTIVES)
        return f"%{unknown} is not read in a format; use {known}"
    if "%f" in pattern.replace(".%f", ""):
        return "parts of a second follow a point; write .%f"
    if "%z" in pattern and zone is not None:
        return "%z reads the zone from the text, so leave the key zone out"
    if "%z" not in pattern and zone is None and not is_date:
        return "these times have no zone; add one, such as zone: UTC"
    try:
        read = pl.select(_written(pl.lit(_SAMPLE.strftime(pattern)), pattern, zone or "UTC")).item()
    except pl.exceptions.PolarsError:
        read = None
    if read is None or abs(read - moment_of(_SAMPLE)) > 2 * parse_span("1d"):
        whole, like = ("date", "%Y-%m-%d") if is_date else ("date with its time", "%Y-%m-%d %H:%M:%S")
        return f"{show_value(pattern)} does not say a whole {whole}; write one such as {like}"
    return None


def _scaled(raw: pl.Expr, dtype: pl.DataType, decimals: int) -> pl.Expr:
    """A number times 10^decimals as Int64, where that is whole."""
    if dtype.is_integer():
        return pl.when(raw.abs() <= _WHOLE_MAX).then(raw.cast(pl.Int64, strict=False) * 10**decimals)
    if dtype.is_float():
        scaled = raw.cast(pl.Float64) * 10.0**decimals
        nearest = scaled.round()
        noise = _NOISE_ULPS * _ULP[dtype] * scaled.abs() + _NOISE_FRACTION
        fits = ((scaled - nearest).abs() <= noise) & (scaled.abs() <= _EXACT_FLOAT_MAX)
        return pl.when(fits).then(nearest.cast(pl.Int64, strict=False))
    plain = as_text(raw, dtype).str.strip_chars().str.replace(r"^([+-]?)\.([0-9])", "${1}0.${2}")
    parts = plain.str.extract_groups(rf"^([+-]?[0-9]{{1,13}})(?:\.([0-9]{{0,{decimals}}})0*)?$").struct
    fraction = parts.field("2").fill_null("").str.pad_end(decimals, "0")
    return (parts.field("1") + fraction).cast(pl.Int64, strict=False)


def _float(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().cast(pl.Float64, strict=False)


def _moment(raw: pl.Expr, dtype: pl.DataType, source: Source, is_date: bool) -> pl.Expr:
    """Integer milliseconds since 1970 UTC."""
    zone = source.zone or (DATE_ZONE if is_date else None)
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        return raw.dt.epoch("ms")
    if dtype.is_(pl.Date) or isinstance(dtype, pl.Datetime):
        if zone is None:
            raise ColumnError("its times have no zone; add one to the mapping, such as zone: UTC")
        return _in_zone(raw.cast(pl.Datetime("ms")) if dtype.is_(pl.Date) else raw, zone)
    if source.unit is not None:
        return _counted(raw, dtype, source)
    if source.format is not None:
        return _written(as_text(raw, dtype), source.format, source.zone or "UTC")
    if source.zone is not None:
        raise ColumnError("a zone alone does not say how its text is read; add a format")
    if dtype.is_integer():
        return raw.cast(pl.Int64, strict=False)
    text = as_text(raw, dtype).str.strip_chars()
    counted = pl.when(text.str.contains(_DATE_MILLISECONDS if is_date else _MILLISECONDS)).then(text)
    readings = [rfc3339(text), counted.cast(pl.Int64, strict=False)]
    return pl.coalesce(*readings, _iso_date(text)) if is_date else pl.coalesce(*readings)


def _iso_date(text: pl.Expr) -> pl.Expr:
    """Milliseconds of the midnight (UTC) that begins an ISO date; null for anything else."""
    plain = pl.when(text.str.contains(ISO_DATE)).then(text)
    return plain.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("ms")).dt.epoch("ms")


def rfc3339(text: pl.Expr) -> pl.Expr:
    """Milliseconds of a time in one of the plain forms of RFC 3339; null for anything else."""
    plain = pl.when(text.str.contains(_RFC3339)).then(text)
    return plain.str.to_datetime("%+", strict=False, time_unit="ms", time_zone="UTC").dt.epoch("ms")


def _counted(raw: pl.Expr, dtype: pl.DataType, source: Source) -> pl.Expr:
    """A count of units from an origin; what is finer than a millisecond is dropped."""
    unit_us = 1 if source.unit == "us" else 1_000 * parse_span(f"1{source.unit}")
    count_max = MOMENT_MAX * 1_000 // unit_us
    origin_ms = 0 if source.origin is None else moment_of(source.origin)
    if dtype.is_numeric() and not dtype.is_decimal():
        count = pl.when(raw.abs() <= count_max).then(raw)
        if dtype.is_float():
            counted = count / 1_000 if unit_us == 1 else count * (unit_us // 1_000)
            return origin_ms + counted.floor().cast(pl.Int64)
        return origin_ms + count.cast(pl.Int64) * unit_us // 1_000
    parts = as_text(raw, dtype).str.strip_chars().str.extract_groups(r"^([0-9]{1,18})(?:\.([0-9]{0,3})[0-9]*)?$").struct
    whole = parts.field("1").cast(pl.Int64, strict=False)
    thousandths = parts.field("2").fill_null("").str.pad_end(3, "0").cast(pl.Int64, strict=False)
    whole_us = pl.when(whole <= count_max).then(whole) * unit_us
    return origin_ms + (whole_us + thousandths * unit_us // 1_000) // 1_000


def _written(text: pl.Expr, pattern: str, zone: str) -> pl.Expr:
    """Times written by a format of Python's kind; polars counts %f in nanoseconds and its %z takes no Z."""
    polars_pattern = pattern.replace(".%f", "%.f").replace("%z", "%#z").replace("%e", "%d")
    read = text.str.strip_chars().str.to_datetime(polars_pattern, strict=False, time_unit="ms")
    return read.dt.epoch("ms") if "%z" in pattern else _in_zone(read, zone)


def _in_zone(naive: pl.Expr, zone: str) -> pl.Expr:
    """A local time that came twice (clocks set back) is the earlier one; one that never came is refused."""
    return naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.epoch("ms")
