"""education.yaml: who is told what, when, in Chinese and English; a text that is missing stops the bundle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct

from bonafide.core.decision import OUTCOMES, Outcome, Words
from bonafide.core.moment import DAY_MS, SPAN_PATTERN, parse_span
from bonafide.core.text import did_you_mean, shorten
from bonafide.engine.bundles.files import Sources
from bonafide.engine.bundles.rules import TYPOLOGIES
from bonafide.engine.bundles.shapes import Path

EDUCATION: Final = "education.yaml"
Level = Literal["L0", "L1", "L2", "L3"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
"""A tip after first use; a note beside the order; questions with a pause; a call back."""
Strategy = Literal["signal", "authority", "social", "diversion", "questioning"]
"""How a piece speaks: it shows what was seen, says what the law says, what others do, where else to turn, or asks."""
TEXT_MAX: Final = 200
WORDS_MAX: Final = 120
"""English words of a whole text; who reads it wants to go on."""
CHARACTERS_MAX: Final = 300
"""Chinese characters of a whole text."""
ROTATED_MIN: Final = 2
"""Pieces of each level that fit any typology: with one alone nothing rotates."""
PIECES_MAX: Final = 100
HOLDOUT_MAX: Final = 50.0
TIMES_MAX: Final = 20
"""How often a cap lets somebody be told something."""
SPAN_MAX_MS: Final = 365 * DAY_MS

_Text = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX, description=f"a text of 1 to {TEXT_MAX} characters")]
_Span = Annotated[str, Meta(pattern=f"^{SPAN_PATTERN}$", description="a span such as 30d or 1h")]
_Times = Annotated[int, Meta(ge=1, le=TIMES_MAX, description=f"a whole number from 1 to {TIMES_MAX}")]


class Both(Struct, frozen=True, forbid_unknown_fields=True):
    """A text in both languages."""

    zh: _Text
    en: _Text


class Cap(Struct, frozen=True, forbid_unknown_fields=True):
    """How often somebody is told something at most, at one level or a stricter one."""

    times: _Times
    over: _Span


class Effect(Struct, frozen=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """What is looked at to learn what came of it: from so long after somebody was first told, to so long."""

    from_: _Span
    to: _Span


class Row(Struct, frozen=True, forbid_unknown_fields=True):
    """When a level is chosen; the first row that fits decides."""

    level: Level
    outcome: Outcome = "allow"
    """The mildest outcome."""
    offences: Annotated[int, Meta(ge=0, le=8, description="a whole number from 0 to 8")] = 0
    """How many offences count against the subject at least."""
    first: bool = False
    """Of the first payment alone."""

    def covers(self, other: Row) -> bool:
        """Whether whatever fits another row fits this one."""
        first = not self.first or other.first
        milder = OUTCOMES.index(self.outcome) <= OUTCOMES.index(other.outcome)
        return first and milder and self.offences <= other.offences

    def fits(self, outcome: Outcome, offences: int, *, first: bool) -> bool:
        """Whether it is for a decision."""
        strict = OUTCOMES.index(outcome) >= OUTCOMES.index(self.outcome)
        return strict and offences >= self.offences and (first or not self.first)


class Common(Struct, frozen=True, forbid_unknown_fields=True):
    """What ends every piece."""

    law: Both
    alternatives: Both
    appeal: Both
    channel: Both


class Piece(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that somebody may be told: what we saw, why it hurts them, what to do now."""

    id: Annotated[
        str, Meta(pattern="^[A-Z][A-Z0-9-]{1,31}$", description="2 to 32 capital letters, digits and -")
    ]  # fmt: skip
    level: Level
    strategy: Strategy
    saw: Both
    hurts: Both
    now: Both
    typologies: tuple[str, ...] = ()
    """Which it is about; none: any."""
    asks: tuple[Both, ...] = ()
    """Questions to answer before going on, at level L2."""


