"""What a replay left in its folder, read back to explain one of its decisions."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import polars as pl

from bonafide.core.decision import SCORE_UNIT, Decision, Ground, Loop, ProposedMeasure, Reason
from bonafide.core.errors import BonafideError, UsageError
from bonafide.core.moment import MOMENT_MAX, moment_of
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.bundles.files import content_hash, read_sources
from bonafide.engine.ladder.proposed import Proposed
from bonafide.engine.ladder.wording import APPEAL, Wording

BUNDLE_COPY: Final = "bundle"
_NEAR_LENGTH: Final = 2
NEAR_CANDIDATES_MAX: Final = 20_000
"""Ids that are compared letter by letter, at most."""
_NEAR_SHOWN: Final = 3
_NEAR_FRACTION: Final = 0.6
_REFUSED_INSIDE: Final = ("conflict", "too-late")


class ExplainError(BonafideError):
    """A decision cannot be explained from what is in the folder; the message says why."""


class Results(NamedTuple):
    """A folder that `replay --out` wrote."""

    folder: Path
    summary: dict[str, Any]

    @property
    def inputs(self) -> list[Path]:
        """The files of the log: as they were named, else from where the replay ran."""
        return [self._found(Path(name)) for name in self.summary.get("inputs", [])]

    @property
    def mapping(self) -> Path | None:
        """The mapping that was used."""
        name = self.summary.get("mapping")
        return None if name is None else self._found(Path(name))

    @property
    def changed_inputs(self) -> list[Path]:
        """Files that are there, but longer or shorter than they were."""
        lengths = self.summary.get("input_bytes", [])
        pairs = zip(self.inputs, lengths, strict=False)
        return [path for path, length in pairs if path.is_file() and path.stat().st_size != length]

    def _found(self, path: Path) -> Path:
        origin = self.summary.get("folder")
        if path.exists() or origin is None or not (Path(origin) / path).exists():
            return path
        return Path(origin) / path

    def decided(self, event_id: str) -> list[dict[str, Any]]:
        """The decisions on an id, in log order; more than one only where the first was long forgotten."""
        table = pl.scan_parquet(self.folder / "decisions.parquet", glob=False)
        return table.filter(pl.col("event_id") == event_id).sort("seq").collect().to_dicts()

    def refused(self, event_id: str) -> list[dict[str, Any]]:
        """The refusals of records with an id."""
        return [record for record in self._rejects() if record.get("event_id") == event_id]

    def _rejects(self) -> Iterator[dict[str, Any]]:
        path = self.folder / "rejects.ndjson"
        if path.is_file():
            with path.open("rb") as lines:
                yield from (msgspec.json.decode(line) for line in lines)

    def refused_places(self) -> list[tuple[int, int]]:
        """Where records stand that passed the door and were refused then: (place among the inputs, line)."""
        files = {name: place for place, name in enumerate(self.summary.get("inputs", []))}
        late = (record for record in self._rejects() if record["reason"] in _REFUSED_INSIDE)
        return [(files[record["file"]], record["line"]) for record in late if record["file"] in files]

    def near(self, event_id: str) -> list[str]:
        """The ids that were most likely meant."""
        table = pl.scan_parquet(self.folder / "decisions.parquet", glob=False).select("event_id")
        found = table.filter(alike("event_id", event_id)).head(NEAR_CANDIDATES_MAX).collect()["event_id"]
        return closest(event_id, found.to_list())

    def bundle(self, content: str) -> Bundle:
        """The bundle that decided; ExplainError where the copy is not the one whose hash a decision holds."""
        copy = self.folder / BUNDLE_COPY
        if not copy.is_dir():
            raise ExplainError(f"{copy}: the copy of the bundle that decided is not there; replay the log again")
        found = content_hash(read_sources(copy).contents)
        if found != content:
            told = f"its hash is {found[:16]}..., and that of the decision {content[:16]}..."
            raise ExplainError(f"{copy}: is not the bundle that decided: {told}; replay the log again")
        return load_bundle(copy)


def alike(column: str, name: str) -> pl.Expr:
    """Whether the ids of a column are about as long as a name and begin or end as it does."""
    half = max(len(name) // 2, 1)
    ids = pl.col(column)
    length = (ids.str.len_chars().cast(pl.Int64) - len(name)).abs() <= _NEAR_LENGTH
    return length & (ids.str.starts_with(name[:half]) | ids.str.ends_with(name[-half:]))


def closest(name: str, found: Sequence[str]) -> list[str]:
    """Those of the ids found that were most likely meant by a name."""
    return difflib.get_close_matches(name, found, _NEAR_SHOWN, _NEAR_FRACTION)


def open_results(folder: Path) -> Results:
    """The results in a folder; UsageError where there are none."""
    told = "name the folder that replay --out wrote"
    if not folder.is_dir():
        raise UsageError(f"--in {folder}: there is no such folder; {told}")
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        if not isinstance(summary, dict) or "bundle" not in summary:
            raise ValueError("not a summary")
        pl.scan_parquet(folder / "decisions.parquet", glob=False).collect_schema()
    except (OSError, ValueError, pl.exceptions.PolarsError):
        raise UsageError(f"--in {folder}: holds no summary.json and decisions.parquet of a replay; {told}") from None
    return Results(folder, summary)


def recorded_decision(row: dict[str, Any], bundle: Bundle) -> Decision:
    """The decision that a row of decisions.parquet stands for: what it leaves out follows from the bundle that decided
    it, in a rollout that of its arm."""
    time = moment_of(row["time"])
    policy, texts = bundle.policy, bundle.reasons
    return Decision(
        event_id=row["event_id"], seq=row["seq"], time=time, outcome=row["outcome"],
        score_e6=round(row["score"] * SCORE_UNIT), risk_level=row["risk_level"], credit_score=row["credit_score"],
        alert=row["alert"], hits=tuple(row["hits"]), faults=tuple(row["faults"]), bundle=row["bundle"],
        degraded=tuple(row.get("degraded", ())),
        reasons=tuple(Reason(c, texts[c].zh, texts[c].en) for c in row["reasons"] if c in texts),
        measures=tuple(_measure(msgspec.json.decode(told), row, bundle) for told in row.get("proposals", ())),
        loops=tuple(msgspec.json.decode(loop, type=Loop) for loop in row["loops"]),
        release_by=min(time + policy.hold_ms(row["hits"]), MOMENT_MAX) if row["outcome"] == "hold" else None,
        release_default=policy.hold_default if row["outcome"] == "hold" else None, arm=row.get("arm"),
    )  # fmt: skip


def _measure(told: dict[str, Any], row: dict[str, Any], bundle: Bundle) -> ProposedMeasure:
    """A measure that its canonical encoding stands for."""
    codes = tuple(code for code in told.pop("reasons") if code in bundle.reasons)
    proposed = Proposed(**{**told, "facts": tuple(Ground(**fact) for fact in told["facts"]), "codes": codes})
    appeal = APPEAL if bundle.ladder is None else bundle.ladder.appeal
    return Wording(bundle.reasons, appeal).tell(proposed, row[f"{proposed.subject_type}_id"] or "")
