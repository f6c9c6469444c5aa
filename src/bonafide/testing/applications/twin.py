"""The register's and the index's twins: everything compared with everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rapidfuzz.distance import Levenshtein

from bonafide.office.merchants.application import Application, Merchant
from bonafide.office.merchants.index import SIMILARITY_MIN, Near
from bonafide.office.merchants.names import fold
from bonafide.office.merchants.register import CROWD, NAMESAKES_MAX, WEAK, Relative, relative_of, what_it_has


def slow_near(names: Mapping[str, str], name: str) -> list[Near[str]]:
    """Every key whose folded name is near enough to one, by comparing all."""
    pairs = ((key, Levenshtein.distance(name, other), max(len(name), len(other))) for key, other in names.items())
    return [Near(key, 1 - d / n) for key, d, n in pairs if n and name and names[key] and 1 - d / n >= SIMILARITY_MIN]


def slow_relatives(merchants: Iterable[Merchant], application: Application) -> list[Relative]:
    """What `Register.relatives` says, by looking at every merchant."""
    everybody = list(merchants)
    mine = what_it_has(application)
    crowded = {
        one for one in mine
        if one[0] in WEAK and sum(one in what_it_has(other.application) for other in everybody) >= CROWD
    }  # fmt: skip
    names = {one.key: fold(one.application.legal_name).skeleton for one in everybody if one.key != application.merchant}
    near = sorted(slow_near(names, fold(application.legal_name).skeleton), key=lambda one: (-one.similarity, one.key))
    keys = {one.key for one in near[:NAMESAKES_MAX]}
    found = []
    for other in sorted(everybody, key=lambda merchant: merchant.key):
        if other.key == application.merchant:
            continue
        shared = {kind for kind, _ in (mine & what_it_has(other.application)) - crowded}
        if shared or other.key in keys:
            found.append(relative_of(application, other, shared))
    return found
