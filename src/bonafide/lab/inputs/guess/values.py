"""What a column's values say: whether they are numbers, ids, flags or times, and how such times are read."""

from __future__ import annotations

import re
from functools import cached_property
from ipaddress import ip_address
from typing import Final, NamedTuple

import polars as pl

from bonafide.core.fields import FIELDS
from bonafide.core.moment import DAY_MS, SECOND_MS
from bonafide.lab.inputs.cast import ColumnError, as_text, fault_of_format, read_as
from bonafide.lab.inputs.mapping import Source

AMBIGUOUS: Final = 0.9
"""How sure times are that may be read in two ways."""
TRUTH_WORDS: Final = {
    "1": "cash_out", "0": "genuine", "true": "cash_out", "false": "genuine", "yes": "cash_out", "no": "genuine",
    "y": "cash_out", "n": "genuine", "t": "cash_out", "f": "genuine", "fraud": "cash_out", "genuine": "genuine",
    "legit": "genuine", "normal": "genuine", "cash_out": "cash_out", "是": "cash_out", "否": "genuine",
    "欺诈": "cash_out", "套现": "cash_out", "正常": "genuine",
}  # fmt: skip
"""Values that say what was cash-out."""

_DATES: Final = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%b-%Y")
_TIMES: Final = (" %H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S", "T%H:%M:%S.%f", " %H:%M")
_FORMATS: Final = (
    *(date + time for date in _DATES for time in _TIMES), "%Y-%m-%d %H:%M:%S%z", "%Y-%m-%d %H:%M:%S.%f%z",
    "%Y-%m-%dT%H:%M:%S%z", "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M", "%Y年%m月%d日 %H时%M分%S秒",
    "%Y年%m月%d日%H时%M分%S秒", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%Y%m%d%H%M%S", "%Y-%m-%d", "%Y/%m/%d",
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y年%m月%d日", "%Y%m%d",
)  # fmt: skip
"""Tried in this order; day before month, as most of the world writes."""
_DAY_AND_MONTH: Final = str.maketrans("dm", "md")
_HOURS: Final = re.compile("%[HI]")
_BARE_DIGITS: Final = frozenset({"%Y%m%d%H%M%S", "%Y%m%d"})
_UNIX: Final = (("s", 1_000_000_000, 2_200_000_000), ("ms", 10**12, 22 * 10**11), ("us", 10**15, 22 * 10**14))
"""Units with their counts in the years 2001 to 2039."""
_ORIGIN: Final = "2020-01-01T00:00:00Z"
"""Where a counter that is no clock begins, for want of anything better."""
_ROWS_A_DAY_MIN: Final = 5
"""A counter that stands still over so many rows counts days rather than seconds."""
_NUMBER: Final = r"^\s*[+-]?[0-9]*\.?[0-9]+\s*$"


class TimeReading(NamedTuple):
    """How a column's times are read."""

    options: dict[str, str]
    """Keys of the mapping beside the column."""
    why: str
    sure: float
    """0..1: how much the values alone say that they are times."""
    counter: bool = False
    """Whether it counts steps rather than following a clock."""


