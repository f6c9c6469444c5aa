"""Which labels judge: the latent truth, or what had arrived by a moment, some of it wrong.

A simulator knows what every payment was; a platform learns of few, late, and not always rightly. Both are worth
asking: against the truth a detector shows what it can do, against what had arrived what its owner could have known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from bonafide.core.errors import InputError, UsageError
from bonafide.core.moment import show_moment
from bonafide.lab.table_checks import need_columns, need_unique, need_values

LabelKind = Literal["latent", "arrived"]
LABEL_KINDS: Final[tuple[LabelKind, ...]] = ("latent", "arrived")
_NAMED: Final = {"event_id": pl.String, "bad": pl.Boolean, "typology": pl.String, "wrong": pl.Boolean}


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels that judge: `frame` has event_id, bad (cash-out), typology, and wrong (differs from the truth)."""

    kind: LabelKind
    as_of_ms: int | None
    """The moment by which an arrived label had become known; None for the latent truth."""
    frame: pl.DataFrame


def choose_labels(truth: pl.DataFrame, kind: LabelKind, as_of_ms: int | None) -> Labels:
    """Labels of `truth` (truth.parquet) that may judge.

    `latent`: the column label. `arrived`: of the rows whose known_at is at most `as_of_ms` the column observed_label,
    or label where the table has no such column. A null label, and a null known_at under `arrived`, is no label. A
    typology stays beside a label only if that agrees with the truth: a false alarm is no kind of cash-out.

    Raises InputError for a missing column, a repeated event_id and a label other than 0 and 1; UsageError when a moment
    is given for the latent truth or none for labels that arrived.
    """
    if (kind == "arrived") != (as_of_ms is not None):
        raise UsageError(
            "as_of_ms is the moment for labels that had arrived by then; give it with those, and only then"
        )
    need_columns(truth, ("event_id", "label"), "truth")
    need_unique(truth, "truth")
    _need_label_column(truth, "label")
    judging = "label"
    if as_of_ms is not None:
        judging = "observed_label" if "observed_label" in truth.columns else "label"
        _need_label_column(truth, judging)
        truth = truth.filter(_known_at_ms(truth) <= as_of_ms)
    typology = pl.col("typology").cast(pl.String) if "typology" in truth.columns else pl.lit(None, pl.String)
    wrong = (pl.col(judging) != pl.col("label")).fill_null(value=False)
    labelled = truth.filter(pl.col(judging).is_not_null()).select(
        "event_id",
        (pl.col(judging) == 1).alias("bad"),
        pl.when(~wrong).then(typology).alias("typology"),
        wrong.alias("wrong"),
    )
    return Labels(kind, as_of_ms, labelled.cast(_NAMED))  # type: ignore[arg-type]


def _need_label_column(truth: pl.DataFrame, name: str) -> None:
    kind = truth[name].dtype
    if not (kind.is_integer() or kind in (pl.Boolean, pl.Null)):
        told = f"{name}: the column holds {kind}; give whole numbers, 1 for cash-out and 0 for genuine"
        raise InputError("invalid-field", told, name)
    if kind.is_integer():
        need_values(truth.filter(pl.col(name).is_not_null()), name, (0, 1))


def _known_at_ms(truth: pl.DataFrame) -> pl.Expr:
    if "known_at" not in truth.columns:
        message = "the truth table has no column known_at, so nobody can say what had arrived; judge by latent labels"
        raise InputError("missing-field", message, "known_at")
    kind = truth.schema["known_at"]
    if isinstance(kind, pl.Datetime):
        return pl.col("known_at").dt.epoch("ms")
    if kind.is_integer() or kind == pl.Null:
        return pl.col("known_at").cast(pl.Int64)
    told = f"known_at: the column holds {kind}; give timestamps, or whole milliseconds since 1970 UTC"
    raise InputError("invalid-field", told, "known_at")


def show_as_of(labels: Labels) -> str | None:
    """The moment in RFC 3339; None for the latent truth."""
    return None if labels.as_of_ms is None else show_moment(labels.as_of_ms)
