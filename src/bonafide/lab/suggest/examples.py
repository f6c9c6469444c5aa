"""Examples for suggested rules: the fewest events of the log with which a rule still fires, under made-up ids.

A rule on windows and on where money went needs a past. Of all that stands before a payment that the rule holds on,
first only what names the same people and things is taken, then it is halved and halved again as long as the rule still
fires (delta debugging; Zeller and Hildebrandt, 2002).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.events import EVENT_CLASS
from bonafide.core.fields import FIELDS
from bonafide.engine.bundle import Bundle
from bonafide.engine.codes import READ, TAKEN, V_HITS, V_STATUS
from bonafide.engine.compiled import compile_bundle
from bonafide.engine.engine import DEFAULT_SECRET
from bonafide.engine.features.spec import parse_features
from bonafide.engine.intake import rows_of_columns
from bonafide.engine.kernels import Kernels
from bonafide.engine.rules.language import names_in, parse_located
from bonafide.engine.rules.utilisation import HIDDEN, reads_utilisation
from bonafide.engine.state import State
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.curves import Ints
from bonafide.lab.suggest.study import Suggested

PAST_MAX: Final = 80
"""Events that an example may have behind it; a longer one is none that people read."""
TRIED_MAX: Final = 5
"""Payments that are tried for each rule, the earliest first."""
RUNS_MAX: Final = 1_500
"""Times that the past of one payment is made shorter."""
_IDS: Final = tuple(
    name for name in (
        "user_id", "merchant_id", "device_id", "order_id", "payment_id", "account_id", "from_account_id",
        "to_account_id", "owner_id", "address_id", "phone_id", "ip", "tracking_no", "representative_id", "subject_id",
        "invited_by", "group_id", "registration_no", "indicator_id",
    ) if name in FIELDS
)  # fmt: skip
"""Fields that name people and things; equal texts name the same one."""
_WAYS: Final = tuple(name for name in _IDS if name.endswith("account_id") or name in ("owner_id", "order_id"))
"""By which others are reached in a second step."""


class Shown(NamedTuple):
    """A rule's examples: records as an example has them."""

    rule: str
    past: list[dict[str, Any]]
    event: dict[str, Any]
    silent: dict[str, Any]
    """Fields with which the rule does not fire: of the same event where `keeps_past`, else of it alone."""
    keeps_past: bool


class Examples:
    """Finds examples in one log."""

    def __init__(self, log: pl.DataFrame, bundle: Bundle, kernels: Kernels) -> None:
        """log: all records in order, as chunks have them."""
        self._log, self._bundle, self._kernels = log, bundle, kernels
        ids = log["event_id"].to_list()
        self._place = {event_id: place for place, event_id in reversed(list(enumerate(ids)))}

    def of(self, rule: Suggested, payments: Sequence[str]) -> Shown | None:
        """Examples of a rule from payments that it holds on; None where none is short enough."""
        for event_id in payments[:TRIED_MAX]:
            place = self._place.get(event_id)
            past = None if place is None else self._past(rule, place)
            if place is not None and past is not None and len(past) <= PAST_MAX:
                shown = self._shown(rule, past, place)
                if shown is not None:
                    return shown
        return None

    def _past(self, rule: Suggested, place: int) -> Ints | None:
        fires = self._fires(rule)
        for near in self._nearer(place):
            if fires(self._log[[*near.tolist(), place]]):
                return _fewest(near, lambda some: fires(self._log[[*some.tolist(), place]]))
        return None

    def _nearer(self, place: int) -> list[Ints]:
        """What may matter before an event: what names the same, then what these lead to, then everything."""
        before, event = self._log[:place], self._log.row(place, named=True)
        names = [name for name in _IDS if name in self._log.columns]
        ids = {event[name] for name in names if event[name] is not None}
        first = _naming(before, names, ids)
        ways = [name for name in _WAYS if name in names]
        ids |= {value for name in ways for value in before[first][name].drop_nulls().to_list()}
        return [first, _naming(before, names, ids), np.arange(place)]

    def _fires(self, rule: Suggested) -> Callable[[pl.DataFrame], bool]:
        node = parse_located(rule.found.text, self._bundle.vocabulary).node
        hidden = parse_features(list(HIDDEN), "utilisation", hidden=True) if reads_utilisation(node) else ()
        read = [f for f in self._bundle.features if f.name in names_in(node)]
        compiled = compile_bundle(list(dict.fromkeys((*read, *hidden))), [(node, 0.5)], self._bundle.settings)

        def fires(frame: pl.DataFrame) -> bool:
            state = State(compiled, DEFAULT_SECRET, self._kernels)
            rows = rows_of_columns(kinds_of(frame), columns_of(frame), self._kernels, state.bound.key)
            last = state.walk(rows, np.full(len(rows), READ, dtype=np.int64)).verdicts[-1]
            return bool(last[V_STATUS] == TAKEN and last[V_HITS] & 1)

        return fires

    def _shown(self, rule: Suggested, past: Ints, place: int) -> Shown | None:
        fires, renamed = self._fires(rule), _Renamed()
        records = [renamed(self._log.row(i, named=True)) for i in (*past.tolist(), place)]
        if fires(self._log[[place]]):
            for silent in ({"amount": 1}, {"goods": "physical"}, {"goods": "service"}):
                frame = self._log[[*past.tolist(), place]]
                last = pl.int_range(pl.len()) == frame.height - 1
                ((name, value),) = silent.items()
                if name in frame.columns and not fires(
                    frame.with_columns(pl.when(last).then(pl.lit(value)).otherwise(name).alias(name))
                ):  # fmt: skip
                    return Shown(rule.id, records[:-1], records[-1], silent, keeps_past=True)
            return None
        return Shown(rule.id, records[:-1], records[-1], {}, keeps_past=False)


