"""Which calls a server makes that change something outside it, and at which of them to kill it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from random import Random
from typing import Final, NamedTuple

from bonafide.testing.faults.injection import Injection

SYNCS: Final = ("fsync", "fdatasync")
WRITES: Final = ("write", "writev", "pwrite64", "pwritev", "ftruncate")
FOLDERS: Final = ("rename", "renameat", "renameat2", "unlink", "unlinkat", "mkdir")
SENDS: Final = ("sendto", "sendmsg")
CALLS: Final = (*SYNCS, *WRITES, *FOLDERS, *SENDS)
_BEGUN: Final = re.compile(r"^(\d+)\s+(\w+)\(")
_SIGKILL: Final = "SIGKILL"


class CrashPoint(NamedTuple):
    """The moment before a thread's call number `nth` of this name."""

    call: str
    nth: int

    @property
    def injection(self) -> Injection:
        """How to die there."""
        return Injection((self.call,), signal=_SIGKILL, when=str(self.nth))


def count_calls(lines: Iterable[str]) -> dict[str, int]:
    """From a strace log: for each call, how often the thread made it that made it most.

    >>> count_calls(["7  fdatasync(3) = 0", "8  fdatasync(3 <unfinished ...>", "7  fdatasync(3) = 0"])
    {'fdatasync': 2}
    """
    seen: Counter[tuple[str, str]] = Counter()
    for line in lines:
        begun = _BEGUN.match(line)
        if begun is not None:
            seen[begun[2], begun[1]] += 1
    most: dict[str, int] = {}
    for (call, _), count in seen.items():
        most[call] = max(count, most.get(call, 0))
    return dict(sorted(most.items()))


def crash_points(counts: Mapping[str, int], n: int, seed: int) -> list[CrashPoint]:
    """Up to `n` points among the counted calls, in an order of chance.

    Calls made seldom are taken whole, the others in proportion, each spread evenly from its first to its last.

    >>> crash_points({"fdatasync": 3}, 5, seed=1)
    [CrashPoint(call='fdatasync', nth=2), CrashPoint(call='fdatasync', nth=3), CrashPoint(call='fdatasync', nth=1)]
    """
    shares = _shares(counts, n)
    points = [
        CrashPoint(call, 1 + (2 * i + 1) * counts[call] // (2 * share)) if share < counts[call]
        else CrashPoint(call, 1 + i)
        for call, share in shares.items() for i in range(share)
    ]  # fmt: skip
    Random(seed).shuffle(points)
    return points


def _shares(counts: Mapping[str, int], n: int) -> dict[str, int]:
    """How many points of each call: a fair share each, what a seldom call leaves goes to the others."""
    shares: dict[str, int] = {}
    left = n
    order = sorted(counts, key=lambda call: (counts[call], call))
    for i, call in enumerate(order):
        shares[call] = min(counts[call], left // (len(order) - i))
        left -= shares[call]
    return {call: share for call, share in shares.items() if share}
