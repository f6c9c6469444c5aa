"""`explain`: why an event was decided on as it was, from what a replay left, derived again to know the numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isnan
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.decision import Decision
from bonafide.core.errors import BonafideError, ConfigError
from bonafide.core.text import to_nfc
from bonafide.engine.bundle import Bundle
from bonafide.engine.engine import Engine
from bonafide.engine.explain import Cause, Voice, cause_of_missing, voices, with_companions
from bonafide.engine.explain_score import SCORED_NAME, ScoreTold, tell_score
from bonafide.engine.features.spec import Feature
from bonafide.lab.explain.folder import Results, recorded_decision
from bonafide.lab.explain.log import Rederived, derive_again, log_chunks
from bonafide.lab.inputs import Chunk

_ID_LENGTH_MAX: Final = 256
_COMPARED: Final = (
    "seq", "time", "outcome", "score_e6", "risk_level", "credit_score", "alert", "reasons", "hits", "measures",
    "faults", "degraded", "release_by", "bundle", "arm",
)  # fmt: skip
Progress = Callable[[Chunk], None]


class Note(NamedTuple):
    """Something to know about an explanation: a sentence of `words.SAID` and its parts."""

    name: str
    parts: dict[str, str]


class Answer(NamedTuple):
    """A feature of the bundle on the event."""

    feature: Feature
    value: float
    """NaN is missing."""
    cause: Cause | None
    """Why it is missing."""


class Derived(NamedTuple):
    """What was found when the event was derived again."""

    event: Mapping[str, Any]
    row: NDArray[np.int64]
    voices: tuple[Voice, ...]
    answers: tuple[Answer, ...]
    score: ScoreTold
    because: tuple[str, str]
    """What of the policy gave the outcome (a band, a row, rules, a fault, a list), and which."""


class Explanation(NamedTuple):
    """Why an event was decided on as it was."""

    whole: Bundle
    """What decided, with what is tried beside it."""
    row: Mapping[str, Any]
    """The event's row of decisions.parquet."""
    decision: Decision
    bundle: Bundle
    """The part of it that decided this event."""
    derived: Derived | None
    """None where the event could not be derived again, or came out otherwise."""
    notes: tuple[Note, ...]

    @property
    def is_same(self) -> bool:
        """Whether it was derived again, and came out the same byte for byte."""
        return self.derived is not None

    @property
    def is_modelled(self) -> bool:
        """Whether a model scored the event, and not its rules alone."""
        return self.bundle.compiled.scheme.trees is not None and self.row["type"] == SCORED_NAME


class Undecided(NamedTuple):
    """What became of an event that was not decided on."""

    event_id: str
    kind: Literal["taught", "derived", "refused", "unknown"]
    met: Rederived | None
    refusals: tuple[dict[str, Any], ...]
    features: tuple[str, ...]
    """Of an event that taught: the features that count events of its type."""
    near: tuple[str, ...]
    notes: tuple[Note, ...]


def explain(
    results: Results, event_id: str, make_engine: Callable[[Bundle], Engine], progress: Progress, *, trace: bool = False
) -> Explanation | Undecided:
    """Why an event was decided on as it was, or what became of it instead.

    make_engine: a fresh engine for a bundle. progress: told every chunk of the log that is carried. With `trace`, the
    causes of missing features are counted too. Raises ExplainError where the bundle that decided is not there.
    """
    event_id = to_nfc(event_id, _ID_LENGTH_MAX)
    rows = results.decided(event_id)
    if not rows:
        return _undecided(results, event_id, make_engine, progress)
    row = rows[-1]
    whole = results.bundle(row["bundle"])
    bundle = whole.part_in(row.get("arm"))
    decision = recorded_decision(row, bundle)
    notes = []
    if len(rows) > 1:
        notes.append(Note("again", {"seqs": ", ".join(str(r["seq"]) for r in rows)}))
    if any(record["reason"] == "conflict" for record in results.refused(event_id)):
        notes.append(Note("conflict", {}))
    told, companions = _told(bundle) if trace else (bundle, {})
    # Whoever else decides feeds the same ladder, so a trial is derived again as a whole, and then its part for itself.
    engine = make_engine(told if whole.trial is None else whole)
    met, faults = _meet(results, event_id, row["seq"], engine, progress)
    derived = None
    if met is not None and met.decision is not None:
        different = _difference(decision, met.decision)
        if different:
            faults = [*faults, Note("differs", {"what": different})]
        else:
            own = (met, engine) if whole.trial is None else _alone(results, row, make_engine(told), progress)
            derived = None if own is None else _derived(own[0], met.decision, told, companions, own[1])
            faults = []
    return Explanation(whole, row, decision, bundle, derived, (*notes, *faults))


