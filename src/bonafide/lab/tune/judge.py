"""What a set of weights saves and whom it disturbs at every line, on the payments of one part of a log.

Saved is the money of cash-out payments whose outcome is `verify` or stricter; disturbed is the share of honest paying
users who met such an outcome at least once. Under one pattern of rules a score only rises with what the trees say, so
of an honest user's payments of one pattern the one with the highest sum speaks for all.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.engine.scoring import SCORE_UNIT
from bonafide.lab.curves import Flags, Floats, Ints
from bonafide.lab.intervals import Estimates, affordable_resamples, estimate
from bonafide.lab.measures import Shares
from bonafide.lab.train.figures import Judged
from bonafide.lab.tune.rescore import Law, genuine_of

ALWAYS: Final = 2 * SCORE_UNIT
"""Stands for the score of what is alerted on whatever its score."""
LINE_MIN: Final = SCORE_UNIT // 100
LINE_MAX: Final = SCORE_UNIT * 999 // 1000
"""Where a line may lie, in millionths: there is room for a band below and one above."""
RESAMPLES: Final = 200


class Point(NamedTuple):
    """What one setting comes to on one part, 0..1; None where there is no such money or nobody honest."""

    saved: float | None
    disturbed: float | None


class Curve(NamedTuple):
    """Everything that the lines of one set of weights come to."""

    bad: Ints
    """Scores of cash-out payments, falling."""
    saved: Ints
    """Money down to each of them."""
    honest: Ints
    """The highest score of each honest user, falling."""
    money: int
    """Of all cash-out."""

    def line_for(self, share: float) -> int:
        """The lowest line that disturbs at most this share of the honest, in the middle of the gap below the last
        cash-out that it catches and with as few digits as lead into that gap."""
        allowed = int(share * len(self.honest) + 1e-9)
        highest = int(self.honest[allowed]) if allowed < len(self.honest) else 0
        caught = self.bad[self.bad > highest]
        lowest = int(caught[-1]) if len(caught) else highest + 2
        middle = (highest + lowest + 1) // 2
        short = (round(middle, -digits) for digits in range(4, 0, -1))
        line = next((line for line in short if highest < line <= lowest), middle)
        return min(max(line, highest + 1, LINE_MIN), LINE_MAX)

    def at(self, line: int) -> Point:
        """What a line comes to."""
        caught = int(np.searchsorted(-self.bad, -line, side="right"))
        met = int(np.searchsorted(-self.honest, -line, side="right"))
        saved = int(self.saved[caught - 1]) if caught else 0
        return Point(saved / self.money if self.money else None, met / len(self.honest) if len(self.honest) else None)


class Part:
    """Payments of a part of a log."""

    def __init__(
        self, law: Law, hits: np.typing.NDArray[np.bool_], always: Flags, pattern: Ints, raw: Floats, told: Judged
    ) -> None:
        """`hits` and `always` are by pattern, `pattern` and `raw` by payment as `told` is."""
        self._law, self._hits, self._always = law, hits, always
        self._told, self._pattern, self._raw = told, pattern, raw
        bad = np.flatnonzero(told.bad)
        self._bad_pattern, self._bad_raw, self._bad_money = pattern[bad], raw[bad], told.money[bad]
        honest = np.ones(told.entities, dtype=np.bool_)
        honest[told.entity[told.bad]] = False
        self._honest = honest
        spoken = (
            pl.DataFrame({"user": told.entity, "pattern": pattern, "raw": raw})
            .filter(pl.Series(honest[told.entity]))
            .group_by("user", "pattern")
            .agg(pl.col("raw").max())
            .sort("user", "pattern")
        )
        self._honest_pattern, self._honest_raw = spoken["pattern"].to_numpy(), spoken["raw"].to_numpy()
        self._starts = np.flatnonzero(np.diff(spoken["user"].to_numpy(), prepend=-1))

    @property
    def honest(self) -> int:
        """Honest paying users."""
        return int(self._honest.sum())

    @property
    def cash_out(self) -> int:
        """Cash-out payments."""
        return len(self._bad_money)

    @property
    def money(self) -> int:
        """Of cash-out, in minor units."""
        return int(self._bad_money.sum())

    def curve(self, weights: Floats) -> Curve:
        """What every line comes to under these weights."""
        genuine = genuine_of(self._hits, weights)
        bad = self._scores(genuine, self._bad_pattern, self._bad_raw)
        order = np.argsort(-bad, kind="stable")
        honest = self._scores(genuine, self._honest_pattern, self._honest_raw)
        highest = np.maximum.reduceat(honest, self._starts) if len(self._starts) else honest
        return Curve(bad[order], np.cumsum(self._bad_money[order]), -np.sort(-highest), self.money)

    def figures(self, weights: Floats, line: int, seed: int) -> Estimates:
        """`saved` and `disturbed` of one setting with 95 % intervals over users."""
        told = self._told
        above = self._scores(genuine_of(self._hits, weights), self._pattern, self._raw) >= line
        bad, of_honest = told.bad, self._honest[told.entity]
        group = np.zeros(int(bad.sum()), dtype=np.int64)
        money = told.money[bad]
        saved = Shares(("saved",), told.entity[bad], group, money * above[bad], money)
        met = np.zeros(told.entities, dtype=np.int64)
        np.maximum.at(met, told.entity[of_honest], above[of_honest].astype(np.int64))
        users = np.flatnonzero(self._honest)
        one = np.ones(len(users), dtype=np.int64)
        disturbed = Shares(("disturbed",), users, np.zeros(len(users), dtype=np.int64), met[users], one)
        return estimate([saved, disturbed], told.entities, affordable_resamples(len(bad), RESAMPLES), seed)

    def _scores(self, genuine: Floats, pattern: Ints, raw: Floats) -> Ints:
        scores = self._law.of_payments(raw, genuine[pattern])
        return np.where(self._always[pattern], ALWAYS, scores)
