"""A tuned bundle: the files of the one that was tuned, with some numbers changed where they stand in the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from bonafide.core.decision import OUTCOMES
from bonafide.core.errors import StateError, UsageError
from bonafide.core.mistakes import LINE_BREAK
from bonafide.engine.bundle import POLICY, Bundle
from bonafide.engine.bundles.rules import RULES
from bonafide.engine.policy import ALERT_FROM, Policy
from bonafide.engine.rules.source import Path, read_yaml_with_places
from bonafide.engine.scoring import SCORE_UNIT
from bonafide.lab.curves import Floats

_BOM: Final = b"\xef\xbb\xbf"


def line_of(policy: Policy) -> int:
    """Where `verify` or stricter begins, in millionths. Raises UsageError where no score leads there."""
    pairs = zip(policy.outcomes, policy.outcome_starts, strict=True)
    line = next((start for band, start in pairs if OUTCOMES.index(band.outcome) >= ALERT_FROM), None)
    if line is None:
        raise UsageError(f"{POLICY}: no band leads to verify or stricter, so there is no line to tune; add one")
    return line


def moved_start(start: int, old: int, new: int) -> int:
    """Where a band begins after the line went from `old` to `new`, all in millionths.

    Bands below the line keep their place between 0 and it, those above theirs between it and 1, so their order stays.
    """
    if start <= old:
        return round(start * new / old) if old else start
    return SCORE_UNIT - round((SCORE_UNIT - start) * (SCORE_UNIT - new) / (SCORE_UNIT - old))


def moved_starts(starts: Sequence[int], old: int, new: int) -> list[int]:
    """Where bands begin after the line moved, with three digits where they stay apart and in order so.

    Raises UsageError where they would fall together all the same.
    """
    exact = [moved_start(start, old, new) for start in starts]
    short = [new if start == old else round(to, -3) for start, to in zip(starts, exact, strict=True)]
    for moved in (short, exact):
        if all(low < high for low, high in pairwise(moved)) and moved[-1] <= SCORE_UNIT:
            return moved
    raise UsageError(f"{POLICY}: bands lie so close together that they fall together; draw them apart")


def tuned_files(files: Mapping[str, bytes], bundle: Bundle, weights: Floats, line: int) -> dict[str, bytes]:
    """The files of a bundle with these weights of its rules, and bands moved so that alerts begin at `line`.

    Only numbers change; comments, order and spelling stay. Raises UsageError where bands would fall together.
    """
    old, policy = line_of(bundle.policy), bundle.policy
    changes: dict[Path, str] = {}
    for key, starts in (("outcomes", policy.outcome_starts), ("risk_levels", policy.level_starts)):
        moved = moved_starts(starts, old, line)
        changes |= {(key, i, "from"): shown(to / SCORE_UNIT) for i, to in enumerate(moved) if to != starts[i]}
    heavier: dict[Path, str] = {
        (i, "weight"): shown(float(weights[i]))
        for i, rule in enumerate(bundle.rules)
        if float(weights[i]) != rule.weight
    }
    return {
        **files,
        POLICY: with_numbers(files[POLICY], POLICY, changes),
        RULES: with_numbers(files[RULES], RULES, heavier),
    }


def check_written(told: Bundle, weights: Floats, line: int) -> None:
    """Raises StateError where a bundle that was read back says something else than was meant."""
    found = [rule.weight for rule in told.rules]
    if found != weights.tolist() or line_of(told.policy) != line:
        raise StateError(
            f"{RULES}: some weight is not written out where it belongs (an alias or a merge key), so it cannot be "
            f"changed in place; write it out at its rule"
        )


def with_numbers(content: bytes, name: str, changes: Mapping[Path, str]) -> bytes:
    """A YAML file with numbers replaced where they stand, by their paths; everything else stays to the byte."""
    document = read_yaml_with_places(content, name)
    starts = [0, *(found.end() for found in LINE_BREAK.finditer(document.text))]
    text = document.text
    spots = [(document.place(path), number) for path, number in changes.items()]
    places = {starts[at.line - 1] + at.column - 1: (at.width, number) for at, number in spots}
    for begin, (width, number) in sorted(places.items(), reverse=True):
        text = f"{text[:begin]}{number}{text[begin + width :]}"
    return (_BOM if content.startswith(_BOM) else b"") + text.encode()


def shown(value: float) -> str:
    """A number of at most six digits after the point, as people write it.

    >>> shown(0.3), shown(0.123456), shown(0.00001)
    ('0.3', '0.123456', '0.00001')
    """
    return f"{value:.6f}".rstrip("0").rstrip(".")
