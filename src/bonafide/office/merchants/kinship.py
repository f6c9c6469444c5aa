"""What a review makes of the merchants that an application has something in common with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from bonafide.office.merchants.application import FALLEN
from bonafide.office.merchants.register import Relative

BINDS: Final = frozenset({"representative", "account", "document"})
"""One of these in common with a merchant under restriction is as good as being it."""
HINTS: Final = frozenset({"phone", "device", "address", "name"})
"""Two of these are; one is asked about, unless it is an address alone, or a name that is near and not the same."""
MANY: Final = 5
"""From so many other merchants on, a representative is asked whom they stand for."""
ALIKE_MIN: Final = 0.8
RESTED_ON_MAX: Final = 20
"""Merchants that a finding names."""

Found = tuple[str, dict[str, Any]]


def kinship(relatives: Sequence[Relative]) -> list[Found]:
    """The findings about others; each code once, with whom it rests on."""
    told: dict[str, list[dict[str, Any]]] = {}
    for one in relatives:
        for code in _about(one):
            told.setdefault(code, []).append(
                {"merchant": one.key, "standing": one.standing, "shared": sorted(one.shared),
                 "name_similarity": round(one.name_similarity, 4)}
            )  # fmt: skip
    if len(told.get("representative_shared", ())) >= MANY:
        told["representative_of_many"] = told.pop("representative_shared")
    return [(code, {"merchants": whom[:RESTED_ON_MAX], "count": len(whom)}) for code, whom in told.items()]


def _about(one: Relative) -> Iterator[str]:
    same_representative = "representative" in one.shared
    if "registration" in one.shared:
        one_business = same_representative or one.name_similarity >= ALIKE_MIN or one.homoglyph
        yield "duplicate_application" if one_business else "borrowed_registration"
    if one.standing in FALLEN:
        yield from _near_fallen(one)
        return
    if same_representative:
        yield "representative_shared"
    elif "account" in one.shared:
        yield "account_shared"
    if "document" in one.shared and not same_representative and "registration" not in one.shared:
        yield "document_shared"
    if one.shared & {"phone", "device"} and not same_representative:
        yield "contact_shared"
    if one.homoglyph and "registration" not in one.shared:
        yield "name_homoglyph"
    elif one.name_similarity >= ALIKE_MIN and "registration" not in one.shared and not same_representative:
        yield "name_alike"


def _near_fallen(one: Relative) -> Iterator[str]:
    near = one.name_similarity >= ALIKE_MIN
    same = "name" in one.shared or one.homoglyph
    hints = (one.shared & HINTS) | ({"name"} if near or same else set())
    if one.shared & BINDS or len(hints) >= 2 or ("registration" in one.shared):
        yield "relative_of_closed"
    elif hints - {"address"} and (same or "name" not in hints):
        yield "near_closed"
    elif near:
        yield "name_alike"
