"""Which bundles can decide from one state, and the features of all of them as one plan.

A feature's answer depends on its declaration and the log alone, so one state may keep what all of them need. Two things
do depend on what stands beside a feature: the settings of its bundle, and where a key of established events begins,
which is the first event that a feature by that key counts. Bundles that differ in these walk the log on their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bonafide.core.errors import ConfigError
from bonafide.engine.compiled import Compiled
from bonafide.engine.features.plan import Followed, Layout, compile_features
from bonafide.engine.features.spec import Feature
from bonafide.engine.rules.program import Builder

if TYPE_CHECKING:
    from bonafide.engine.bundle import Bundle

_KEYS: Final = {"rates": "exchange", "offset_ms": "zone", "lateness_ms": "lateness"}
"""Settings that bundle.yaml calls otherwise."""
Declared = tuple[object, ...]
"""A feature without its name."""


class Union(NamedTuple):
    """What one walk answers for several bundles."""

    compiled: Compiled
    """All their features, and no rule."""
    features: tuple[Feature, ...]
    """In the order of the answers."""
    columns: tuple[NDArray[np.int64], ...]
    """For each bundle, where its features stand among the answers, in its own order."""


class ApartError(Exception):
    """Why bundles cannot share one state, as half a sentence about the last of them."""


class Party(NamedTuple):
    """Bundles that decide from one state."""

    bundles: tuple[int, ...]
    """Their numbers in the list that was asked about."""
    union: Union
    apart: str | None
    """Why they do not share the first party's state; None for the first."""


def parties_of(bundles: Sequence[Bundle]) -> list[Party]:
    """The fewest walks, by asking in order: each bundle joins the first party that it can share a state with."""
    members: list[list[int]] = []
    unions: list[Union] = []
    reasons: list[str | None] = []
    for number, bundle in enumerate(bundles):
        why: str | None = None
        for place, party in enumerate(members):
            told = [bundles[i] for i in (*party, number)]
            try:
                unions[place] = unite(told)
            except ApartError as error:
                why = why or str(error)
                continue
            party.append(number)
            break
        else:
            members.append([number])
            unions.append(unite([bundle]))
            reasons.append(why)
    return [Party(tuple(m), u, r) for m, u, r in zip(members, unions, reasons, strict=True)]


def why_apart(bundles: Sequence[Bundle]) -> str | None:
    """Why bundles must not share one state; None where they may."""
    first = bundles[0].settings
    for other in bundles[1:]:
        pairs = zip(first._fields, first, other.settings, strict=True)
        changed = [_KEYS.get(name, name) for name, one, two in pairs if one != two]
        if changed:
            return f"its bundle.yaml differs in {', '.join(changed)}, which what is kept depends on"
    carried = {c.name: c for b in bundles for f in b.features for c in f.carried}
    for bundle in bundles:
        for feature in (c for f in bundle.features for c in f.carried):
            if carried[feature.name] != feature:
                return f"its feature {feature.name}, which another feature names, is declared otherwise"
    return _why_established_apart(bundles)


def _why_established_apart(bundles: Sequence[Bundle]) -> str | None:
    """Whether keys of established events would begin elsewhere than under each bundle alone."""
    found: dict[tuple[str, ...], frozenset[str]] = {}
    for bundle in bundles:
        types: dict[tuple[str, ...], set[str]] = {}
        for feature in bundle.features:
            if feature.derived:
                types.setdefault(feature.by, set()).update(feature.types)
        for by, counted in types.items():
            if found.setdefault(by, frozenset(counted)) != counted:
                return f"it counts other established events by {', '.join(by)}"
    return None


def unite(bundles: Sequence[Bundle]) -> Union:
    """The features of bundles as one plan. Raises ApartError where they must not share a state."""
    if (why := why_apart(bundles)) is not None:
        raise ApartError(why)
    features, columns = merged(bundles)
    wheres, settings = Builder({}), bundles[0].settings
    kept = [bundle.compiled.features.layout.followed for bundle in bundles]
    followed = Followed(any(k.funds for k in kept), any(k.links for k in kept))
    try:
        plan = compile_features(features, wheres, assume_completed=settings.assume_completed, followed=followed)
    except ConfigError as error:
        raise ApartError(f"with its features one state would be too large: {error.message}") from None
    if len(bundles) > 1:
        check_homes(plan.layout)
    program = Builder(plan.columns, skips=True).build()
    return Union(Compiled(plan, wheres.build(), program, (), settings), tuple(features), columns)


def check_homes(layout: Layout) -> None:
    """Raises ApartError where the features of several bundles have a key of established events in two places."""
    homes = [(kept.by, kept.derived) for kept in layout.families if kept.derived]
    if len(homes) != len(set(homes)):
        raise ApartError("with its features a key of established events would be kept in two places")


def merged(bundles: Sequence[Bundle]) -> tuple[list[Feature], tuple[NDArray[np.int64], ...]]:
    """The features of all bundles, each declaration once and under a name of its own, and where each bundle's are."""
    places: dict[Declared, int] = {}
    features: list[Feature] = []
    names: set[str] = set()
    columns: list[NDArray[np.int64]] = []
    for bundle in bundles:
        mine: list[int] = []
        for feature in bundle.features:
            declared = (*feature._replace(name=""),)
            if declared not in places:
                places[declared] = len(features)
                features.append(feature if feature.name not in names else _renamed(feature, names))
                names.add(features[-1].name)
            mine.append(places[declared])
        columns.append(np.array(mine, dtype=np.int64))
    return features, tuple(columns)


def _renamed(feature: Feature, names: set[str]) -> Feature:
    """The feature under a name that none of `names` is, nor any feature of a bundle."""
    number = 2
    while f"{feature.name}@{number}" in names:
        number += 1
    return feature._replace(name=f"{feature.name}@{number}")