class Column:
    """A column of a sample: its name, and what its values say."""

    def __init__(self, place: int, name: str, values: pl.Series) -> None:
        self.place = place
        self.name = name
        self.raw = values
        self.dtype = values.dtype

    @cached_property
    def text(self) -> pl.Series:
        """The values that are there, as text; none where the type is nested."""
        try:
            shown = self.raw.to_frame("x").select(as_text(pl.col("x"), self.dtype)).to_series()
            if self.dtype.is_float() and shown.null_count() > self.raw.null_count():
                shown = self.raw.cast(pl.String)
        except ColumnError:
            return pl.Series([], dtype=pl.String)
        return shown.drop_nulls().str.strip_chars().replace("", None).drop_nulls()

    @cached_property
    def is_number(self) -> bool:
        """Whether every value is a number."""
        if self.dtype.is_numeric():
            return True
        return self.dtype == pl.String and len(self.text) > 0 and bool(self.text.str.contains(_NUMBER).all())

    @cached_property
    def is_whole(self) -> bool:
        """Whether every value is a whole number."""
        return self.is_number and not self.text.str.contains(".", literal=True).any()

    @cached_property
    def numbers(self) -> pl.Series:
        """The values as floats; empty where they are no numbers."""
        return (
            self.text.cast(pl.Float64, strict=False).drop_nulls() if self.is_number else pl.Series([], dtype=pl.Float64)
        )

    @cached_property
    def decimals(self) -> int:
        """Most digits after the point."""
        if not self.is_number or self.dtype.is_float():
            return 0 if self.is_whole else 2
        return int(self.text.str.extract(r"\.([0-9]*?)0*$").str.len_chars().max() or 0)  # type: ignore[arg-type]

    @cached_property
    def distinct(self) -> int:
        """How many different values."""
        return self.text.n_unique()

    @cached_property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return 0 < self.distinct == len(self.raw)

    @cached_property
    def is_flag(self) -> bool:
        """Whether the values say yes or no, perhaps beside others that say neither."""
        words = set(self.text.str.to_lowercase())
        return 0 < len(words) <= 4 and all(len(word) <= 12 for word in words) and bool(words & TRUTH_WORDS.keys())

    @cached_property
    def is_ip(self) -> bool:
        """Whether every value is an address of the Internet."""
        return len(self.text) > 0 and all(map(_is_ip, self.text.unique()))

    @cached_property
    def time(self) -> TimeReading | None:
        """How the values are read as times; None where they are none. A counter needs a name that says time."""
        if len(self.text) == 0:
            return None
        if isinstance(self.dtype, pl.Datetime | pl.Date):
            zoned = isinstance(self.dtype, pl.Datetime) and self.dtype.time_zone is not None
            told = "timestamps with a zone" if zoned else "timestamps without a zone"
            return TimeReading({} if zoned else {"zone": ""}, told, 1.0)
        if self.is_number:
            return _counted(self)
        if self._reads(Source(column="x")):
            return TimeReading({}, "RFC 3339 in every row", 1.0)
        fits = [pattern for pattern in _FORMATS if self._reads_as(pattern)]
        if not fits:
            return None
        why = f"{fits[0]} in every row" + ("" if _HOURS.search(fits[0]) else ", a day without its hour")
        swapped = fits[0].translate(_DAY_AND_MONTH)
        if swapped != fits[0] and fits[0][1] in "dm" and swapped in fits:
            return TimeReading(
                _written(fits[0]), f"{why}, and so is {swapped}: see whether the day stands first", AMBIGUOUS
            )
        return TimeReading(_written(fits[0]), why, 1.0)

    def _reads_as(self, pattern: str) -> bool:
        zone = None if "%z" in pattern else "UTC"
        return fault_of_format(pattern, zone) is None and self._reads(Source(column="x", format=pattern, zone=zone))

    def _reads(self, source: Source) -> bool:
        """Whether every value is read as a time, by the very expression that will read it."""
        frame = self.text.to_frame("x")
        return frame.select(read_as(FIELDS["time"], source, "x", pl.String())).to_series().null_count() == 0

    def times_ms(self, reading: TimeReading) -> pl.Series:
        """The times of the sample in milliseconds."""
        options = {key: value or "UTC" for key, value in reading.options.items() if key != "origin"}
        source = Source(column="x", **options)  # type: ignore[arg-type]
        return self.raw.to_frame("x").select(read_as(FIELDS["time"], source, "x", self.dtype)).to_series()


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _written(pattern: str) -> dict[str, str]:
    return {"format": pattern} if "%z" in pattern else {"format": pattern, "zone": ""}


def _counted(column: Column) -> TimeReading | None:
    """Numbers as times: a count since 1970, digits of a date, or a counter that is no clock."""
    low, high = column.numbers.min(), column.numbers.max()
    if not isinstance(low, float) or not isinstance(high, float) or low < 0:
        return None
    for unit, first, last in _UNIX:
        if first <= low and high <= last:
            name = {"s": "seconds", "ms": "milliseconds", "us": "microseconds"}[unit]
            return TimeReading({"unit": unit}, f"{name} since 1970 in every row", 0.5)
    for pattern in _FORMATS:
        if pattern in _BARE_DIGITS and column.is_whole and low >= 19_000_101 and column._reads_as(pattern):
            return TimeReading(_written(pattern), f"{pattern} in every row", 0.5)
    if not column.is_whole:
        return None
    unit = "d" if column.distinct * _ROWS_A_DAY_MIN <= len(column.text) else "s"
    told = f"a counter, not a clock: unit {unit} and the origin are assumed"
    return TimeReading({"unit": unit, "origin": _ORIGIN}, told, 0.1, counter=True)


def goes_back(times_ms: pl.Series) -> bool:
    """Whether times step back by more than a day, as where rows are grouped by customer."""
    steps = times_ms.drop_nulls().diff().drop_nulls()
    return bool((steps < -DAY_MS).any())


def step_of(unit: str | None) -> int:
    """A plausible delay of a label for times in a unit, in milliseconds."""
    return 3_600 * SECOND_MS if unit == "s" else 7 * DAY_MS