class _Renamed:
    """Records under made-up ids, the same for the same; texts of no use to a rule are left out."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        fields = EVENT_CLASS[record["type"]].__struct_fields__
        told: dict[str, Any] = {"type": record["type"]}
        for name in fields:
            value = record.get(name)
            if value is None or name == "documents":
                continue
            known = name in _IDS or name == "event_id"
            told[name] = self._of(name, value) if known else "made up" if name in ("legal_name", "address") else value
        return told

    def _of(self, name: str, value: str) -> str:
        if value not in self._names:
            kind = name.removesuffix("_id").removeprefix("from_").removeprefix("to_").replace("_", "-")
            self._names[value] = f"{kind}-{len(self._names) + 1}"
        return self._names[value]


def examples_yaml(shown: Sequence[Shown]) -> str:
    """A file of examples/, in YAML's flow style, an event a line."""
    lines = ["# Found in the log with the rules: the fewest earlier events with which each fires; ids are made up.",
             "examples:"]  # fmt: skip
    for one in shown:
        name = f"{one.rule} as it was found"
        lines += [f"- name: {json.dumps(name)}", "  past:" if one.past else "  past: []"]
        lines += [f"  - {_flow(record)}" for record in one.past]
        lines += [f"  event: {_flow(one.event)}", f"  hits: [{one.rule}]"]
        lines.append(f"- name: {json.dumps(f'{one.rule} where it does not hold')}")
        if one.keeps_past:
            lines += [f"  like: {json.dumps(name)}", f"  event: {_flow(one.silent)}"]
        else:
            lines.append(f"  event: {_flow(one.event)}")
        lines.append(f"  not_hits: [{one.rule}]")
    return "\n".join(lines if shown else [*lines[:1], "examples: []"]) + "\n"


def _flow(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False)


def _naming(frame: pl.DataFrame, names: Sequence[str], ids: set[str]) -> Ints:
    wanted = pl.Series(sorted(ids), dtype=pl.String)
    held = frame.select(
        pl.any_horizontal(pl.col(name).is_in(wanted.implode()) for name in names).fill_null(value=False)
    )
    return np.flatnonzero(held.to_series().to_numpy())


def _fewest(some: Ints, fires: Callable[[Ints], bool]) -> Ints:
    """A part of `some` that still fires and from which nothing can be taken; after RUNS_MAX runs, what is left."""
    parts, runs = 2, 0
    while len(some) and runs < RUNS_MAX:
        pieces: list[NDArray[np.int64]] = np.array_split(some, min(parts, len(some)))
        for number in range(len(pieces)):
            rest = np.concatenate([piece for i, piece in enumerate(pieces) if i != number] or [some[:0]])
            runs += 1
            if fires(rest):
                some, parts = rest, max(parts - 1, 2)
                break
        else:
            if parts >= len(some):
                break
            parts = min(2 * parts, len(some))
    return some
