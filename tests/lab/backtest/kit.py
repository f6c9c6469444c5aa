"""Bundles and logs for the tests of back-tests, and runs of both."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st

from bonafide.core.events import Degraded, Event, ListChanged
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.engine import DEFAULT_SECRET
from bonafide.engine.kernels import load_kernels
from bonafide.lab.backtest.kept import FolderKeeper, Log
from bonafide.lab.backtest.run import BacktestRun, Contender
from bonafide.lab.backtest.streams import Stream, Streams
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.testing.generators import events
from tests.engine.kit import START_MS
from tests.engine.modelled import modelled
from tests.lab.runs import BUNDLE, as_lines

TIMES = st.integers(0, 2_000).map(lambda minute: START_MS + minute * 60_000)
FEATURES = (
    "- {name: user_count_1h, event: payment, by: user_id, take: count, over: 3h}",
    "- {name: user_sum_7d, event: payment, by: user_id, take: sum, of: amount, over: 7d}",
    "- {name: shop_users, event: payment, by: merchant_id, take: distinct, of: user_id, over: 1d}",
    "- {name: shop_busy, event: payment, by: merchant_id, take: mean, of: user_mean_1d, over: 7d}",
    "- {name: user_loops, event: loop_closed, by: user_id, take: count, over: 30d}",
    "- {name: user_grouped, event: grouped, by: user_id, take: count, over: 30d}",
)
"""Lines for features.yaml; the first says a name of the small bundle otherwise, the last two count other events."""
RULE = "- {{id: {id}, when: {when!r}, typology: broker_ring, weight: {weight}, reason: RC1, source: test}}\n"
CONDITIONS = (
    "user_count_1h >= 1", "merchant_refunds >= 1 or user_cash_out >= 1", "amount > user_mean_1d", "brought_home > 0",
    "shares >= 1", "type == 'payout' and amount > 100", "utilisation > 0.5",
)  # fmt: skip


def changed(folder: Path, **files: str) -> Bundle:
    """The small bundle with whole files replaced; `features` and `rules` are added to those it has."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in BUNDLE.items():
        key = name.removesuffix(".yaml")
        told = text + files[key] if key in ("features", "rules") and key in files else files.get(key, text)
        (folder / name).write_text(told, encoding="utf-8")
    return load_bundle(folder)


@cache
def trees() -> Bundle:
    """A bundle with trees and a scorecard, which keeps another lateness than the small one."""
    with TemporaryDirectory() as folder:
        return load_bundle(modelled(Path(folder) / "modelled"))


@st.composite
def bundles(draw: st.DrawFn) -> Bundle:
    """The small bundle with other features, rules, weights, bands or settings."""
    added = draw(st.lists(st.sampled_from(FEATURES), max_size=3, unique=True))
    rules = "".join(
        RULE.format(id=f"X{i}", when=when, weight=draw(st.sampled_from([0.2, 0.5, 0.9])))
        for i, when in enumerate(draw(st.lists(st.sampled_from(CONDITIONS), max_size=4, unique=True)))
    )
    features = BUNDLE["features.yaml"]
    for line in added:
        if "user_count_1h" in line:
            features = features.replace(BUNDLE["features.yaml"].strip().splitlines()[0], line)
        else:
            features += line + "\n"
    policy = BUNDLE["policy.yaml"].replace("0.35", draw(st.sampled_from(["0.35", "0.1"])))
    policy += draw(st.sampled_from(["", "lists: [{list: block, of: user_id, effect: block, outcome: decline}]\n"]))
    settings = BUNDLE["bundle.yaml"].replace("2d", draw(st.sampled_from(["2d", "2d", "1d"])))
    with TemporaryDirectory() as folder:
        for name, text in {**BUNDLE, "features.yaml": features, "rules.yaml": BUNDLE["rules.yaml"] + rules,
                           "policy.yaml": policy, "bundle.yaml": settings}.items():  # fmt: skip
            (Path(folder) / name).write_text(text, encoding="utf-8")
        return load_bundle(Path(folder))


@st.composite
def logs(draw: st.DrawFn, most: int = 60) -> list[Event]:
    """Events of every type, in about the order of their times, with now and then a part that does not answer, or
    somebody who is blocked for some hours."""
    found: list[Any] = draw(st.lists(events(times=TIMES, pool=3), min_size=1, max_size=most))
    found.sort(key=lambda event: event.time + 90_000_000 * (sum(event.event_id.encode()) % 7 == 0))
    for number, parts in enumerate(draw(st.lists(st.sampled_from([("model",), ()]), max_size=2))):
        place = draw(st.integers(0, len(found) - 1))
        found.insert(place, Degraded(event_id=f"d{number}", time=found[place].time, parts=parts))
    if draw(st.booleans()):
        place = draw(st.integers(0, len(found) - 1))
        time, entry = found[place].time, draw(st.sampled_from(["u0", "u1"]))
        end = draw(st.none() | st.just(time + 36_000_000))
        told: Any = {"list": "block", "action": "add", "entry": entry, "expires": end, "by": "ann"}
        found.insert(place, ListChanged(event_id="block", time=time, **told))
    return found


def write_log(folder: Path, log: Sequence[Event]) -> Path:
    path = folder / "log.ndjson"
    path.write_bytes(as_lines(log))
    return path


def backtested(
    path: Path, told: Sequence[Bundle], *, keep: tuple[Path, Log] | None = None, decisions: bool = False, rows: int = 17
) -> Streams:
    """A pass over a log, a few records at a time."""
    contenders = [
        Contender(f"b{i}", bundle, path.parent / f"d{i}.parquet" if decisions else None)
        for i, bundle in enumerate(told)
    ]
    with RejectWriter() as rejects:
        keeper = None if keep is None else FolderKeeper(*keep, told)
        run = BacktestRun(contenders, load_kernels(), DEFAULT_SECRET, [path], rejects, keeper)
        for chunk in read_chunks([path], None, None, rejects, rows):
            run.feed(chunk)
        return run.finish()


def said(stream: Stream) -> list[Any]:
    """What a stream says of every event, whatever the order in which it met it."""
    return [
        (None if which < 0 else stream.said[which], score, credit)
        for which, score, credit in zip(
            stream.which.tolist(), stream.score_e6.tolist(), stream.credit.tolist(), strict=True
        )
    ]  # fmt: skip