class Education(Struct, frozen=True, forbid_unknown_fields=True):
    """education.yaml."""

    salt: Annotated[str, Meta(min_length=1, max_length=64, description="a text of 1 to 64 characters")]
    """What the holdout group is drawn by; another text draws anew."""
    holdout_percent: Annotated[
        float, Meta(ge=0, le=HOLDOUT_MAX, description=f"a number from 0 to {HOLDOUT_MAX:g}")
    ]  # fmt: skip
    cap: Cap
    effect: Effect
    reoffence: Outcome
    """The mildest outcome of a later event that counts as doing it again."""
    pause: _Span
    """How long the platform is to wait before an order goes on that questions were asked about."""
    choose: Annotated[tuple[Row, ...], Meta(min_length=1, description="rows that say when a level is chosen")]
    common: Common
    pieces: Annotated[tuple[Piece, ...], Meta(min_length=1, max_length=PIECES_MAX, description="pieces of education")]

    @property
    def cap_ms(self) -> int:
        """Within which `cap.times` count."""
        return parse_span(self.cap.over)

    @property
    def effect_ms(self) -> tuple[int, int]:
        """Between which what comes of it counts, after somebody was first told."""
        return parse_span(self.effect.from_), parse_span(self.effect.to)

    def level_of(self, outcome: Outcome, offences: int, *, first: bool) -> Level | None:
        """The level that a decision asks for; None: nobody is told anything."""
        return next((row.level for row in self.choose if row.fits(outcome, offences, first=first)), None)

    def pieces_for(self, level: Level, typologies: frozenset[str]) -> tuple[Piece, ...]:
        """The pieces that may be shown, in their order: those about what was seen, where there are any."""
        ours = [piece for piece in self.pieces if piece.level == level]
        about = tuple(piece for piece in ours if typologies.intersection(piece.typologies))
        return about or tuple(piece for piece in ours if not piece.typologies)

    def text_of(self, piece: Piece) -> Words:
        """The whole text of a piece in both languages."""
        common = self.common
        parts = (piece.saw, piece.hurts, common.law, piece.now, common.alternatives, common.appeal, common.channel)
        return Words("".join(part.zh for part in parts), " ".join(part.en for part in parts))


def read_education(sources: Sources) -> Education | None:
    """What a bundle has people told; None where it has no such file, or something is wrong with it, which is noted."""
    if EDUCATION not in sources.contents:
        return None
    found = sources.fit(EDUCATION, Education)
    if found is None:
        return None
    before = len(sources.mistakes)
    for path, text in (*_faults_of_spans(found), *_faults_of_rows(found), *_faults_of_pieces(found)):
        document = sources.document(EDUCATION)
        assert document is not None, "a file that fits was read"
        name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        sources.note("out-of-range", f"{name}: {text}", EDUCATION, document.place(path))
    return found if len(sources.mistakes) == before else None


_Faults = Iterator[tuple[Path, str]]


def _faults_of_spans(found: Education) -> _Faults:
    for path, span in ((("cap", "over"), found.cap.over), (("effect", "to"), found.effect.to)):
        if parse_span(span) > SPAN_MAX_MS:
            yield path, f"{span} is longer than a year"
    begins, ends = found.effect_ms
    if begins >= ends:
        yield ("effect", "to"), "ends before it begins; give a longer span than from"
    if found.reoffence == "allow":
        yield ("reoffence",), "every event would count as doing it again; give warn or stricter"


def _faults_of_rows(found: Education) -> _Faults:
    for i, row in enumerate(found.choose):
        above = next((j for j, other in enumerate(found.choose[:i]) if other.covers(row)), None)
        if above is not None:
            yield ("choose", i), f"choose[{above}] fits whatever fits this row, which is never reached"
    levels = {row.level for row in found.choose}
    for level in LEVELS:
        general = [one for one in found.pieces if one.level == level and not one.typologies]
        if level in levels and len(general) < ROTATED_MIN:
            yield ("pieces",), f"{len(general)} of level {level} for any typology; with {ROTATED_MIN} they rotate"
        if level not in levels and any(one.level == level for one in found.pieces):
            yield ("choose",), f"no row chooses {level}, which there are pieces of"


def _faults_of_pieces(found: Education) -> _Faults:
    counted = Counter(piece.id for piece in found.pieces)
    for i, piece in enumerate(found.pieces):
        path = ("pieces", i)
        if counted[piece.id] > 1:
            yield (*path, "id"), f"{piece.id} stands here twice"
        for j, name in enumerate(piece.typologies):
            if name not in TYPOLOGIES:
                yield (*path, "typologies", j), f"unknown typology {shorten(name)}{did_you_mean(name, TYPOLOGIES)}"
        if (piece.level == "L2") != bool(piece.asks):
            yield path, "questions (asks) belong to level L2, and each piece of it has some"
        text = found.text_of(piece)
        if len(text.en.split()) > WORDS_MAX:
            yield path, f"{len(text.en.split())} English words with what is common; at most {WORDS_MAX}"
        if len(text.zh) > CHARACTERS_MAX:
            yield path, f"{len(text.zh)} Chinese characters with what is common; at most {CHARACTERS_MAX}"
