"""ladder.yaml, read and checked: every mistake with its line."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import pairwise
from typing import Final

from bonafide.core.moment import DAY_MS, parse_span, show_span
from bonafide.core.text import did_you_mean, shorten
from bonafide.engine.bundles.files import Sources
from bonafide.engine.bundles.rules import REASONS, TYPOLOGIES
from bonafide.engine.bundles.shapes import Path
from bonafide.engine.ladder.declared import BANDS_MAX, FAMILIES_MAX, DeclaredLadder
from bonafide.engine.ladder.rules import LadderRules, made_of
from bonafide.engine.ladder.tables import Fault, faults_of_amounts, faults_of_tables, unreachable
from bonafide.engine.ladder.words import FRICTION, MEASURES, SUBJECTS

LADDER: Final = "ladder.yaml"
COUNTS_MAX_MS: Final = 1_095 * DAY_MS
"""No offence counts longer than three years."""
LASTS_MAX_MS: Final = 365 * DAY_MS
"""No measure lasts longer than a year without being looked at."""
_ALWAYS: Final = MEASURES[: FRICTION + 1]
"""What any ladder may come to propose: friction, also where its steps would be harder."""


def read_ladder(sources: Sources, codes: Collection[str] | None) -> LadderRules | None:
    """The ladder of a bundle; None where it has none, or something is wrong with it, which is then noted.

    codes: the reasons that have texts; None: nobody can say.
    """
    if LADDER not in sources.contents:
        return None
    declared = sources.fit(LADDER, DeclaredLadder)
    if declared is None:
        return None
    before = len(sources.mistakes)
    for path, text in (*_faults_of_names(declared, codes), *_faults_of_spans(declared), *_faults_of_subjects(declared)):
        _note(sources, path, text)
    return made_of(declared, TYPOLOGIES) if len(sources.mistakes) == before else None


def note_unreachable_steps(sources: Sources) -> None:
    """Note what nothing ever comes to in a ladder that was read."""
    declared = sources.fit(LADDER, DeclaredLadder) if LADDER in sources.contents else None
    if declared is None:
        return
    for kind in SUBJECTS:
        for path, text in unreachable(declared.of(kind)):
            _note(sources, (kind, *path), text, "unreachable")
    for name in declared.lasts:
        if name not in (*_ALWAYS, *_proposed(declared)):
            _note(sources, ("lasts", name), f"no step proposes {name}", "unreachable")


def codes_of(rules: LadderRules) -> set[str]:
    """The reasons that a ladder gives."""
    return {*rules.reasons, rules.sources.score, rules.sources.person, rules.sources.partner}


def _note(sources: Sources, path: Path, text: str, code: str = "out-of-range") -> None:
    document = sources.document(LADDER)
    if document is not None:
        name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        sources.note(code, f"{name}: {text}", LADDER, document.place(path))


def _faults_of_names(declared: DeclaredLadder, codes: Collection[str] | None) -> Iterator[Fault]:
    for name in declared.typologies:
        if name not in TYPOLOGIES:
            near = did_you_mean(name, TYPOLOGIES) or f"; the typologies are {', '.join(TYPOLOGIES)}"
            yield ("typologies", name), f"unknown typology {shorten(name)}{near}"
    lacking = [name for name in TYPOLOGIES if name not in declared.typologies]
    if lacking:
        yield ("typologies",), f"nothing is said of {', '.join(lacking)}; each typology has its row"
    families = {row.family for row in declared.typologies.values()} | {declared.groups.family}
    if len(families) > FAMILIES_MAX:
        yield ("typologies",), f"{len(families)} families of evidence; at most {FAMILIES_MAX}"
    told: dict[Path, str] = {("typologies", name, "reason"): row.reason for name, row in declared.typologies.items()}
    sources = declared.reasons
    told |= {("reasons", "score"): sources.score, ("reasons", "person"): sources.person}
    told[("reasons", "partner")] = sources.partner
    for path, code in told.items():
        if codes is not None and code not in codes:
            yield path, f"{shorten(code)} has no text in {REASONS}{did_you_mean(code, codes)}"


def _faults_of_spans(declared: DeclaredLadder) -> Iterator[Fault]:
    counts = declared.counts_for
    told = (
        ("suspected", counts.suspected), ("corroborated", counts.corroborated), ("confirmed", counts.confirmed),
        ("adjudicated", counts.adjudicated),
    )  # fmt: skip
    for (weak, short), (name, long) in pairwise(told):
        if parse_span(long) < parse_span(short):
            yield ("counts_for", name), f"{long} is shorter than the {short} of {weak}, which less stands behind"
    for name, span in told:
        if parse_span(span) > COUNTS_MAX_MS:
            yield ("counts_for", name), f"{span} is longer than {show_span(COUNTS_MAX_MS)}"
    spans: dict[Path, str] = {("lasts", name): span for name, span in declared.lasts.items()}
    spans[("partner", "lasts")] = declared.partner.lasts
    for path, span in spans.items():
        if parse_span(span) > LASTS_MAX_MS:
            yield path, f"{span} is longer than {show_span(LASTS_MAX_MS)}"
    steps = _proposed(declared)
    needed = {*_ALWAYS, *steps}
    lacking = [name for name in MEASURES if name in needed and name not in declared.lasts]
    if lacking:
        yield ("lasts",), f"nothing is said of {', '.join(lacking)}; every measure has an end"


def _proposed(declared: DeclaredLadder) -> list[str]:
    """What steps propose to users and merchants."""
    return [row.measure for kind in SUBJECTS for row in declared.of(kind).steps]


def _faults_of_subjects(declared: DeclaredLadder) -> Iterator[Fault]:
    for kind in SUBJECTS:
        part = declared.of(kind)
        found = list(faults_of_amounts(part))
        if len(part.amounts) > BANDS_MAX:
            found.append((("amounts",), f"{len(part.amounts)} bands; at most {BANDS_MAX}"))
        if parse_span(part.episode) > parse_span(declared.counts_for.suspected):
            text = f"an episode of {part.episode} is longer than a suspected offence counts"
            found.append((("episode",), text))
        if not any(path[0] == "limits" or path == ("amounts",) for path, _ in found):
            found += faults_of_tables(part, kind)
        yield from (((kind, *path), text) for path, text in found)
