"""Thirty rules beside other rule engines, over the same events, fields and features.

The engine's own cost is what a walk over the same events takes longer with the rules than without them, since rules run
inside the walk and nowhere else. The others are handed a dictionary an event, with numbers as whole as they are.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from time import process_time, thread_time
from typing import Any, Final

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from bonafide.core.fields import ABSENT, FIELDS
from bonafide.core.fields import WORDS as ALL_WORDS
from bonafide.engine.codes import HITS_PER_WORD, READ, V_HITS
from bonafide.engine.engine import DEFAULT_SECRET
from bonafide.engine.kernels import load_kernels
from bonafide.engine.rules.operations import LOCAL_HOUR
from bonafide.engine.state import State

from .bundles import make_bundle, open_made, rule
from .rules_made import OURS, RULE_ENGINE, RULES, WORDS, ZEN, Language, MadeRule, make_rules, render
from .stage import Bound, Measured, Ran, Side, Size, Stage, answers_file
from .trade import Trade

ENGINE: Final = "engine"
SINGLE: Final = "engine, one event a call"
BATCH: Final = "engine, in batch"
ROUNDS: Final = 3
STRETCH: Final = 2_048
"""Events of one call in batch."""
SINGLE_STRETCH: Final = 128
_EVENT_NUMBERS: Final = ("amount", "credit_limit", "credit_used", "instalments")
_WITHOUT: Final = "type == 'payout' and amount < 0"
"""The one rule of the bundle without rules, since a bundle has at least one."""


def features() -> list[dict[str, Any]]:
    """Forty features over four keys; smallest, largest and last are missing where there was nothing."""
    spans = {"count": ("1h", "24h", "7d", "30d"), "sum": ("24h", "7d", "30d"), "max": ("30d",), "min": ("7d",)}
    keys = {"user": "user_id", "merchant": "merchant_id", "device": "device_id"}
    made = [
        _feature(f"{short}_{take}_{over}", by, take, over, of=None if take == "count" else "amount")
        for short, by in keys.items() for take, overs in spans.items() for over in overs
    ]  # fmt: skip
    made += [_feature(f"{short}_since_last", by, "seconds_since_last", "7d") for short, by in keys.items()]
    made += [_feature(f"{short}_users_{over}", by, "distinct", over, of="user_id")
             for short, by in list(keys.items())[1:] for over in ("24h", "7d")]  # fmt: skip
    made += [
        _feature(f"user_merchants_{over}", "user_id", "distinct", over, of="merchant_id") for over in ("7d", "30d")
    ]
    pair = ["user_id", "merchant_id"]
    return [*made, *(_feature(f"pair_count_{over}", pair, "count", over) for over in ("24h", "7d", "30d")),
            _feature("pair_since_last", pair, "seconds_since_last", "30d")]  # fmt: skip


def _feature(name: str, by: str | list[str], take: str, over: str, of: str | None = None) -> dict[str, Any]:
    return {"name": name, "event": "payment", "by": by, "take": take, "over": over} | ({"of": of} if of else {})


def make_inputs(folder: Path, size: Size) -> None:
    """Make the rules for a log, bundles with and without them, and the events as the other engines take them."""
    rows = _payments(size["events"])
    plain = make_bundle(folder / "without", features(), [rule(0, _WITHOUT)])
    state = _fresh(plain)
    answers = state.walk(rows, np.full(len(rows), READ, dtype=np.int64)).answers
    names = [told["name"] for told in features()]
    columns: dict[str, NDArray[Any]] = dict(zip(names, answers.T, strict=False))
    columns |= {name: rows[:, FIELDS[name].place].astype(np.float64) for name in _EVENT_NUMBERS}
    columns["local_hour"] = rows[:, LOCAL_HOUR].astype(np.float64)
    for name in WORDS:
        places = rows[:, FIELDS[name].place].tolist()
        columns[name] = np.array([None if code == ABSENT else ALL_WORDS[code] for code in places], dtype=object)
    made = make_rules(columns)
    (folder / "rules.json").write_bytes(msgspec.json.encode(made))
    make_bundle(folder / "with", features(), [rule(i, render(one, OURS)) for i, one in enumerate(made)])
    first = {name: values[: size["peer events"]] for name, values in columns.items()}
    shown = {name: pl.Series(v.tolist(), dtype=pl.String) if name in WORDS else pl.Series(v, nan_to_null=True)
             for name, v in first.items()}  # fmt: skip
    pl.DataFrame(shown).write_parquet(folder / "events.parquet")


def _payments(count: int) -> NDArray[np.int64]:
    """The first events of a log ten times as long, of those the payments."""
    trade = Trade(10 * count)
    rows = np.concatenate([trade.rows(first, last) for first, last in trade.pieces(0, count)])
    payments: NDArray[np.int64] = rows[rows[:, FIELDS["pay_with"].place] != ABSENT]
    return payments


def _fresh(bundle: Path) -> State:
    return State(open_made(bundle).compiled, DEFAULT_SECRET, load_kernels())


def _extra_us(folder: Path, rows: NDArray[np.int64], stretch: int, piece: int) -> tuple[float, NDArray[np.float64]]:
    """Microseconds an event that the rules add, and the hits: events x rules, 1 or 0.

    States with and without the rules take turns over stretches of the events, `piece` of them a call. Of the stretches
    the median difference is told, in time on the processor, so that other work on the machine does not stand in it.
    """
    extra, hits = [], []
    for number in range(ROUNDS):
        states = [_fresh(folder / name) for name in ("without", "with")]
        verdicts = []
        for place, at in enumerate(range(0, len(rows) - stretch + 1, stretch)):
            parts = [rows[i : i + piece] for i in range(at, at + stretch, piece)]
            taken = [0.0, 0.0]
            for which in (0, 1) if (place + number) % 2 else (1, 0):  # neither always finds the caches warm
                taken[which], walked = _walk(states[which], parts)
                if which:
                    verdicts.append(walked)
            extra.append((taken[1] - taken[0]) / stretch * 1e6)
        hits = verdicts
    words = np.concatenate(hits)[:, V_HITS:]
    bits = [words[:, r // HITS_PER_WORD] >> (r % HITS_PER_WORD) & 1 for r in range(RULES)]
    return median(extra), np.column_stack(bits).astype(np.float64)


def _walk(state: State, parts: list[NDArray[np.int64]]) -> tuple[float, NDArray[np.int64]]:
    """Seconds on the processor, and the verdicts."""
    given = [(part.copy(), np.full(len(part), READ, dtype=np.int64)) for part in parts]  # a walk completes its rows
    verdicts = []
    begin = thread_time()
    for part, how in given:
        verdicts.append(state.walk(part, how).verdicts)
    return thread_time() - begin, np.concatenate(verdicts)


def run_engine(folder: Path, size: Size) -> Ran:
    """The engine, an event a call and in batch; both must give the same hits."""
    rows = _payments(size["events"])
    batch_us, hits = _extra_us(folder, rows, STRETCH, STRETCH)
    single_us, own = _extra_us(folder, rows[: size["single events"]], SINGLE_STRETCH, 1)
    np.save(answers_file(folder, ENGINE), hits)
    made = _made(folder)
    operators = sum(one.operators for one in made) / len(made)
    names = len(features()) + len(_EVENT_NUMBERS) + len(WORDS) + 1
    told = (
        f"{len(made)} rules of {operators:.1f} operators over {names} names; a rule holds for {hits.mean():.1%} of "
        f"events, and {(hits.any(axis=1)).mean():.0%} of events meet some rule"
    )
    return Ran({SINGLE: single_us, BATCH: batch_us}, (told,), bool((own == hits[: len(own)]).all()))


def _made(folder: Path) -> list[MadeRule]:
    return msgspec.json.decode((folder / "rules.json").read_bytes(), type=list[MadeRule])


def _records(folder: Path) -> list[dict[str, Any]]:
    """Events as dictionaries; whole numbers as integers, which the others compare faster."""
    frame = pl.read_parquet(folder / "events.parquet")
    return [
        {name: int(v) if isinstance(v, float) and v.is_integer() else v for name, v in record.items()}
        for record in frame.iter_rows(named=True)
    ]


def _texts(folder: Path, language: Language) -> list[str]:
    return [render(one, language) for one in _made(folder)]


def run_zen(folder: Path, size: Size) -> Ran:
    """zen-engine: all rules in one compiled expression, a list, so that an event's fields are converted once."""
    import zen

    records = _records(folder)
    expression = zen.compile_expression(f"[{', '.join(_texts(folder, ZEN))}]")
    begin = process_time()
    hits = [expression.evaluate(record) for record in records]
    seconds = process_time() - begin
    np.save(answers_file(folder, "zen-engine"), np.array(hits, dtype=np.float64))
    return Ran({"zen-engine": seconds / len(records) * 1e6})


