"""Recorded detection quality: what a scenario's figures were, how far each may move, and what moved further.

A baseline is a YAML file under benches/decisions that people read, review and edit; its format is described there. The
simulator is seeded and decisions are deterministic, so a change that touches neither leaves every figure as it was: a
tolerance is there for changes that trade a little here for more there, not for noise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta, Struct

from bonafide.core.errors import ConfigError
from bonafide.lab.chosen_labels import LabelKind
from bonafide.lab.inputs.tree import read_tree
from bonafide.lab.measures import FALSE_POSITIVE_RATES
from bonafide.lab.metrics import Evaluation

FORMAT: Final = 1
_PLACES: Final = 6
"""Decimals that a figure is recorded with, and compared with."""
_VALUE_MAX: Final = 1e12
_TABLES: Final = ("figures", "per_typology", "per_hard_negative")
_PLAIN: Final = re.compile(r"[a-z][a-z0-9_.-]*")
_GUESSED: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words that YAML takes for something else than text."""

Value = Annotated[float, Meta(ge=0, le=_VALUE_MAX)]
Count = Annotated[int, Meta(ge=0)]

OF_SMALL: Final = 0.2


class Tolerance(NamedTuple):
    """How far a figure may move for the worse when nobody says otherwise: the larger of both.

    A figure that falls when it gets worse never falls by more than OF_SMALL of what it is, or a small one could fall to
    nothing.
    """

    absolute: float
    of_value: float = 0.0
    rising_is_worse: bool = False


_OF_TYPOLOGY: Final = Tolerance(0.05)
_OF_HARD_NEGATIVE: Final = Tolerance(5, 0.2, rising_is_worse=True)
_OF_FIGURE: Final[dict[str, Tolerance]] = {
    "auc": Tolerance(0.005), "ap": Tolerance(0.02), "ks": Tolerance(0.02), "tc_score": Tolerance(0.02),
    "recall_at_precision_90": Tolerance(0.03), "recall_at_precision_10": Tolerance(0.03),
    **dict.fromkeys((f"tpr_at_fpr_{rate}" for rate in FALSE_POSITIVE_RATES), Tolerance(0.03)),
    "precision_at_budget": Tolerance(0.03), "recall_at_budget": Tolerance(0.03),
    "user_precision_at_budget": Tolerance(0.05), "merchant_precision_at_budget": Tolerance(0.05),
    "money_caught_fraction": Tolerance(0.02), "line_saved_fraction": Tolerance(0.02),
    "hours_to_detection_p50": Tolerance(1, 0.1, rising_is_worse=True),
    "honest_stopped_per_10000": Tolerance(0.5, 0.1, rising_is_worse=True),
    "honest_disturbed_per_10000": Tolerance(1, 0.1, rising_is_worse=True),
}  # fmt: skip


class Bound(Struct, frozen=True, forbid_unknown_fields=True):
    """A figure as it was, and how far it may move for the worse."""

    value: Value
    tolerance: Value


