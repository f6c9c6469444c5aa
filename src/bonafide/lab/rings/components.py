"""Who hangs together by what they use: the same device, phone, address, account or network.

A household is such a component too, so what counts is what goes beyond one: more members than a family has, or a shop
that shares something with people who may buy there (typologies T7, T8, T16).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from bonafide.lab.rings.found import Found, group, saturated
from bonafide.lab.rings.graph import Ints, Ties
from bonafide.lab.rings.kernels import load_kernels

HOUSEHOLD: Final = 4
"""Members up to which a component of users alone says nothing."""
MIXED_COUNTS: Final = 4
"""How many members more a component counts that has both users and merchants."""
SIZE_HALF: Final = 4
"""Members beyond a household that give half of what size can give."""
SCORE_MIN: Final = 0.2
"""Components of a lower score are not written: large families reach as far."""
MEMBERS_MAX: Final = 1_000
"""Larger components are left out: what ties so many is a resource that ought to be public."""


def component_of(ties: Ties) -> Ints:
    """(subjects,) the lowest subject that each subject hangs together with."""
    parent = np.arange(ties.subjects + ties.resources)
    resource = ties.uses[:, 1] + ties.subjects
    load_kernels().join(np.ascontiguousarray(ties.uses[:, 0]), resource, parent)
    return parent[: ties.subjects]


def components(ties: Ties) -> list[Found]:
    """The components that go beyond a household.

    Score: `1 - 4 / (4 + beyond)` x `(1 + density) / 2`, where `beyond` is the members beyond four, four more counted
    for a component of both users and merchants, and `density` the resources that members use together over the most
    that could be (0..1: one of them for every member beyond the first is 0.5, two for each and more is 1).
    """
    root = component_of(ties)
    members = np.bincount(root, minlength=ties.subjects)
    of_merchant = np.bincount(root[len(ties.users) :], minlength=ties.subjects)
    uses = np.bincount(root[ties.uses[:, 0]], minlength=ties.subjects)
    mixed = (of_merchant > 0) & (of_merchant < members)
    beyond = members - HOUSEHOLD + MIXED_COUNTS * mixed
    chosen = np.flatnonzero((members > 1) & (members <= MEMBERS_MAX) & (beyond > 0))
    by_root = np.argsort(root, kind="stable")
    begins = np.searchsorted(root[by_root], chosen)
    found = []
    for lowest, begin in zip(chosen.tolist(), begins.tolist(), strict=True):
        size = int(members[lowest])
        density = min(1.0, uses[lowest] / (4 * (size - 1)))
        score = saturated(int(beyond[lowest]), SIZE_HALF) * (1 + density) / 2
        found.append(group(by_root[begin : begin + size], score))
    return found