def run_rule_engine(folder: Path, size: Size) -> Ran:
    """rule-engine: a compiled rule each."""
    import rule_engine  # type: ignore[import-untyped]

    records = _records(folder)
    rules = [rule_engine.Rule(text) for text in _texts(folder, RULE_ENGINE)]
    begin = process_time()
    hits = [[one.matches(record) for one in rules] for record in records]
    seconds = process_time() - begin
    np.save(answers_file(folder, "rule-engine"), np.array(hits, dtype=np.float64))
    return Ran({"rule-engine": seconds / len(records) * 1e6})


STAGE: Final = Stage(
    "rules",
    "thirty rules over the fields and features of an event",
    make_inputs,
    {
        ENGINE: Side(
            run_engine,
            {SINGLE: Measured("us", target=Bound("<=", 1.2)), BATCH: Measured("us", target=Bound("<=", 0.4))},
        ),
        "zen-engine": Side(run_zen, {"zen-engine": Measured("us", SINGLE)}, ("zen-engine",), ENGINE),
        "rule-engine": Side(run_rule_engine, {"rule-engine": Measured("us", SINGLE)}, ("rule-engine",), ENGINE),
    },
    {
        "quick": {"events": 20_000, "single events": 4_000, "peer events": 1_000},
        "normal": {"events": 100_000, "single events": 30_000, "peer events": 10_000},
    },
    notes=(
        "the engine's figures are what rules add to a walk over the same events",
        "names that may be missing are guarded in every language, so that the rules mean the same in all",
    ),
)
