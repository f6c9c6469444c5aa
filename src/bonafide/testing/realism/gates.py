"""Gates as values: what was measured, what is accepted, whether it holds."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct


class Measurement(Struct, frozen=True, kw_only=True):
    """One figure of a gate."""

    name: str
    value: float | None
    """None where it is undefined, as an AUC is without cash-out."""
    standard_error: float | None = None
    """How far the cards that happened to be drawn move it; None where that is not known."""
    low: float | None = None
    high: float | None = None
    """Accepted are values from `low` to `high`, both included; None bounds nothing."""
    holds: bool | None
    """None for what is only told: it has no accepted range."""
    note: str = ""


def measured(
    name: str, value: float | None, low: float | None = None, high: float | None = None, note: str = "",
    standard_error: float | None = None,
) -> Measurement:  # fmt: skip
    """A figure beside its accepted range; an undefined figure does not hold, and one without a range is only told."""
    holds = None
    if low is not None or high is not None:
        holds = value is not None and (low is None or value >= low) and (high is None or value <= high)
    return Measurement(
        name=name, value=value, standard_error=standard_error, low=low, high=high, holds=holds, note=note
    )


class Gate(Struct, frozen=True, kw_only=True):
    """One question about the realism of made-up trade."""

    number: int
    """As in docs/realism.md."""
    title: str
    holds: bool
    """Every measurement with a range lies in it."""
    measurements: tuple[Measurement, ...]
    skipped: str = ""
    """Why nothing was measured, as a sentence; a skipped gate breaks nothing."""


def gate(number: int, title: str, *measurements: Measurement) -> Gate:
    """A gate over its measurements."""
    holds = all(one.holds is not False for one in measurements)
    return Gate(number=number, title=title, holds=holds, measurements=measurements)


def skipped(number: int, title: str, why: str) -> Gate:
    """A gate that cannot be measured here."""
    return Gate(number=number, title=title, holds=True, measurements=(), skipped=why)


class Signal(Struct, frozen=True, kw_only=True):
    """How well one feature or field alone tells cash-out payments from honest ones."""

    name: str
    kind: str
    """feature, field, or word: a field whose values are names, ranked by their share of cash-out."""
    auc: float | None
    """0.5..1, whichever direction tells more; missing values are a class of their own, at the end that tells more."""
    auc_known: float | None
    """0..1 among the payments where it is known, higher values taken as more suspicious."""
    missing_fraction: float
    """Share of the judged payments where it is missing."""


def loudest_first(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """Signals by falling `auc`, an undefined one last, then by name."""
    return tuple(sorted(signals, key=lambda one: (-(one.auc or 0.0), one.name)))


class Gates(Struct, frozen=True, kw_only=True):
    """All gates of one folder, or of several by their means; JSON-ready."""

    holds: bool
    gates: tuple[Gate, ...]
    signals: tuple[Signal, ...]
    """Every feature and field by falling `auc`: what gives cash-out away stands first."""
    payments: int
    """Judged payments."""
    payments_bad: int
    """Of them cash-out."""
    cards: int
    """Users whose credit payments a bank would see."""
    cards_bad: int
    """Of them users that take part in cash-out."""
    events: int
    bundle: str
    """Hash of the bundle whose features were judged."""
    notes: tuple[str, ...] = ()
