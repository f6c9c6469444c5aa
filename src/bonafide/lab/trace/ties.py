"""What is drawn of what is shared: the subject's people, the things, who else used them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from bonafide.lab.trace.shared import Resource, Shared
from bonafide.lab.trace.subject import People

PEOPLE_MAX: Final = 2
THINGS_MAX: Final = 5
OTHERS_MAX: Final = 5

Name = tuple[str, str]
"""Kind and id."""


class Ties(NamedTuple):
    """Three columns and who is tied to what."""

    people: tuple[Name, ...]
    things: tuple[Resource, ...]
    """One for each thing, the most telling first."""
    others: tuple[Name, ...]
    uses: tuple[tuple[Name, Name], ...]
    """(somebody, thing) for everybody drawn."""
    paying: frozenset[tuple[Name, Name]]
    """Those of `uses` by which a payer and its merchant are tied."""
    things_left_out: int
    others_left_out: int


def ties_of(shared: Shared, people: People) -> Ties:
    """The most telling things that were shared, and who shares most of them."""
    things: dict[Name, Resource] = {}
    for resource in shared.resources:
        if resource.is_shared or resource.is_public:
            things.setdefault((resource.kind, resource.id), resource)
    drawn = dict(list(things.items())[:THINGS_MAX])
    mine = _mine(shared.resources, drawn)
    named = [("user", name) for name in people.users] + [("merchant", name) for name in people.merchants]
    own = [name for name in named if any(name == who for who, _ in mine)][:PEOPLE_MAX]
    counted = Counter(
        (who.kind, who.id) for resource in drawn.values() for who in resource.others if (who.kind, who.id) not in own
    )
    others = [name for name, _ in counted.most_common(OTHERS_MAX)]
    kept = {*own, *others}
    uses = [(who, thing) for who, thing in mine if who in kept]
    uses += [
        ((who.kind, who.id), thing) for thing, one in drawn.items() for who in one.others if (who.kind, who.id) in kept
    ]
    paying = {
        (who, thing)
        for one in shared.self_purchases
        for who in (("user", one.user_id), ("merchant", one.merchant_id))
        for thing in one.shared
    }
    return Ties(
        tuple(own), tuple(drawn.values()), tuple(others), tuple(dict.fromkeys(uses)), frozenset(paying),
        len(things) - len(drawn), len(counted) - len(others),
    )  # fmt: skip


def _mine(resources: Sequence[Resource], drawn: dict[Name, Resource]) -> list[tuple[Name, Name]]:
    """The uses by the subject's own people."""
    return [
        ((one.subject.kind, one.subject.id), (one.kind, one.id)) for one in resources if (one.kind, one.id) in drawn
    ]
