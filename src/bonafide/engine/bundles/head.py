"""bundle.yaml: what holds for all files of a bundle - its name, currency, zone, purpose, lateness and rates, and
how another bundle is tried beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from bonafide.core.fields import Origin
from bonafide.core.moment import SPAN_PATTERN, MINUTE_MS, parse_span, show_span
from bonafide.core.money import Currency, minor_digits
from bonafide.engine.bundles.files import Sources
from bonafide.engine.compiled import KNOWN_MS, Rate, Settings

HEAD: Final = "bundle.yaml"
RATE_DIGITS_MAX: Final = 6
RATE_NUMERATOR_MAX: Final = 4_000_000
"""Twice the largest amount times this stays inside 63 bits."""

NAME: Final = re.compile("[a-z][a-z0-9-]{0,62}")
_ZONE: Final = re.compile(r"([+-])(0[0-9]|1[0-4]):([0-5][0-9])")
_RATE: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")
_Name = Annotated[
    str,
    Meta(
        pattern=rf"^{NAME.pattern}$",
        description="a name of small letters, digits and -, at most 63, that begins with a letter",
    ),
]
_Rate = Annotated[str, Meta(description='a rate in quotes, such as "7.00"')]
_Span = Annotated[
    str,
    Meta(
        pattern=f"^{SPAN_PATTERN}$",
        description="a span: a whole number and a unit, such as 12h or 30d",
    ),
]
_Currency = Annotated[Currency, Meta(description="an ISO 4217 code such as CNY")]


class Rates(Struct, frozen=True, forbid_unknown_fields=True):
    """A table of fixed rates of exchange."""

    version: str
    rates: dict[_Currency, _Rate]
    """Major units of the bundle's currency for one major unit, as a decimal."""


_Percent = Annotated[float, Meta(ge=0, le=100, description="a number from 0 to 100")]
_Salt = Annotated[
    str,
    Meta(min_length=1, max_length=200, description="a text of 1 to 200 characters"),
]


class TrialHead(Struct, frozen=True, forbid_unknown_fields=True):
    """How the bundle in the folder challenger/ is tried."""

    mode: Literal["shadow", "rollout"]
    percent: _Percent | None = None
    """Of a rollout: how many of a hundred subjects the challenger decides."""
    control: _Percent | None = None
    """Of a rollout: how many stay with the champion whatever the percentage grows to."""
    salt: _Salt | None = None
    """Of a rollout: with the same salt everybody stays where they were drawn to."""


class Head(Struct, frozen=True, forbid_unknown_fields=True):
    """The file as it is written."""

    name: _Name
    currency: _Currency
    zone: Annotated[str, Meta(description="a fixed offset such as +08:00")]
    purpose: Annotated[tuple[Origin, ...], Meta(min_length=1)]
    """Which legal origins of fields this bundle may use."""
    assume_completed: bool = False
    lateness: _Span = "30d"
    exchange: Rates | None = None
    trial: TrialHead | None = None
    note: str | None = None


def read_head(sources: Sources) -> tuple[Head, Settings] | None:
    """What bundle.yaml says; None where something is wrong with it, which is then noted."""
    head = sources.fit(HEAD, Head)
    document = sources.document(HEAD)
    if head is None or document is None:
        return None
    before = len(sources.mistakes)

    def note(message: str, *path: str) -> None:
        sources.note("out-of-range", f"{'.'.join(path)}: {message}", HEAD, document.place(path))

    offset = _offset_ms(head.zone, note)
    lateness = _lateness_ms(head.lateness, note)
    told = {} if head.exchange is None else head.exchange.rates
    rates = tuple(_rate(code, text, head.currency, note) for code, text in told.items())
    if len(sources.mistakes) > before:
        return None
    return head, Settings(head.currency, rates, offset, lateness, head.assume_completed)


def _offset_ms(zone: str, note: Callable[..., None]) -> int:
    found = _ZONE.fullmatch(zone)
    if found is None:
        note(f"{zone!r:.60} is no fixed offset; write one such as +08:00", "zone")
        return 0
    return (int(found[2]) * 60 + int(found[3])) * MINUTE_MS * (-1 if found[1] == "-" else 1)


def _lateness_ms(text: str, note: Callable[..., None]) -> int:
    lateness = parse_span(text)
    if lateness > KNOWN_MS:
        note(f"{text} is longer than ids are known ({show_span(KNOWN_MS)})", "lateness")
    return lateness


def _rate(currency: str, text: str, own: str, note: Callable[..., None]) -> Rate:
    """Minor units of `own` per minor unit of a currency, as an exact ratio small enough for 64-bit arithmetic."""
    where = ("exchange", "rates", currency)
    if not _RATE.fullmatch(text) or len(text.replace(".", "").lstrip("0")) > RATE_DIGITS_MAX:
        note(f"{text!r:.60} is no rate; write a quoted decimal of at most {RATE_DIGITS_MAX} digits", *where)
        return Rate(currency, 1, 1)
    ratio = Fraction(text) * Fraction(10) ** (minor_digits(own) - minor_digits(currency))
    if not 0 < ratio.numerator <= RATE_NUMERATOR_MAX:
        note(f"{text!r} is zero or too large for a rate", *where)
    if currency == own:
        note("the bundle's own currency needs no rate", *where)
    return Rate(currency, ratio.numerator, ratio.denominator)
