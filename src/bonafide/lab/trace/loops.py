"""The loops of a replay: what decisions.parquet tells of money that came home, each step with its event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import polars as pl

from bonafide.lab.explain.folder import Results
from bonafide.lab.uses import with_columns_of

_STEP: Final = pl.Struct({"seq": pl.Int64, "time": pl.Int64, "amount": pl.Int64})
_LOOP: Final = pl.Struct({
    "returned": pl.Int64, "home": pl.Int64, "amount": pl.Int64, "closes": pl.Boolean, "path": pl.List(_STEP),
})  # fmt: skip
_MOVE: Final = {
    "event_id": pl.String, "time": pl.Int64, "account_id": pl.String, "from_account_id": pl.String,
    "to_account_id": pl.String,
}  # fmt: skip
_MOVING: Final = ("refund", "payout", "transfer")
"""What moves money on; of payments their decisions say all."""


class Told(NamedTuple):
    """Loops as they were recorded."""

    loops: pl.DataFrame
    """`loop` (from 0, in log order), `returned`, `home`, `amount`, `closes`."""
    steps: pl.DataFrame
    """`loop`, `step` (from 0), `seq`, `part` (how much can be the payment's money), then what the decision on the
    event says: `event_id`, `time`, `type`, `user_id`, `merchant_id`, `amount`, `currency`."""


def loops_told(results: Results, until_ms: int | None) -> Told:
    """All loops up to a moment. Every step of theirs is an event that was decided on, so that its place in the log
    leads to its decision, and that to the event's id."""
    table = pl.scan_parquet(results.folder / "decisions.parquet", glob=False)
    found = table.filter(pl.col("loops").list.len() > 0)
    if until_ms is not None:
        found = found.filter(pl.col("time").dt.epoch("ms") <= until_ms)
    told = found.sort("seq").select(pl.col("loops").explode().str.json_decode(_LOOP)).collect()
    loops = told.with_row_index("loop").unnest("loops")
    steps = loops.select("loop", "path").explode("path").with_columns(
        pl.int_range(pl.len()).over("loop").alias("step")
    ).unnest("path").rename({"amount": "part"})  # fmt: skip
    decided = table.filter(pl.col("seq").is_in(steps["seq"].unique().implode())).select(
        "seq", "event_id", "type", "user_id", "merchant_id", "amount", "currency"
    )
    steps = steps.join(decided.collect(), on="seq", how="left", maintain_order="left")
    return Told(loops.drop("path"), steps)


class Moves:
    """Finds in the log from where to where the steps of some loops moved money."""

    def __init__(self, told: Told) -> None:
        moving = told.steps.filter(pl.col("type").is_in(_MOVING))
        self._wanted = moving["event_id"].unique().implode()
        self._found: list[pl.DataFrame] = []

    def feed(self, frame: pl.DataFrame) -> None:
        """Keep the records of the events."""
        moving = frame.filter(pl.col("type").is_in(_MOVING))
        if len(self._wanted[0]):
            named = moving.filter(pl.col("event_id").is_in(self._wanted))
            self._found.append(with_columns_of(named, _MOVE))

    def ends(self) -> pl.DataFrame:
        """The events by `event_id` and `time`, of several with one id at one time the first."""
        found = pl.concat([pl.DataFrame(schema=_MOVE), *self._found])
        return found.unique(["event_id", "time"], keep="first", maintain_order=True)


class End(NamedTuple):
    """Where money leaves or arrives."""

    kind: str
    """user, merchant or account."""
    id: str


class Move(NamedTuple):
    """One step of a payment's money."""

    event_id: str
    seq: int
    type: str
    time: int
    source: End | None
    """None where the log no longer says."""
    target: End | None
    amount: int | None
    """Of the event, in its own `currency`; None where the decision on it is not there."""
    currency: str | None
    part: int
    """How much of it can be this payment's money, in the bundle's currency."""


class Path(NamedTuple):
    """The way of a payment's money home."""

    user_id: str
    merchant_id: str
    amount: int
    returned: int
    """What this event brought home, in the bundle's currency."""
    home: int
    """All that has come home of the payment by then."""
    closes: bool
    moves: tuple[Move, ...]
    """The payment first."""

    @property
    def payment(self) -> Move:
        return self.moves[0]

    @property
    def last(self) -> Move:
        return self.moves[-1]

    @property
    def delay_ms(self) -> int:
        """From the payment to home."""
        return max(0, self.last.time - self.payment.time)

    @property
    def fee_at_most(self) -> int:
        """What of the payment has not come home: a fee, or money that stayed on the way."""
        return max(0, self.amount - self.home)

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that the money went through or to, each once, in order."""
        ends = (end for move in self.moves[1:] for end in (move.source, move.target))
        return tuple(dict.fromkeys(end.id for end in ends if end is not None and end.kind == "account"))

    @property
    def between(self) -> tuple[str, ...]:
        """The accounts on the way, without the one that it came home to."""
        home = self.last.target
        return tuple(a for a in self.accounts if home is None or home.kind != "account" or a != home.id)


def paths_of(told: Told, ends: pl.DataFrame, wanted: pl.Expr) -> list[Path]:
    """The loops of which some step's event matches `wanted` (over the columns of the log), in log order."""
    steps = told.steps.join(ends, on=["event_id", "time"], how="left", maintain_order="left")
    chosen = steps.filter(wanted.fill_null(value=False))["loop"].unique()
    steps = steps.filter(pl.col("loop").is_in(chosen.implode()))
    loops = told.loops.filter(pl.col("loop").is_in(chosen.implode()))
    rows = {number[0]: some.to_dicts() for number, some in steps.partition_by("loop", as_dict=True).items()}
    return [_path(loop, rows[loop["loop"]]) for loop in loops.iter_rows(named=True)]


def _path(loop: dict[str, object], rows: Sequence[dict[str, object]]) -> Path:
    first = rows[0]
    return Path(
        _text(first["user_id"]), _text(first["merchant_id"]),
        loop["amount"], loop["returned"], loop["home"], loop["closes"],  # type: ignore[arg-type]
        tuple(_move(row) for row in rows),
    )  # fmt: skip


def _move(row: dict[str, object]) -> Move:
    source, target = _ends(row)
    time = row["time"]
    return Move(
        _text(row["event_id"]), row["seq"], _text(row["type"]), time, source, target,  # type: ignore[arg-type]
        row["amount"], row["currency"], row["part"],  # type: ignore[arg-type]
    )  # fmt: skip


def _ends(row: dict[str, object]) -> tuple[End | None, End | None]:
    """From where to where an event moves money."""
    match row["type"]:
        case "payment":
            return _end("user", row["user_id"]), _end("merchant", row["merchant_id"])
        case "payout":
            return _end("merchant", row["merchant_id"]), _end("account", row["account_id"])
        case "transfer":
            return _end("account", row["from_account_id"]), _end("account", row["to_account_id"])
        case _:
            to = _end("account", row["account_id"]) or _end("user", row["user_id"])
            return _end("merchant", row["merchant_id"]), to


def _end(kind: str, value: object) -> End | None:
    return End(kind, value) if isinstance(value, str) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else "?"
