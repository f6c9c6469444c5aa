"""What a comparison of arms tells, JSON-ready; docs/trials.md explains each figure."""

from __future__ import annotations

from msgspec import Struct

from bonafide.lab.intervals import Interval


class Figure(Struct, frozen=True):
    """One figure with its 95 % interval; None where it is undefined, or rests on too few subjects for an interval."""

    value: float | None
    interval: Interval | None = None


class Arm(Struct, frozen=True, kw_only=True):
    """One arm."""

    name: str
    subjects: int
    expected: float
    """The share of all subjects that it was to have."""
    share: float
    """The share that it has."""
    events: int
    by_outcome: dict[str, int]
    money_by_outcome: dict[str, int]
    alerts: int
    figures: dict[str, Figure]


class Difference(Struct, frozen=True):
    """A figure of the challenger's arm less that of the arm it is held against."""

    name: str
    value: float | None
    interval: Interval | None
    clear: bool
    """Whether the interval leaves zero out."""


class Before(Struct, frozen=True):
    """A figure of what came before, by which arms should be alike."""

    name: str
    challenger: float
    against: float
    z: float
    """The difference in its standard errors; beyond 3.3 chance gives it once in a thousand times."""


class Note(Struct, frozen=True):
    """Something to know beside the figures: which text of `words`, and its parts."""

    name: str
    parts: dict[str, str] = {}


class Arms(Struct, frozen=True, kw_only=True):
    """A rollout's arms side by side."""

    bundle: str
    percent: float
    control: float
    salt: str
    first: str
    """Time of the first decision in an arm."""
    last: str
    days: float
    events: int
    """Decided in an arm under this bundle."""
    subjects: int
    nobody: int
    """Events that name neither user nor merchant, which stand in no figure."""
    currency: str | None
    labels: str | None
    """`latent` or `arrived`; None: nothing was judged."""
    against: str
    """The arm that the challenger's is held against."""
    arms: list[Arm]
    differences: list[Difference]
    before: list[Before]
    warnings: list[Note]
    notes: list[Note]
