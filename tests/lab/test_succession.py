"""Replays that go on with the bundles that their log activates, as an engine that swapped there decided."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.decision import Decision
from bonafide.core.errors import StateError, UsageError
from bonafide.core.events import BundleActivated, Event
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.engine import Engine, Warming
from bonafide.engine.swap import swap_kind
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.lab.replay import Replay, run_replay
from bonafide.lab.succession import Succession
from bonafide.testing.generators import events
from tests.engine.kit import START_MS, payment
from tests.lab.runs import Run, as_lines, small_bundle, write_bundle

TIMES = st.integers(0, 2_000).map(lambda minute: START_MS + minute * 60_000)
MORE = """
- {name: user_loops, event: loop_closed, by: user_id, take: count, over: 30d}
- {name: user_grouped, event: grouped, by: user_id, take: count, over: 30d}
"""


def variant(folder: Path, file: str, old: str, new: str) -> Bundle:
    """The small bundle with one text of one file replaced, in a folder that its hash names."""
    made = write_bundle(folder / "made")
    text = (made / file).read_text(encoding="utf-8")
    assert old in text or not old
    (made / file).write_text(text.replace(old, new) if old else text + new, encoding="utf-8")
    bundle = load_bundle(made)
    made.rename(folder / bundle.hash)
    return bundle


class Kept:
    """A folder with the small bundle, one that swaps at once, two that must be warmed, one that keeps another time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.small = variant(folder, "rules.yaml", "amount > 600", "amount > 600")
        self.stricter = variant(folder, "rules.yaml", "amount > 600", "amount > 6")
        self.longer = variant(folder, "features.yaml", "over: 1h", "over: 3h")
        self.following = variant(folder, "features.yaml", "", MORE)
        self.shorter = variant(folder, "bundle.yaml", "lateness: 2d", "lateness: 1h")

    @property
    def usable(self) -> tuple[Bundle, ...]:
        return self.small, self.stricter, self.longer, self.following


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return Kept(tmp_path_factory.mktemp("bundles"))


def activated(number: int, content: str, minute: int = 0) -> BundleActivated:
    return BundleActivated(event_id=f"b{number}", time=START_MS + minute * 60_000, bundle=content)


def replayed(out: Path, path: Path, bundles: Path | None, rows: int = 7) -> Run:
    """A replay of one file, `rows` records a chunk, with the bundles of a folder."""
    out.mkdir(parents=True, exist_ok=True)
    succession = None if bundles is None else Succession(bundles, lambda: read_chunks([path], chunk_rows=rows), 4)
    with RejectWriter(out / "rejects.ndjson") as rejects:
        run = Replay(Engine(small_bundle()), out, [path], rejects, succession=succession)
        chunks = read_chunks([path], None, None, rejects, rows)
        return Run(run_replay(chunks, run, lambda chunk: None, lambda: 0.0), out)


def lived(kept: Kept, log: Sequence[Event]) -> list[Decision]:
    """What an engine decided that swapped where the log says so, or was adopted from a warmed state there."""
    engine, answers = Engine(small_bundle()), []
    bundles = {bundle.hash: bundle for bundle in kept.usable}
    for i, event in enumerate(log):
        answer = engine.decide_one(event)
        if isinstance(answer, Decision):
            answers.append(answer)
        elif isinstance(event, BundleActivated) and answer.status == "taught" and event.bundle != engine.bundle.hash:
            bundle = bundles[event.bundle]
            try:
                engine.swap(bundle)
            except StateError:
                warming = Warming(engine, bundle)
                warming.absorb(log[: i + 1])
                engine.adopt(warming)
    return answers


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_replay_decides_as_the_engine_did_that_swapped(
    kept: Kept, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    usual = events(pool=2, times=TIMES).filter(lambda event: not isinstance(event, BundleActivated))
    records = st.builds(
        activated, st.integers(0, 5), st.sampled_from([b.hash for b in kept.usable]), st.integers(0, 2_000)
    )
    log = data.draw(st.lists(usual | usual | usual | records, min_size=1, max_size=40))
    folder = tmp_path_factory.mktemp("run")
    path = folder / "log.ndjson"
    path.write_bytes(as_lines(log))
    run = replayed(folder / "out", path, kept.folder)
    expected = lived(kept, log)
    table = run.table("decisions")
    assert table["bundle"].to_list() == [decision.bundle for decision in expected]
    assert table["outcome"].to_list() == [decision.outcome for decision in expected]
    assert table["seq"].to_list() == [decision.seq for decision in expected]
    assert (table["score"] * 1_000_000).round().cast(pl.Int64).to_list() == [d.score_e6 for d in expected]
    assert run.summary.bundle == run.summary.bundles[0] == small_bundle().hash
    shutil.rmtree(folder)


def log_with(*contents: str) -> list[Event]:
    """A payment, then after each activation two more."""
    log: list[Event] = [payment(0, 0, 100)]
    for number, content in enumerate(contents, 1):
        log += [activated(number, content), payment(number * 10, number, 100), payment(number * 10 + 1, number, 100)]
    return log


def test_every_bundle_of_the_way_is_named(kept: Kept, tmp_path: Path) -> None:
    contents = [kept.stricter.hash, kept.following.hash, kept.following.hash, kept.small.hash, kept.longer.hash]
    path = tmp_path / "log.ndjson"
    path.write_bytes(as_lines(log_with(*contents)))
    assert swap_kind(kept.small, kept.stricter) == "at-once"
    assert {swap_kind(kept.small, one) for one in (kept.longer, kept.following, kept.shorter)} == {"warm"}
    run = replayed(tmp_path / "out", path, kept.folder)
    assert run.summary.bundles == [kept.small.hash, *contents[:2], *contents[3:]]
    assert run.table("decisions")["bundle"].n_unique() == 4


def test_without_the_folder_an_activation_only_teaches(kept: Kept, tmp_path: Path) -> None:
    path = tmp_path / "log.ndjson"
    path.write_bytes(as_lines(log_with(kept.stricter.hash, "nowhere")))
    run = replayed(tmp_path / "out", path, None)
    assert run.summary.bundles == [kept.small.hash]
    assert (run.summary.decided, run.summary.taught) == (5, 2)


def test_a_bundle_that_is_not_there_is_refused(kept: Kept, tmp_path: Path) -> None:
    path = tmp_path / "log.ndjson"
    for content in ("f" * 64, "../made", "..", "made"):
        path.write_bytes(as_lines(log_with(content)))
        with pytest.raises(UsageError, match=r"the log activates the bundle .*, and there is no folder of this name"):
            replayed(tmp_path / "out", path, kept.folder)


def test_a_bundle_under_another_hash_is_refused(kept: Kept, tmp_path: Path) -> None:
    shutil.copytree(kept.folder / kept.stricter.hash, tmp_path / "bundles" / ("0" * 64))
    path = tmp_path / "log.ndjson"
    path.write_bytes(as_lines(log_with("0" * 64)))
    with pytest.raises(UsageError, match=f"the hash of what is there is {kept.stricter.hash}"):
        replayed(tmp_path / "out", path, tmp_path / "bundles")


def test_a_bundle_under_which_other_events_had_come_in_cannot_take_over(kept: Kept, tmp_path: Path) -> None:
    late = [payment(1, 7_200_000), payment(2, 0), *log_with(kept.shorter.hash)[1:]]
    path = tmp_path / "log.ndjson"
    path.write_bytes(as_lines(late))
    with pytest.raises(StateError, match="cannot take over at event 3 of the log"):
        replayed(tmp_path / "out", path, kept.folder)
