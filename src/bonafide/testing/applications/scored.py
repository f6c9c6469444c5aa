"""How well reviews find what is wrong with the applications of a corpus: precision and recall of each finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from time import perf_counter
from typing import Any

import msgspec

from bonafide.office.merchants.register import Register
from bonafide.office.merchants.review import Beside, review
from bonafide.office.merchants.screening import Screening
from bonafide.office.merchants.table import DECISIONS, FINDINGS
from bonafide.testing.applications.businesses import NOW_MS
from bonafide.testing.applications.made import EACH, MERCHANTS, make


class Figures(msgspec.Struct):
    """Of some seeds together."""

    applications: int = 0
    merchants: int = 0
    """Of the registers, the mean."""
    found: dict[str, int] = {}
    """Finding -> true positives."""
    wrong: dict[str, int] = {}
    missed: dict[str, int] = {}
    by_kind: dict[str, dict[str, int]] = {}
    """Kind -> decision -> how many."""
    honest: int = 0
    honest_refused: int = 0
    """Honest applicants whom a refusal was proposed for."""
    honest_clean: int = 0
    honest_clean_asked: int = 0
    """Of honest applications with nothing wrong about them: those that were asked for something or held."""
    errors: list[str] = []
    review_ms_mean: float = 0.0

    def rows(self) -> list[dict[str, Any]]:
        """A row for each finding that was expected or came up: precision, recall, and what they rest on."""
        told = []
        for code in FINDINGS:
            right, wrong, missed = (one.get(code, 0) for one in (self.found, self.wrong, self.missed))
            if right or wrong or missed:
                told.append({
                    "finding": code, "expected": right + missed, "found": right, "wrong": wrong, "missed": missed,
                    "precision": round(right / (right + wrong), 4) if right + wrong else None,
                    "recall": round(right / (right + missed), 4) if right + missed else None,
                })  # fmt: skip
        return told


def score(seeds: Iterable[int], each: int = EACH, merchants: int = MERCHANTS) -> Figures:
    """Make the corpus of each seed, review it all, and count."""
    figures, spent, sizes = Figures(), 0.0, list[int]()
    counts: dict[str, Counter[str]] = {name: Counter() for name in ("found", "wrong", "missed")}
    kinds: dict[str, Counter[str]] = {}
    for seed in seeds:
        corpus = make(seed, each, merchants)
        register, lists = Register(corpus.merchants), Screening(corpus.entities)
        sizes.append(len(register))
        for case in corpus.cases:
            figures.applications += 1
            begun = perf_counter()
            try:
                told = review(case.application, register, NOW_MS, screening=lists, beside=Beside(case.owner))
            except Exception as error:  # noqa: BLE001  (that there is none is what is shown)
                figures.errors.append(f"seed {seed}, {case.kind}: {type(error).__name__}: {error}")
                continue
            spent += perf_counter() - begun
            got = {one.code for one in told.findings if one.asks != "admit"}
            counts["found"].update(got & case.expected)
            counts["wrong"].update(got - case.expected)
            counts["missed"].update(case.expected - got)
            kinds.setdefault(case.kind, Counter())[told.decision] += 1
            if case.honest:
                figures.honest += 1
                figures.honest_refused += told.decision == "refuse"
            if case.honest and not case.expected:
                figures.honest_clean += 1
                figures.honest_clean_asked += DECISIONS.index(told.decision) >= DECISIONS.index("request_information")
    figures.found, figures.wrong, figures.missed = (dict(counts[name]) for name in ("found", "wrong", "missed"))
    figures.by_kind = {kind: dict(told) for kind, told in kinds.items()}
    figures.merchants = round(sum(sizes) / max(1, len(sizes)))
    figures.review_ms_mean = round(1_000 * spent / max(1, figures.applications), 3)
    return figures
