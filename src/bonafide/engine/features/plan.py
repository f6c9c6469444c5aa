"""Declared features compiled to a plan: flat arrays that say what every key keeps and how every answer is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from bonafide.core.errors import ConfigError
from bonafide.core.fields import TYPE_CODE, TYPE_NAMES
from bonafide.engine.arena import FAMILIES_MAX
from bonafide.engine.features import layout as at
from bonafide.engine.features.carried import CARRIED_UNIT
from bonafide.engine.features.family import Asked, Family, Kept
from bonafide.engine.features.segments import SEGMENT
from bonafide.engine.features.spec import Feature
from bonafide.engine.funds.layout import FUNDS_BLOCKS, ROOM_WORDS, START_FIELDS
from bonafide.engine.index import SEGMENT_WORDS_MAX
from bonafide.engine.links import LINKS_BLOCKS, LINKS_SLACK
from bonafide.engine.rules.language import Node, names_in, unit_of_field
from bonafide.engine.rules.operations import CARRIED, CARRIED_MAX, PLACES
from bonafide.engine.rules.program import Builder

SLACK_WORDS: Final = 8_192
"""Words for what one event can open besides keys: two segments each for its id and for what it waits for."""
_DIRECTORIES: Final = 3
"""Directories that one event can double."""
_DERIVED_TIMES: Final = at.DERIVED_MAX + 1
"""How often one event meets keys of derived events: once as it reads them, and once for each that it establishes."""


class Followed(NamedTuple):
    """What is followed besides windows."""

    funds: bool = False
    """Where the credit's money goes."""
    links: bool = False
    """Who shares devices, addresses, accounts and the like."""


NOTHING: Final = Followed()


class Layout(NamedTuple):
    """What keyed state depends on: plans of equal layout can share it."""

    families: tuple[Kept, ...]
    wheres: tuple[Node, ...]
    """The conditions that the families' bits number."""
    needs: tuple[int, ...]
    """Places of a payment that must be kept until it is completed; empty when nothing asks for it."""
    carried: tuple[Feature, ...] = ()
    """The features whose answers an event carries on, in the order of their places."""
    carry_types: int = 0
    """The types of events that do so, as a mask."""
    followed: Followed = NOTHING


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
    carry: list[int]
    """CARRY_STRIDE words for each answer that is carried on."""
    carry_types: int
    """The types of events that carry them on, as a mask."""
    slack: int
    """Words that one event can need at most besides the blocks that it doubles."""
    blocks: int
    """How many blocks one event can double at most."""
    layout: Layout

    def place_of(self, name: str) -> int | None:
        """Where in an event's row a field or an answer that it carries stands; None of any other name."""
        carried = {f.name: CARRIED + number for number, f in enumerate(self.layout.carried)}
        return carried.get(name, PLACES.get(name))


def compile_features(
    features: Sequence[Feature], builder: Builder, *, assume_completed: bool = False, followed: Followed = NOTHING,
    layout: Layout | None = None,
) -> FeaturePlan:  # fmt: skip
    """Compile features, adding their conditions to `builder` first of all.

    `assume_completed` counts every attempt as completed; `followed` says what else is kept. With a `layout`, the
    features are answered from what it keeps, and the plan has that layout: NotKeptError where more would have to be
    kept. Raises ConfigError beyond
    FAMILIES_MAX families, or CARRIED_MAX features that others carry.
    """
    carried = layout.carried if layout else tuple(dict.fromkeys(c for f in features for c in f.carried))
    if len(carried) > CARRIED_MAX:
        raise ConfigError("features", f"{len(carried)} features are named by others; at most {CARRIED_MAX}")
    # What is kept for second keys needs what is carried to them, also where a later bundle has no use for it.
    everything = tuple(dict.fromkeys((*features, *carried)))
    told = layout.wheres if layout else tuple(dict.fromkeys(f.where for f in everything if f.where is not None))
    conditions: dict[Node | None, int] = {None: -1} | {where: builder.add(where) for where in told}
    places = {name: (place, unit_of_field(name)) for name, place in PLACES.items()}

    def ask(feature: Feature) -> Asked:
        place, unit = places[feature.of] if feature.of else (-1, 1)
        return Asked(feature, conditions[feature.where], place, unit, feature.completed and not assume_completed)

    homeless = [f.name for f in everything if f.where not in conditions or not set(f.carried) <= set(carried)]
    if homeless:
        raise NotKeptError(tuple(homeless))
    for number, f in enumerate(carried):
        places[f.name] = CARRIED + number, 1 if ask(f).how < at.C_MILLIONTHS else CARRIED_UNIT
    builder.places |= {f.name: places[f.name] for f in carried}
    asked = {f: ask(f) for f in everything}
    waits = followed.funds and not assume_completed
    starts = START_FIELDS if waits else ()
    needs = layout.needs if layout else _needs([f for f in everything if asked[f].completes], starts)
    if layout is None:
        homes = families_of(everything)
    else:
        homes = _homes([Family(kept, seed) for seed, kept in enumerate(layout.families)], asked, needs)
    if len(homes) > FAMILIES_MAX:
        raise ConfigError("features", f"{len(homes)} groups of keys; at most {FAMILIES_MAX}")
    columns, numbers = {f: i for i, f in enumerate(features)}, {f: i for i, f in enumerate(carried)}
    for family, members in homes:
        for f in members:
            if f in columns:
                family.add(asked[f], columns[f])
            if f in numbers:
                family.carry(asked[f], numbers[f])
    return _plan(homes, {f.name: i for f, i in columns.items()}, told, needs, carried, followed, layout)