class Baseline(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is recorded of one evaluation."""

    format: Annotated[int, Meta(ge=FORMAT, le=FORMAT)]
    name: str
    """Scenario and seed, such as small-seed-7."""
    command: str
    """What the figures came from."""
    bundles: list[str]
    """Hashes of the bundles that decided; for readers, a new bundle is what a comparison is about."""
    labels: LabelKind
    n: Count
    positives: Count
    budget_per_day: Count
    figures: dict[str, Bound]
    per_typology: dict[str, Bound] = {}
    """Recall."""
    per_hard_negative: dict[str, Bound] = {}
    """Disturbed per 10,000."""

    def with_tolerances_of(self, earlier: Baseline) -> Baseline:
        """These figures under the tolerances that people gave to an earlier record."""
        kept: dict[str, dict[str, Bound]] = {}
        for title in _TABLES:
            before: dict[str, Bound] = getattr(earlier, title)
            kept[title] = {
                name: Bound(bound.value, before.get(name, bound).tolerance)
                for name, bound in getattr(self, title).items()
            }
        return msgspec.structs.replace(self, **kept)

    def text(self) -> str:
        """The YAML file: a figure a line, in an order that a change does not shuffle."""
        head = [f"{name}: {_scalar(getattr(self, name))}" for name in self.__struct_fields__ if name not in _TABLES]
        tables = []
        for title in _TABLES:
            bounds: dict[str, Bound] = getattr(self, title)
            lines = [f"  {_scalar(name)}: {{value: {b.value}, tolerance: {b.tolerance}}}" for name, b in bounds.items()]
            tables.append("\n".join([f"{title}:", *lines] if lines else [f"{title}: {{}}"]))
        return "\n".join([*head, *tables]) + "\n"


class Change(NamedTuple):
    """A figure that moved by more than its tolerance; `now` is None where it is no longer defined."""

    name: str
    was: float
    now: float | None
    tolerance: float

    def __str__(self) -> str:
        if self.now is None:
            return f"{self.name} was {self.was} and is no longer defined"
        moved = "fell" if self.now < self.was else "rose"
        return f"{self.name} {moved} from {self.was} to {self.now}; tolerated is {self.tolerance}"


class Comparison(NamedTuple):
    """How an evaluation stands beside a baseline."""

    worse: tuple[str, ...]
    """A sentence for every figure that is worse than tolerated, and for data that are not those recorded."""
    better: tuple[str, ...]
    """A sentence for every figure that is better by more than the same tolerance: worth recording."""

    def lines(self) -> Iterator[str]:
        """Everything there is to say, the worse first."""
        yield from (f"worse: {told}" for told in self.worse)
        yield from (f"better: {told}" for told in self.better)

    def as_json(self) -> dict[str, Any]:
        """The comparison as plain data."""
        return {"worse": list(self.worse), "better": list(self.better)}


def baseline_of(e: Evaluation, name: str, bundles: Sequence[str], command: str) -> Baseline:
    """What to record of an evaluation, with the tolerances that hold when nobody sets others; undefined figures are
    left out."""
    return Baseline(
        format=FORMAT, name=name, command=command, bundles=list(bundles), labels=e.labels, n=e.n, positives=e.positives,
        budget_per_day=e.budget_per_day,
        figures={key: _bound(value, _OF_FIGURE[key]) for key, value in _figures(e).items() if value is not None},
        per_typology={key: _bound(kind.recall, _OF_TYPOLOGY) for key, kind in sorted(e.per_typology.items())},
        per_hard_negative={
            key: _bound(kind.disturbed_per_10000, _OF_HARD_NEGATIVE)
            for key, kind in sorted(e.per_hard_negative.items())
        },
    )  # fmt: skip


def read_baseline(path: Path) -> Baseline:
    """A recorded baseline. Raises UsageError when the file cannot be read and ConfigError when it is no baseline."""
    tree = read_tree(path)
    try:
        recorded = msgspec.convert(tree.root, Baseline, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(str(path), f"is not a recorded baseline: {error}") from None
    unknown = sorted(recorded.figures.keys() - _OF_FIGURE.keys())
    if unknown:
        raise tree.fail(("figures", unknown[0]), "is no figure of an evaluation")
    return recorded


def compare(e: Evaluation, recorded: Baseline) -> Comparison:
    """What is worse than `recorded` tolerates, and what is better by as much.

    Figures that `recorded` lacks (a new typology, say) are not judged. Other data than those recorded (another number
    of payments or of cash-out, another kind of label or budget) are a fault of their own, because no figure can be held
    against them.
    """
    data = [
        f"{name} is {getattr(e, name)}, recorded {getattr(recorded, name)}: not the same data, nothing is compared"
        for name in ("labels", "n", "positives", "budget_per_day")
        if getattr(e, name) != getattr(recorded, name)
    ]
    if data:
        return Comparison(tuple(data), ())
    figures = _figures(e)
    recalls = {name: kind.recall for name, kind in e.per_typology.items()}
    disturbed = {name: kind.disturbed_per_10000 for name, kind in e.per_hard_negative.items()}
    worse: list[str] = []
    better: list[str] = []
    told = [
        *((key, figures.get(key), bound, _OF_FIGURE[key]) for key, bound in recorded.figures.items()),
        *((f"recall of {k}", recalls.get(k), bound, _OF_TYPOLOGY) for k, bound in recorded.per_typology.items()),
        *(
            (f"disturbed per 10,000 of {k}", disturbed.get(k), bound, _OF_HARD_NEGATIVE)
            for k, bound in recorded.per_hard_negative.items()
        ),
    ]
    for name, value, bound, rule in told:
        gain = _gain(value, bound, rule)
        if abs(gain) > bound.tolerance:
            now = None if value is None else round(value, _PLACES)
            (better if gain > 0 else worse).append(str(Change(name, bound.value, now, bound.tolerance)))
    return Comparison(tuple(worse), tuple(better))


def _gain(value: float | None, bound: Bound, rule: Tolerance) -> float:
    """By how much a figure is better than recorded; it cannot be worse than being no longer defined."""
    if value is None:
        return -float("inf")
    gain = round(round(value, _PLACES) - bound.value, _PLACES)
    return -gain if rule.rising_is_worse else gain


def _figures(e: Evaluation) -> dict[str, float | None]:
    rates = {f"tpr_at_fpr_{rate}": value for rate, value in e.tpr_at_fpr.items()}
    return {name: rates[name] if name in rates else getattr(e, name) for name in _OF_FIGURE}


def _bound(value: float, rule: Tolerance) -> Bound:
    most = max(rule.absolute, rule.of_value * value)
    return Bound(round(value, _PLACES), round(most if rule.rising_is_worse else min(most, OF_SMALL * value), 3))


def _scalar(value: object) -> str:
    """A value as YAML: JSON is YAML, and plain words need no quotes."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value not in _GUESSED:
        return value
    return json.dumps(value, ensure_ascii=False)
