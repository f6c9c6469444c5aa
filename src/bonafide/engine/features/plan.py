"""Declared features compiled to a plan: flat arrays that say what every key keeps and how every answer is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from bonafide.core.errors import ConfigError
from bonafide.engine.arena import FAMILIES_MAX
from bonafide.engine.features import layout as at
from bonafide.engine.features.family import Family, Kept
from bonafide.engine.features.segments import SEGMENT
from bonafide.engine.features.spec import Feature
from bonafide.engine.funds.layout import FUNDS_BLOCKS, ROOM_WORDS, START_FIELDS
from bonafide.engine.index import SEGMENT_WORDS_MAX
from bonafide.engine.links import LINKS_BLOCKS, LINKS_SLACK
from bonafide.engine.rules.language import Node, names_in
from bonafide.engine.rules.operations import PLACES
from bonafide.engine.rules.program import Builder

SLACK_WORDS: Final = 8_192
"""Words for what one event can open besides keys: two segments each for its id and for what it waits for."""
_DIRECTORIES: Final = 3
"""Directories that one event can double."""
_DERIVED_TIMES: Final = at.DERIVED_MAX + 1
"""How often one event meets keys of derived events: once as it reads them, and once for each that it establishes."""


class Layout(NamedTuple):
    """What keyed state depends on: plans of equal layout can share it."""

    families: tuple[Kept, ...]
    wheres: tuple[Node, ...]
    """The conditions that the families' bits number."""
    needs: tuple[int, ...]
    """Places of a payment that must be kept until it is completed; empty when nothing asks for it."""
    funds: bool
    """Whether money is followed."""
    links: bool
    """Whether it is followed who shares what."""


class NotKeptError(Exception):
    """Features that a layout does not keep enough for."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names


class FeaturePlan(NamedTuple):
    """What the kernels are told about a list of features."""

    tape: list[int]
    """Family records, FAMILY_STRIDE words each, then their tables; offsets count from the tape's start."""
    families: int
    read_families: int
    """How many of them, the first, are of types that are read; the others count derived events."""
    blank: int
    """Words of the longest row of the others."""
    columns: dict[str, int]
    """Feature name -> its column in the answers."""
    slack: int
    """Words that one event can need at most besides the blocks that it doubles."""
    blocks: int
    """How many blocks one event can double at most."""
    layout: Layout


def compile_features(
    features: Sequence[Feature], builder: Builder, *, assume_completed: bool = False, funds: bool = False,
    links: bool = False,     layout: Layout | None = None,
) -> FeaturePlan:  # fmt: skip
    """Compile features, adding their conditions to `builder` first of all.

    `assume_completed` counts every attempt as completed; `funds` and `links` keep
    what following money, and who shares what, needs. With a `layout`, the features are answered from what it
    keeps, and the plan has that layout: NotKeptError where more would have to be kept. Raises ConfigError beyond
    FAMILIES_MAX families.
    """
    told = layout.wheres if layout else tuple(dict.fromkeys(f.where for f in features if f.where is not None))
    conditions: dict[Node | None, int] = {None: -1} | {where: builder.add(where) for where in told}

    def completes(feature: Feature) -> bool:
        return feature.completed and not assume_completed

    waits = funds and not assume_completed
    needs = layout.needs if layout else _needs([f for f in features if completes(f)], START_FIELDS if waits else ())
    if layout is None:
        homes = families_of(features)
    else:
        families = [Family(kept, seed) for seed, kept in enumerate(layout.families)]
        homes = _homes(families, features, conditions, completes, needs)
    if len(homes) > FAMILIES_MAX:
        raise ConfigError("features", f"{len(homes)} groups of keys; at most {FAMILIES_MAX}")
    columns = {f.name: i for i, f in enumerate(features)}
    for family, members in homes:
        for f in members:
            family.add(f, columns[f.name], conditions[f.where], completes(f))
    tape = [0] * (len(homes) * at.F_STRIDE)
    for i, (family, _) in enumerate(homes):
        record = family.record(tape)
        tape[i * at.F_STRIDE : i * at.F_STRIDE + len(record)] = record
    kept = Layout(tuple(family.kept for family, _ in homes), told, needs, layout.funds if layout else funds,
                  layout.links if layout else links)  # fmt: skip
    read = sum(not family.derived for family, _ in homes)
    records = [tape[f : f + at.F_STRIDE] for f in range(0, len(homes) * at.F_STRIDE, at.F_STRIDE)]
    blank = max((record[at.F_ROW_WORDS] for record in records[read:]), default=0)
    times = [2] * read + [_DERIVED_TIMES] * (len(homes) - read)
    slack = (
        SLACK_WORDS
        + (ROOM_WORDS if kept.funds else 0) + (LINKS_SLACK if kept.links else 0)
        + blank
        + sum(n * _words(record) for n, record in zip(times, records, strict=True))
    )
    blocks = _DIRECTORIES + FUNDS_BLOCKS * kept.funds + LINKS_BLOCKS * kept.links + sum(n * _kinds(record) for n, record in zip(times, records, strict=True))
    return FeaturePlan(tape, len(homes), read, blank, columns, slack, blocks, kept)


