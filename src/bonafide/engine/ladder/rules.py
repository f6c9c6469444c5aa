"""A ladder ready to be asked: its tables looked up by numbers, typologies as bits, spans in milliseconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from bonafide.core.decision import Words
from bonafide.core.fields import FRACTION_UNIT
from bonafide.core.moment import parse_span
from bonafide.engine.bundles.boxes import cells_of
from bonafide.engine.ladder.declared import DeclaredLadder, DeclaredSubject, SourceReasons
from bonafide.engine.ladder.tables import limit_boxes, most_told, step_boxes
from bonafide.engine.ladder.words import HARDNESS, OUTCOME_PLACE, SUBJECTS


ENDLESS: Final = 2**62
"""How high the last band of amounts goes: further than amounts add up to."""


class SubjectLadder(NamedTuple):
    """The ladder of users, or of merchants, ready to be asked."""

    from_outcome: int
    """The mildest outcome of an event that makes an offence, by its place among outcomes."""
    episode_ms: int
    starts: tuple[int, ...]
    """Where each band of amounts begins, in minor units."""
    bands: tuple[str, ...]
    most: int
    """So many offences count as any more do."""
    steps: Mapping[tuple[int, int, int], int]
    """(offences from 1 to `most`, grade, outcome) -> how hard a measure."""
    limits: Mapping[tuple[int, int], int]
    """(grade, band of the amount) -> how hard a measure at most."""

    def band_of(self, amount: int) -> int:
        """The band that an amount lies in."""
        return bisect_right(self.starts, amount) - 1

    def room(self, amount: int) -> int:
        """By how much an amount is below the next band."""
        band = bisect_right(self.starts, amount)
        return (self.starts[band] if band < len(self.starts) else ENDLESS) - amount

    def step(self, offences: int, grade: int, outcome: int) -> int:
        """What follows from so many offences, 0 counting as 1."""
        return self.steps[min(max(offences, 1), self.most), grade, outcome]

    def limit(self, grade: int, amount: int) -> int:
        """The hardest that a grade and an amount bear."""
        return self.limits[grade, self.band_of(amount)]


class LadderRules(NamedTuple):
    """A ladder that was read without a mistake."""

    families: tuple[int, ...]
    """The typologies of each family of evidence, as bits."""
    of: tuple[int, int]
    """The typologies that tell of users, and those that tell of merchants, as bits."""
    reasons: tuple[str, ...]
    """The reason of each typology."""
    sources: SourceReasons
    group_from_e9: int
    group_family: int
    """The typologies that tell by the same kind of evidence as a group does, as bits."""
    partner_from_e9: int
    partner_measure: int
    partner_ms: int
    counts_ms: tuple[int, ...]
    """How long an offence of each grade counts."""
    lasts_ms: Mapping[int, int]
    """How long a measure lasts: friction at once, what is harder when people have confirmed it."""
    subjects: tuple[SubjectLadder, SubjectLadder]
    appeal: Words

    def spoken(self, typologies: int) -> int:
        """The typologies of all families that some typologies come from, as bits."""
        return sum(family for family in self.families if typologies & family)

    def families_in(self, typologies: int) -> int:
        """How many families some typologies come from."""
        return _families_in(self.families, typologies)


@lru_cache(maxsize=4_096)
def _families_in(families: tuple[int, ...], typologies: int) -> int:
    return sum(1 for family in families if typologies & family)


def made_of(declared: DeclaredLadder, typologies: Collection[str]) -> LadderRules:
    """The rules that a ladder without a mistake declares; `typologies` are all that there are, in their order."""
    rows = [declared.typologies[name] for name in typologies]
    families = dict.fromkeys(row.family for row in rows)
    of_family = {name: sum(1 << i for i, row in enumerate(rows) if row.family == name) for name in families}
    counts = declared.counts_for
    of = [sum(1 << place for place, row in enumerate(rows) if kind in row.of) for kind in SUBJECTS]
    return LadderRules(
        tuple(of_family.values()),
        (of[0], of[1]),
        tuple(row.reason for row in rows),
        declared.reasons,
        round(declared.groups.score_from * FRACTION_UNIT),
        of_family.get(declared.groups.family, 0),
        round(declared.partner.confidence_from * FRACTION_UNIT),
        HARDNESS[declared.partner.measure],
        parse_span(declared.partner.lasts),
        tuple(map(parse_span, (counts.suspected, counts.corroborated, counts.confirmed, counts.adjudicated))),
        {HARDNESS[name]: parse_span(span) for name, span in declared.lasts.items()},
        (_subject(declared.user), _subject(declared.merchant)),
        Words(declared.appeal.zh, declared.appeal.en),
    )  # fmt: skip


def _subject(declared: DeclaredSubject) -> SubjectLadder:
    steps = {
        (cell[0] + 1, cell[1], cell[2]): HARDNESS[row.measure]
        for row, box in zip(declared.steps, step_boxes(declared), strict=True)
        for cell in cells_of(box)
    }
    limits = {
        (cell[0], cell[1]): HARDNESS[row.at_most]
        for row, box in zip(declared.limits, limit_boxes(declared), strict=True)
        for cell in cells_of(box)
    }
    return SubjectLadder(
        OUTCOME_PLACE[declared.from_], parse_span(declared.episode), tuple(declared.amounts.values()),
        tuple(declared.amounts), most_told(declared), steps, limits,
    )  # fmt: skip
