"""Which alerts belong together, so that one scheme is one case.

An alert names *keys*: the user and the merchant of its event, and of each account that the event names whose it is; the
account itself where that is not known. Cases that are open name the keys of their alerts, each with how often and when
last.

- An alert joins the open case that supports it most: the sum over its keys of how often the case names them, as far as
  the case last named the key at most SPAN_MS before. The oldest of equals. Where none does, it begins a case.
- Two open cases that name a key in common, within SPAN_MS, are *tied* by it. They become one where at least TIES
  keys tie them that are at least TIES_FRACTION of the keys of the one with fewer; where one of them has at most SMALL
  alerts, SMALL_FRACTION of these keys are enough, however few.
- An account beside which alerts have named more than PUBLIC_ABOVE keys is *public*, a clearing house or an employer: it
  is no key any more. Cases that it was a key of are grouped anew, each from its own alerts alone, and fall apart where
  nothing else holds them together (`apart`).

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
TIES_FRACTION: Final = (1, 5)
"""Two cases are one from so many keys in common on, and so large a part of the keys that the smaller one has."""
SMALL: Final = 8
SMALL_FRACTION: Final = (1, 3)
"""A case of at most so many alerts joins one that so large a part of the keys tie it to."""
PUBLIC_ABOVE: Final = 30
"""Keys beside which an account may be named. Accounts that money of rings passes had 22 at most on the development
platforms; what an employer or a clearing house pays says nothing about who belongs together."""

ACCOUNT: Final = "account"
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

    >>> become_one(1, (70, 8), (9, 3)), become_one(1, (70, 8), (9, 4)), become_one(1, (70, 9), (9, 3))
    (True, False, False)
    >>> become_one(2, (70, 60), (30, 10)), become_one(2, (70, 60), (30, 11))
    (True, False)
    """
    part, whole = TIES_FRACTION
    small_part, small_whole = SMALL_FRACTION
    small = min(alerts) <= SMALL and ties * small_whole >= min(keys) * small_part
    return small or (ties >= TIES and ties * whole >= min(keys) * part)


def pair(one: int, other: int) -> tuple[int, int]:
    """Two cases, the older first."""
    return (one, other) if one < other else (other, one)


def is_public(beside: int) -> bool:
    """Whether an account beside which alerts have named so many keys ties nobody any more."""
    return beside > PUBLIC_ABOVE


class Apart(NamedTuple):
    """What one case has fallen into, each part by its alerts' places."""

    parts: list[list[int]]
    """The part that stays the case comes first: that of most alerts, of equals the oldest; then by first alert."""
    ties: list[tuple[int, int, Key]]
    """What still ties parts, by their places in `parts`."""


def apart(alerts: Sequence[tuple[Sequence[Key], int]]) -> Apart:
    """What the alerts of one case (keys, time) are when they are grouped by themselves.

    >>> ann, bob, shop = ("user", "a"), ("user", "b"), ("merchant", "m")
    >>> apart([((ann,), 0), ((bob, shop), 1), ((bob,), 2)]).parts
    [[1, 2], [0]]
    """
    inner = Groups()
    for keys, time_ms in alerts:
        inner.join(keys, time_ms)
    found: dict[int, list[int]] = {}
    for at, number in enumerate(inner.cases()):
        found.setdefault(number, []).append(at)
    most = min(found, key=lambda number: (-len(found[number]), found[number][0]))
    order = [most, *(number for number in found if number != most)]
    where = {number: at for at, number in enumerate(order)}
    ties = [(where[low], where[high], key) for (low, high), keys in inner.ties.items() for key in keys]
    return Apart([found[number] for number in order], ties)