def _homes(
    families: Sequence[Family], features: Sequence[Feature], conditions: Mapping[Node | None, int],
    completes: Callable[[Feature], bool], needs: tuple[int, ...],
) -> list[tuple[Family, list[Feature]]]:  # fmt: skip
    """Each family of a layout with the features that it answers from what it keeps; NotKeptError names the others."""
    homes: list[tuple[Family, list[Feature]]] = [(family, []) for family in families]
    homeless: list[str] = []
    for f in features:
        known = f.where in conditions and set(_needs([f] if completes(f) else [], ())) <= set(needs)
        home = next(
            (
                members for family, members in homes
                if known and family.answers_without_more(f, conditions[f.where], completes(f))
            ),
            None,
        )  # fmt: skip
        if home is None:
            homeless.append(f.name)
        else:
            home.append(f)
    if homeless:
        raise NotKeptError(tuple(homeless))
    return homes


def _words(record: Sequence[int]) -> int:
    """Words for what an event can open for a key of a family: a row, two segments, a large ring's tables and deques,
    and two of the index's segments. A block may be a quarter larger than what it is for."""
    ring = 2 * SEGMENT * record[at.F_ENTRY] + 2 * record[at.F_SLOTS]
    values = 4 * 2 * at.SMALL * (_tables(record) + record[at.F_EXTREMES])
    return record[at.F_ROW_WORDS] + 2 * (ring + values) + 4 * SEGMENT_WORDS_MAX


def _kinds(record: Sequence[int]) -> int:
    """How many blocks an event can double for a key of a family: what tells of segments, tables and deques."""
    return 1 + _tables(record) + record[at.F_EXTREMES]


def _tables(record: Sequence[int]) -> int:
    return record[at.F_SETS] + record[at.F_BAGS] * record[at.F_WINDOWS]


def families_of(features: Sequence[Feature]) -> list[tuple[Family, list[Feature]]]:
    """Features by key, those of derived types apart and last; a key with more combinations than an entry's flags can
    tell is split over families."""
    groups: dict[tuple[tuple[str, ...], bool], list[list[Feature]]] = {}
    for feature in sorted(features, key=lambda f: f.derived):
        parts = groups.setdefault((feature.by, feature.derived), [[]])
        if not _fits([*parts[-1], feature]):
            parts.append([])
        parts[-1].append(feature)
    members = [(by, part) for (by, _), parts in groups.items() for part in parts]
    return [(Family.of(by, seed, part), part) for seed, (by, part) in enumerate(members)]


def _fits(members: list[Feature]) -> bool:
    bits = {(f.types, f.where, f.of, f.completed) for f in members}
    sets = {(f.types, f.where, f.of, f.completed) for f in members if f.take == "distinct"}
    bits |= {(f.types, None, f.of, f.completed) for f in members if f.take == "share"}
    return len(bits) <= at.BITS_MAX and len(sets) <= at.SETS_MAX


def _needs(features: Sequence[Feature], names: Iterable[str]) -> tuple[int, ...]:
    """Places of a payment that features of completed ones read: keys, values, and what their conditions name."""
    names = {*names, *(("event_id", "time") if features else ())}
    for f in features:
        names |= {*f.by, *([f.of] if f.of else []), *(names_in(f.where) if f.where is not None else ())}
    return tuple(sorted({PLACES[n] for n in names}))
