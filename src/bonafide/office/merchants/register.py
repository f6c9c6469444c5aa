"""The register: merchants that are there already, found by what an application has in common with them.

A review among a hundred thousand merchants takes milliseconds: what is equal is looked up, and names go through an
index (`index`). Its twin, which looks at every merchant, is `testing.applications.twin`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import nsmallest
from typing import Final, NamedTuple

from bonafide.core.business_numbers.same import number_keys
from bonafide.office.merchants.application import Application, Merchant, Standing
from bonafide.office.merchants.index import SIMILARITY_MIN, NameIndex, Near, similarity
from bonafide.office.merchants.names import fold, fold_address

CROWD: Final = 20
"""From so many merchants on, one address, phone or device says nothing: a mall, a shared office, an agent's phone."""
NAMESAKES_MAX: Final = 100
"""Of more names that are near, the nearest count."""
WEAK: Final = frozenset({"address", "phone", "device"})
"""What many have in common without knowing each other."""
Shared = tuple[str, str]
"""What is shared, and its normal form."""


class Relative(NamedTuple):
    """A merchant that has something in common with an application."""

    merchant: Merchant
    shared: frozenset[str]
    """Of registration, representative, account, phone, device, address, document, name (equal once folded)."""
    name_similarity: float
    """Of the folded names, 0..1, where they are near enough to count; else 0."""
    homoglyph: bool
    """Whether the names are equal to the eye alone."""

    @property
    def key(self) -> str:
        """Whom it is about."""
        return self.merchant.key

    @property
    def standing(self) -> Standing:
        """Where it stands."""
        return self.merchant.standing


class Register:
    """Merchants by key. Not for several threads at once."""

    def __init__(self, merchants: Iterable[Merchant] = ()) -> None:
        self._merchants: dict[str, Merchant] = {}
        self._by: dict[Shared, dict[str, None]] = {}
        self._names: NameIndex[str] = NameIndex()
        for one in merchants:
            self.put(one)

    def __len__(self) -> int:
        return len(self._merchants)

    def __iter__(self) -> Iterator[Merchant]:
        return iter(self._merchants.values())

    def get(self, key: str) -> Merchant | None:
        """A merchant by what it is called; None where it is not known."""
        return self._merchants.get(key)

    def put(self, merchant: Merchant) -> None:
        """Take in a merchant, in the place of what was known of it."""
        self.drop(merchant.key)
        self._merchants[merchant.key] = merchant
        for one in what_it_has(merchant.application):
            self._by.setdefault(one, {})[merchant.key] = None
        self._names.add(merchant.key, fold(merchant.application.legal_name).skeleton)

    def drop(self, key: str) -> None:
        """Let a merchant go; one that is not there is gone already."""
        known = self._merchants.pop(key, None)
        if known is None:
            return
        for one in what_it_has(known.application):
            holders = self._by[one]
            del holders[key]
            if not holders:
                del self._by[one]
        self._names.discard(key, fold(known.application.legal_name).skeleton)

    def holders(self, kind: str, value: str) -> list[Merchant]:
        """Who has something, in its normal form."""
        return [self._merchants[key] for key in self._by.get((kind, value), {})]

    def relatives(self, application: Application) -> list[Relative]:
        """Every other merchant with which an application has something in common, in the order of their keys."""
        shared: dict[str, set[str]] = {}
        for kind, value in what_it_has(application):
            holders = self._by.get((kind, value), {})
            if kind in WEAK and len(holders) >= CROWD:
                continue
            for key in holders:
                shared.setdefault(key, set()).add(kind)
        near = nearest(self._names.near(fold(application.legal_name).skeleton), application.merchant)
        keys = sorted({*shared, *near} - {application.merchant})
        return [
            relative_of(application, self._merchants[key], shared.get(key, set()))
            for key in keys
        ]  # fmt: skip


def nearest(found: Iterable[Near[str]], but: str) -> set[str]:
    """The NAMESAKES_MAX keys whose names are nearest, without one key; of equally near ones the first by key."""
    others = [one for one in found if one.key != but]
    if len(others) > NAMESAKES_MAX:
        others = nsmallest(NAMESAKES_MAX, others, key=lambda one: (-one.similarity, one.key))
    return {one.key for one in others}


def relative_of(application: Application, other: Merchant, shared: Iterable[str]) -> Relative:
    """How an application and a merchant that shares something with it stand to each other by name."""
    mine, theirs = fold(application.legal_name), fold(other.application.legal_name)
    near = similarity(mine.skeleton, theirs.skeleton)
    near = near if near >= SIMILARITY_MIN else 0.0
    same = mine.plain == theirs.plain != ""
    homoglyph = not same and mine.skeleton == theirs.skeleton != ""
    return Relative(other, frozenset({*shared, "name"} if same else shared), near, homoglyph)


def what_it_has(application: Application) -> set[Shared]:
    """All of an application that others may have too, in normal forms; names apart."""
    found: list[tuple[str, str | None]] = [
        *(("registration", key) for key in number_keys(application.registration_no)),
        ("representative", application.representative), ("account", application.account), ("phone", application.phone),
        ("address", None if application.address is None else fold_address(application.address)),
        *(("device", one) for one in application.devices), *(("document", one.id) for one in application.papers),
    ]  # fmt: skip
    return {(kind, value) for kind, value in found if value}