class Groups:
    """The law in memory, for whoever has all alerts at hand: simulated platforms, and tests of what the store does."""

    def __init__(self) -> None:
        self.ties: dict[tuple[int, int], set[Key]] = {}
        self._numbers = count(1)
        self._named: dict[Key, dict[int, tuple[int, int]]] = {}
        self._keys: dict[int, set[Key]] = {}
        self._size: dict[int, int] = {}
        self._into: dict[int, int] = {}
        self._taken: list[tuple[Sequence[Key], int]] = []
        self._number: list[int] = []
        self._beside: dict[Key, set[Key]] = {}

    def place(self, keys: Sequence[Key], time_ms: int) -> None:
        """Take an alert in. What is public by now is no key, and holds nothing together that it did before."""
        for key in keys:
            if key[0] == ACCOUNT and not self._is_public(key):
                self._beside.setdefault(key, set()).update(one for one in keys if one != key)
                if self._is_public(key):
                    self._let_go(key)
        self.join([key for key in keys if not self._is_public(key)], time_ms)

    def cases(self) -> list[int]:
        """The case that each alert is in now, in the order in which they came."""
        return [self._now(number) for number in self._number]

    def join(self, keys: Sequence[Key], time_ms: int) -> None:
        """Have an alert of these keys join a case, or begin one, and make cases one that are by now."""
        told = [Named(number, key, *about) for key in keys for number, about in self._named.get(key, {}).items()]
        number = choose(told, time_ms)
        if number is None:
            number = next(self._numbers)
            self._size[number], self._keys[number] = 0, set()
        self._taken.append((keys, time_ms))
        self._number.append(number)
        self._add(number, keys, time_ms)
        self._tie(number, keys, time_ms)

    def _now(self, number: int) -> int:
        while number in self._into:
            number = self._into[number]
        return number

    def _is_public(self, key: Key) -> bool:
        return is_public(len(self._beside.get(key, ())))

    def _add(self, number: int, keys: Sequence[Key], time_ms: int) -> None:
        self._size[number] += 1
        self._keys[number] |= set(keys)
        for key in keys:
            mentions, last = self._named.setdefault(key, {}).get(number, (0, time_ms))
            self._named[key][number] = mentions + 1, max(last, time_ms)

    def _tie(self, number: int, keys: Sequence[Key], time_ms: int) -> None:
        touched = set()
        for key in keys:
            for other, (_, last) in self._named[key].items():
                if other != number and time_ms - last <= SPAN_MS:
                    self.ties.setdefault(pair(number, other), set()).add(key)
                    touched.add(other)
        for other in sorted(touched):
            both = pair(self._now(number), self._now(other))
            if both[0] != both[1] and self._are_one(*both):
                self._merge(*both)

    def _are_one(self, low: int, high: int) -> bool:
        sizes = self._size[low], self._size[high]
        return become_one(len(self.ties.get((low, high), ())), sizes, (len(self._keys[low]), len(self._keys[high])))

    def _merge(self, kept: int, gone: int) -> None:
        self._into[gone] = kept
        self._size[kept] += self._size.pop(gone)
        for key in self._keys.pop(gone):
            self._keys[kept].add(key)
            mentions, last = self._named[key].pop(gone)
            had, before = self._named[key].get(kept, (0, last))
            self._named[key][kept] = mentions + had, max(last, before)
        for other, keys in self._untied(gone):
            if other != kept:
                self.ties.setdefault(pair(kept, other), set()).update(keys)

    def _untied(self, number: int) -> list[tuple[int, set[Key]]]:
        """Take the ties of a case away; what they were."""
        ours = [both for both in self.ties if number in both]
        return [(both[1] if both[0] == number else both[0], self.ties.pop(both)) for both in ours]

    def _let_go(self, public: Key) -> None:
        """An account has become public: group the cases anew that it was a key of."""
        for number in sorted(self._named.pop(public, {})):
            self._keys[number].discard(public)
            self._regroup(number, public)
        for both in [both for both, keys in self.ties.items() if public in keys]:
            self.ties[both].discard(public)

    def _regroup(self, case: int, public: Key) -> None:
        ours = [at for at, number in enumerate(self.cases()) if number == case]
        for at in ours:
            keys, time_ms = self._taken[at]
            self._taken[at] = [key for key in keys if key != public], time_ms
        found = apart([self._taken[at] for at in ours])
        if len(found.parts) == 1:
            return
        before = self._untied(case)
        for key in self._keys[case]:
            del self._named[key][case]
        numbers = [case, *(next(self._numbers) for _ in found.parts[1:])]
        for number, part in zip(numbers, found.parts, strict=True):
            self._size[number], self._keys[number] = 0, set()
            for at in part:
                self._number[ours[at]] = number
                self._add(number, *self._taken[ours[at]])
            for other, tied in before:
                if tied & self._keys[number]:
                    self.ties[pair(number, other)] = tied & self._keys[number]
        for low, high, key in found.ties:
            self.ties.setdefault(pair(numbers[low], numbers[high]), set()).add(key)


def group(alerts: Iterable[tuple[Sequence[Key], int]]) -> list[int]:
    """The case of each alert (its keys, its time) in the order of the log, when all are in.

    >>> shop, ann, bob = ("merchant", "m"), ("user", "a"), ("user", "b")
    >>> group([((ann, shop), 0), ((bob,), 1), ((bob, shop), 2)])
    [1, 1, 1]
    """
    groups = Groups()
    for keys, time_ms in alerts:
        groups.place(keys, time_ms)
    return groups.cases()


def keys_of(
    user: str | None, merchant: str | None, accounts: Sequence[str], owners: Mapping[str, Key]
) -> tuple[Key, ...]:  # fmt: skip
    """The keys of an alert whose event names these; `owners` says whose accounts are, as far as that is known.

    >>> keys_of(None, None, ("x", "y"), {"y": ("user", "u")})
    (('account', 'x'), ('user', 'u'))
    >>> keys_of(None, "m", ("x",), {"x": ("merchant", "m")})
    (('merchant', 'm'),)
    """
    named = [(kind, token) for kind, token in (("user", user), ("merchant", merchant)) if token is not None]
    return tuple(dict.fromkeys([*named, *(owners.get(account, (ACCOUNT, account)) for account in accounts)]))
