"""The truth about every payment, complete and kept apart from the log; and what people came to know of it, and when."""

from __future__ import annotations

from array import array
from typing import Final, NamedTuple

import numpy as np
import polars as pl

from bonafide.lab.simulate.people import User
from bonafide.lab.simulate.shops import Shop

PAYMENT: Final = "p"
"""What the ids of payments begin with; the number of a payment is its row here."""
SOURCES: Final = ("analyst", "partner", "chargeback", "appeal")


class Tag(NamedTuple):
    """What a payment really is: its typology (or the kind of honest trade that looks like one), and whose ring."""

    bad: bool = False
    kind: str | None = None
    ring: int = -1


HONEST: Final = Tag()


class Truth:
    """One row for each payment, 33 bytes each, whatever the log's length; known labels are added as they arrive."""

    def __init__(self) -> None:
        self._user, self._shop, self._ring = array("i"), array("i"), array("i")
        self._made_at = array("q")
        self._bad, self._kind = array("b"), array("b")
        self._known_at, self._observed, self._source = array("q"), array("b"), array("b")
        self._kinds: dict[str | None, int] = {None: 0}

    def __len__(self) -> int:
        return len(self._user)

    @property
    def positives(self) -> int:
        """Payments that are cash-out."""
        return int(np.frombuffer(self._bad, np.int8).sum()) if self._bad else 0

    def add(self, user: User, shop: Shop, tag: Tag, made_at: int) -> int:
        """A payment's row; its number is that of the payment's event_id."""
        self._user.append(user.n)
        self._made_at.append(made_at)
        self._shop.append(shop.n)
        self._bad.append(tag.bad)
        self._kind.append(self._code(tag.kind))
        self._ring.append(tag.ring)
        self._known_at.append(-1)
        self._observed.append(-1)
        self._source.append(-1)
        return len(self._user) - 1

    def rename(self, number: int, kind: str) -> None:
        """Say afterwards what kind of honest trade a payment turned out to be, unless it is named already."""
        if not self._bad[number] and not self._kind[number]:
            self._kind[number] = self._code(kind)

    def learn(self, number: int, moment: int, bad: bool, source: str) -> bool:
        """Record a label as it becomes known; the first one stays unless an appeal corrects it. Whether it is news."""
        if self._known_at[number] >= 0 and source != "appeal":
            return False
        self._known_at[number] = moment
        self._observed[number] = bad
        self._source[number] = SOURCES.index(source)
        return True

    def made_at(self, number: int) -> int:
        """When a payment was made."""
        return self._made_at[number]

    def is_bad(self, number: int) -> bool:
        """Whether a payment is cash-out."""
        return bool(self._bad[number])

    def _code(self, kind: str | None) -> int:
        return self._kinds.setdefault(kind, len(self._kinds))

    def frame(self, end: int) -> pl.DataFrame:
        """The rows of truth.parquet; labels that become known after `end` are not known."""
        known_at = np.frombuffer(self._known_at, np.int64) if len(self) else np.zeros(0, np.int64)
        known = pl.Series((known_at >= 0) & (known_at < end))
        kinds = pl.Series(list(self._kinds), dtype=pl.String)
        columns = pl.DataFrame({
            "user": pl.Series(self._user, dtype=pl.Int64), "shop": pl.Series(self._shop, dtype=pl.Int64),
            "label": pl.Series(self._bad, dtype=pl.Int8), "kind": pl.Series(self._kind, dtype=pl.Int64),
            "ring": pl.Series(self._ring, dtype=pl.Int64), "known_at": pl.Series(known_at, dtype=pl.Int64),
            "observed": pl.Series(self._observed, dtype=pl.Int8), "source": pl.Series(self._source, dtype=pl.Int64),
        }).with_row_index("number")  # fmt: skip
        sources = pl.Series(SOURCES)
        return columns.select(
            pl.format(PAYMENT + "{}", "number").alias("event_id"),
            "label",
            typology=kinds.gather(columns["kind"]),
            ring_id=pl.when(pl.col("ring") >= 0).then(pl.format("ring{}", "ring")),
            known_at=pl.when(known).then("known_at").cast(pl.Datetime("ms", "UTC")),
            user_id=pl.format("u{}", "user"),
            merchant_id=pl.format("m{}", "shop"),
            observed_label=pl.when(known).then("observed"),
            observed_source=pl.when(known).then(sources.gather(columns["source"].clip(lower_bound=0))),
        )


def subjects_frame(people: list[User], shops: list[Shop]) -> pl.DataFrame:
    """The rows of subjects.parquet: every user and merchant, whether they take part, as what, and since when."""
    rows = [("user", u.id, u.first_bad is not None, u.role, u.first_bad) for u in people]
    rows += [("merchant", s.id, s.first_bad is not None, s.role, s.first_bad) for s in shops]
    schema = {"subject_type": pl.String, "subject_id": pl.String, "label": pl.Int8, "role": pl.String,
              "first_bad_time": pl.Int64}  # fmt: skip
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(pl.col("first_bad_time").cast(pl.Datetime("ms", "UTC")))