def _plan(
    homes: Sequence[tuple[Family, list[Feature]]], columns: dict[str, int], wheres: tuple[Node, ...],
    needs: tuple[int, ...], carried: tuple[Feature, ...], followed: Followed, layout: Layout | None,
) -> FeaturePlan:  # fmt: skip
    """The plan of families to which their features were added."""
    count = len(homes)
    tape = [0] * (count * at.F_STRIDE)
    carries: dict[int, list[int]] = {}
    for i, (family, _) in enumerate(homes):
        record = family.record(tape)
        tape[i * at.F_STRIDE : i * at.F_STRIDE + len(record)] = record
        carries |= family.carried_rows(i)
    read = sum(not family.derived for family, _ in homes)
    records = [tape[f : f + at.F_STRIDE] for f in range(0, count * at.F_STRIDE, at.F_STRIDE)]
    blank = max((record[at.F_ROW_WORDS] for record in records[read:]), default=0)
    times = [2] * read + [_DERIVED_TIMES] * (count - read)
    types = _carry_types([f for _, members in homes for f in members]) | (layout.carry_types if layout else 0)
    kept = layout or Layout(tuple(family.kept for family, _ in homes), wheres, needs, carried, types, followed)
    also = (ROOM_WORDS, FUNDS_BLOCKS) if kept.followed.funds else (0, 0)
    more = (LINKS_SLACK, LINKS_BLOCKS) if kept.followed.links else (0, 0)
    slack = SLACK_WORDS + blank + sum(n * _words(record) for n, record in zip(times, records, strict=True))
    blocks = _DIRECTORIES + sum(n * _kinds(record) for n, record in zip(times, records, strict=True))
    slack, blocks = slack + also[0] + more[0], blocks + also[1] + more[1]
    carry = [word for _, row in sorted(carries.items()) for word in row]
    return FeaturePlan(tape, count, read, blank, columns, carry, types, slack, blocks, kept)


def _carry_types(features: Sequence[Feature]) -> int:
    """The types of events that carry answers on, as a mask: those that are counted by them, and all of them where an
    event's own carried answer is compared with those of others."""
    naming = [f for f in features if f.carried]
    if any(f.take == "zscore" and f.of not in PLACES for f in naming):
        return (1 << len(TYPE_NAMES)) - 1
    return sum(1 << TYPE_CODE[name] for name in {name for f in naming for name in f.types})


def _homes(
    families: Sequence[Family], asked: Mapping[Feature, Asked], needs: tuple[int, ...]
) -> list[tuple[Family, list[Feature]]]:
    """Each family of a layout with the features that it answers from what it keeps; NotKeptError names the others."""
    homes: list[tuple[Family, list[Feature]]] = [(family, []) for family in families]
    homeless: list[str] = []
    for f, told in asked.items():
        known = set(_needs([f] if told.completes else [], ())) <= set(needs)
        home = next((members for family, members in homes if known and family.answers_without_more(told)), None)
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
    needed = set(names) | ({"event_id", "time"} if features else set())
    for f in features:
        needed |= {*f.by, *([f.of] if f.of else []), *(names_in(f.where) if f.where is not None else ())}
    return tuple(sorted({PLACES[n] for n in needed}))