def _alone(
    results: Results, row: Mapping[str, Any], engine: Engine, progress: Progress
) -> tuple[Rederived, Engine] | None:
    """The event as one part of a trial met it, by itself."""
    met, _ = _meet(results, row["event_id"], row["seq"], engine, progress)
    return None if met is None else (met, engine)


def _told(bundle: Bundle) -> tuple[Bundle, dict[str, tuple[str, str]]]:
    """The bundle with what explains missing features; without it where there is no room for more."""
    try:
        return with_companions(bundle)
    except ConfigError:
        return bundle, {}


def _derived(
    met: Rederived, decision: Decision, bundle: Bundle, companions: Mapping[str, tuple[str, str]], engine: Engine
) -> Derived:
    answers = [
        Answer(f, float(v), cause_of_missing(f, bundle, companions, met.row, met.answers) if isnan(v) else None)
        for f, v in zip(bundle.features, met.answers.tolist(), strict=False)  # the inputs follow
        if not f.name.startswith("_")
    ]
    said = voices(bundle, engine.kernels, engine.state.bound.key, met.row, met.answers, met.lists)
    credited = decision.credit_score is not None
    score = tell_score(bundle, met.row, met.answers, decision.hits, credited, decision.degraded)
    because = met.because or ("band", "")
    return Derived(met.event, met.row, tuple(said), tuple(answers), score, because)


def _meet(
    results: Results, event_id: str, seq: int | None, engine: Engine, progress: Progress
) -> tuple[Rederived | None, list[Note]]:
    """The event derived again, and what stood in the way or may have changed it."""
    changed = [Note("input changed", {"file": str(path)}) for path in results.changed_inputs]
    inputs = results.inputs
    if not inputs:
        return None, [_not("input none")]
    for path in inputs:
        if not path.exists():
            return None, [_not("input missing", file=str(path))]
    try:
        met = derive_again(log_chunks(results), engine, event_id, seq, progress)
    except (BonafideError, OSError) as error:
        return None, [*changed, _not("input unreadable", why=str(error))]
    return met, changed if met is not None or seq is None else [*changed, _not("not in log")]


def _not(name: str, **parts: str) -> Note:
    """That the event was not derived again, for a reason that is itself a sentence."""
    return Note("not derived", {"reason": name, **parts})


def _difference(recorded: Decision, found: Decision) -> str:
    """The parts in which two decisions differ, by name; nothing where their canonical bytes are the same."""
    if recorded.canonical == found.canonical:
        return ""
    return ", ".join(name for name in _COMPARED if getattr(recorded, name) != getattr(found, name)) or "event_id"


def _undecided(
    results: Results, event_id: str, make_engine: Callable[[Bundle], Engine], progress: Progress
) -> Undecided:
    """What became of an event on which there is no decision."""
    refusals = tuple(results.refused(event_id))
    bundle = results.bundle(results.summary["bundle"])
    met, notes = _meet(results, event_id, None, make_engine(bundle), progress)
    if met is not None:
        kind: Literal["taught", "derived"] = "derived" if met.is_derived else "taught"
        counting = tuple(f.name for f in bundle.features if met.event["type"] in f.types and f.name[0] != "_")
        return Undecided(event_id, kind, met, refusals, counting, (), tuple(notes))
    if refusals:
        return Undecided(event_id, "refused", None, refusals, (), (), ())
    return Undecided(event_id, "unknown", None, (), (), tuple(results.near(event_id)), tuple(notes))
