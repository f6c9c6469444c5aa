"""Which bundle a start decides with: the one that it was given, or, once four eyes apply, the one that they chose."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from bonafide.core.errors import UsageError
from bonafide.engine.bundle import Bundle
from bonafide.office.bundles.kept import load_kept
from bonafide.office.bundles.steps import Outcome, Step, in_force

Mode = Literal["auto", "always", "never"]
"""`auto`: from the first approval on."""


class Chosen(NamedTuple):
    """What a start decides with."""

    bundle: Bundle
    by: Step | None
    """The step that has it decide; None where no history says."""
    passed_over: bool
    """Whether another one was given."""


def four_eyes_apply(mode: Mode, steps: Sequence[Step]) -> bool:
    """Whether the history says what decides."""
    return mode == "always" or (mode == "auto" and any(step.action == "approve" for step in steps))


def choose(
    mode: Mode, given: Bundle, named: bool, history: tuple[Sequence[Step], Mapping[int, Outcome]],
    decided: Collection[str], last: str | None, data: Path,
) -> Chosen:  # fmt: skip
    """The bundle of a start.

    given: what settings say; named: whether somebody wrote it there, or it is the default; decided: hashes of all that
    have decided; last: of the one that did last, None before the first start. A bundle that has had its time may stay
    in the settings, and is passed over; UsageError for one that never decided, which would go round four eyes.
    StateError where the chosen one's copy is not what was approved.
    """
    steps, outcomes = history
    if not four_eyes_apply(mode, steps):
        return Chosen(given, None, passed_over=False)
    step = in_force(steps, dict(outcomes))
    wanted = last if step is None else step.hash
    if wanted is None:
        return Chosen(given, None, passed_over=False)
    if named and given.hash != wanted and given.hash not in decided:
        raise UsageError(
            f"the bundle {given.hash[:16]} has not been approved, and {wanted[:16]} is in force: propose it with "
            f"bonafide bundle propose, start without --bundle, or set four_eyes to never"
        )
    return Chosen(load_kept(data, wanted), step, passed_over=given.hash != wanted)
