"""Which alerts belong together, so that one scheme is one case.

An alert names *keys*: the user and the merchant of its event; where it names neither, whose its accounts are; where
that is not known, the accounts. Cases that are open name the keys of their alerts, each with how often and when last.

- An alert joins the open case that supports it most: the sum over its keys of how often the case names them, as far as
  the case last named the key at most SPAN_MS before. The oldest of equals. Where none does, it begins a case.
- Two open cases that name a key in common, within SPAN_MS, are *tied* by it. They become one where at least TIES
  keys tie them that are at least TIES_FRACTION of the keys of the one with fewer; so does a case of at most SMALL
  alerts with whatever it is tied to.

One key in common is not enough, and for large cases no fixed number is: honest shops and wrong alerts touch several
rings, the more the larger these are, and would make all of them one. The figures are in docs/cases.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Final, NamedTuple

from bonafide.core.moment import DAY_MS

SPAN_MS: Final = 30 * DAY_MS
"""After so long without an alert that names a key, the key does not bind any more."""
TIES: Final = 2
TIES_FRACTION: Final = (1, 8)
"""Two cases are one from so many keys in common on, and so large a part of the keys that the smaller one has."""
SMALL: Final = 5
"""A case of at most so many alerts joins whatever it is tied to."""

Key = tuple[str, str]
"""A kind (`user`, `merchant`, `account`) and a token."""


class Named(NamedTuple):
    """That a case names a key."""

    number: int
    key: Key
    mentions: int
    last_ms: int


def choose(found: Iterable[Named], time_ms: int) -> int | None:
    """The case that an alert joins, of what open cases say of its keys; None: it begins one.

    >>> one, other = Named(1, ("user", "a"), 1, 0), Named(2, ("merchant", "m"), 2, 0)
    >>> choose([one, other], 5), choose([], 5), choose([one], SPAN_MS + 1)
    (2, None, None)
    """
    support: dict[int, int] = {}
    for one in found:
        if time_ms - one.last_ms <= SPAN_MS:
            support[one.number] = support.get(one.number, 0) + one.mentions
    return min(support, key=lambda number: (-support[number], number)) if support else None


def become_one(ties: int, alerts: tuple[int, int], keys: tuple[int, int]) -> bool:
    """Whether two cases that are tied by so many keys, and have so many alerts and keys each, are one.

    >>> become_one(1, (70, 5), (9, 4)), become_one(1, (70, 6), (9, 4))
    (True, False)
    >>> become_one(2, (70, 60), (30, 16)), become_one(2, (70, 60), (30, 17))
    (True, False)
    """
    part, whole = TIES_FRACTION
    return min(alerts) <= SMALL or (ties >= TIES and ties * whole >= min(keys) * part)


def pair(one: int, other: int) -> tuple[int, int]:
    """Two cases, the older first."""
    return (one, other) if one < other else (other, one)


class Groups:
    """The law in memory, for whoever has all alerts at hand: simulated platforms, and tests of what the store does."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._named: dict[Key, dict[int, tuple[int, int]]] = {}
        self._keys: dict[int, set[Key]] = {}
        self._alerts: dict[int, int] = {}
        self._ties: dict[tuple[int, int], set[Key]] = {}
        self._into: dict[int, int] = {}

    def place(self, keys: Sequence[Key], time_ms: int) -> int:
        """Take an alert in; the number of the case that it joins, which may be part of another later on."""
        told = [Named(number, key, *about) for key in keys for number, about in self._named.get(key, {}).items()]
        number = choose(told, time_ms)
        if number is None:
            number = next(self._numbers)
            self._alerts[number], self._keys[number] = 0, set()
        self._alerts[number] += 1
        self._name(number, keys, time_ms)
        self._tie(number, keys, time_ms)
        return number

    def now(self, number: int) -> int:
        """The case that one has become part of, or itself."""
        while number in self._into:
            number = self._into[number]
        return number

    def _name(self, number: int, keys: Sequence[Key], time_ms: int) -> None:
        self._keys[number] |= set(keys)
        for key in keys:
            mentions, last = self._named.setdefault(key, {}).get(number, (0, time_ms))
            self._named[key][number] = mentions + 1, max(last, time_ms)

    def _tie(self, number: int, keys: Sequence[Key], time_ms: int) -> None:
        touched = set()
        for key in keys:
            for other, (_, last) in self._named[key].items():
                if other != number and time_ms - last <= SPAN_MS:
                    self._ties.setdefault(pair(number, other), set()).add(key)
                    touched.add(other)
        for other in sorted(touched):
            both = pair(self.now(number), self.now(other))
            if both[0] != both[1] and self._are_one(*both):
                self._merge(*both)

    def _are_one(self, low: int, high: int) -> bool:
        alerts = self._alerts[low], self._alerts[high]
        return become_one(len(self._ties.get((low, high), ())), alerts, (len(self._keys[low]), len(self._keys[high])))

    def _merge(self, kept: int, gone: int) -> None:
        self._into[gone] = kept
        self._alerts[kept] += self._alerts.pop(gone)
        for key in self._keys.pop(gone):
            self._keys[kept].add(key)
            mentions, last = self._named[key].pop(gone)
            had, before = self._named[key].get(kept, (0, last))
            self._named[key][kept] = mentions + had, max(last, before)
        for both in [one for one in self._ties if gone in one]:
            keys = self._ties.pop(both)
            other = both[1] if both[0] == gone else both[0]
            if other != kept:
                self._ties.setdefault(pair(kept, other), set()).update(keys)


def group(alerts: Iterable[tuple[Sequence[Key], int]]) -> list[int]:
    """The case of each alert (its keys, its time) in the order of the log, when all are in.

    >>> shop, ann, bob = ("merchant", "m"), ("user", "a"), ("user", "b")
    >>> group([((ann, shop), 0), ((bob,), 1), ((bob, shop), 2)])
    [1, 1, 1]
    """
    groups = Groups()
    placed = [groups.place(keys, time_ms) for keys, time_ms in alerts]
    return [groups.now(number) for number in placed]


def keys_of(
    user: str | None, merchant: str | None, accounts: Sequence[str], owners: Mapping[str, Key]
) -> tuple[Key, ...]:  # fmt: skip
    """The keys of an alert whose event names these; `owners` says whose accounts are, as far as that is known.

    >>> keys_of(None, None, ("x", "y"), {"y": ("user", "u")})
    (('user', 'u'),)
    """
    named = [(kind, token) for kind, token in (("user", user), ("merchant", merchant)) if token is not None]
    known = named or [owners[account] for account in accounts if account in owners]
    return tuple(dict.fromkeys(known or [("account", account) for account in accounts]))
