"""A trial in a running service: into it and out of it while events come, through stops, and again from the log."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

from bonafide.apps.server.shapes import DecisionAnswer
from bonafide.core.events import Fact
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.bundles.files import read_sources
from bonafide.engine.bundles.head import TrialHead
from bonafide.engine.bundles.trial_files import trial_files
from bonafide.engine.engine import Engine
from bonafide.lab.inputs import RejectWriter, read_chunks
from bonafide.lab.replay import Replay, run_replay
from bonafide.lab.succession import Succession
from tests.apps.runtime.rig import Rig, told, within
from tests.apps.runtime.test_activation import NEW_FEATURE, NEW_RULE, activate, log_of
from tests.engine.kit import SECRET, payment
from tests.engine.tiny import TINY, tiny

USERS = 12


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of bundles by their hashes, which the rig finds, too."""
    monkeypatch.setattr(Rig, "bundles", {})
    shutil.copytree(TINY, tmp_path / "kept" / tiny().hash)
    return tmp_path / "kept"


def trial(kept: Path, head: TrialHead) -> Bundle:
    """The tiny bundle with a challenger that needs more to be kept, and finds more."""
    wider = kept.parent / "wider"
    if not wider.exists():
        shutil.copytree(TINY, wider)
        for file, text in (("features.yaml", NEW_FEATURE), ("rules.yaml", NEW_RULE)):
            (wider / file).write_text((wider / file).read_text() + text)
    folder = kept.parent / "whole"
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in trial_files(read_sources(TINY).contents, read_sources(wider).contents, head).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)
    bundle = load_bundle(folder)
    folder.rename(kept / bundle.hash)
    Rig.bundles[bundle.hash] = bundle
    return bundle


def paying(turn: int) -> list[Fact]:
    """Two payments of each user."""
    return [
        payment(100 * turn + i, (100 * turn + i) * 1_000, amount=100 + i, user_id=f"u{i % USERS}")
        for i in range(2 * USERS)
    ]


def arms_of(answers: list[Any]) -> dict[str, set[Any]]:
    found: dict[str, set[Any]] = {}
    for i, answer in enumerate(answers):
        found.setdefault(f"u{i % USERS}", set()).add(answer.get("arm"))
    return found


def test_arms_stay_through_activations_and_stops_and_come_again_from_the_log(tmp_path: Path, kept: Path) -> None:
    few, more = (trial(kept, TrialHead("rollout", percent, 20.0, "autumn")) for percent in (30.0, 60.0))

    async def begin(rig: Rig) -> list[list[Any]]:
        plain = told(await rig.send(*paying(0)))
        await activate(rig, few)
        first = told(await rig.send(*paying(1)))
        await activate(rig, more)
        second = told(await rig.send(*paying(2)))
        assert rig.runtime.figures.arms.total() == 4 * USERS
        assert len(rig.runtime.engine.draws) == USERS
        return [plain, first, second]

    async def go_on(rig: Rig) -> list[list[Any]]:
        await activate(rig, more)  # each start of the rig begins with the tiny bundle
        third = told(await rig.send(*paying(3)))
        await activate(rig, tiny())
        plain = told(await rig.send(*paying(4)))
        return [third, plain]

    async def end(rig: Rig) -> list[list[Any]]:
        await activate(rig, more)
        return [told(await rig.send(*paying(5)))]

    plain, first, second = within(tmp_path / "data", begin)
    shutil.rmtree(tmp_path / "data" / "snapshots")
    third, after = within(tmp_path / "data", go_on)
    (last,) = within(tmp_path / "data", end)
    arms = [arms_of(answers) for answers in (first, second, third, last)]
    assert all(len(one) == 1 for found in arms for one in found.values())
    assert arms[1] == arms[2] == arms[3]
    assert Counter(one for found in arms[:2] for one in map(str, found.values())).keys() >= {"{'control'}"}
    assert all(now == was or (was, now) == ({"champion"}, {"challenger"}) for was, now in
               zip(arms[0].values(), arms[1].values(), strict=True))  # fmt: skip
    assert all("arm" not in answer for answer in (*plain, *after))
    assert all(msgspec.convert(answer, DecisionAnswer).arm == answer["arm"] for answer in last)
    assert {answer["arm"] for answer in last if "BUSY" in answer["hits"]} == {"challenger"}
    _assert_replay_says_the_same(tmp_path, kept)


def _assert_replay_says_the_same(tmp_path: Path, kept: Path) -> None:
    events, answers, _ = log_of(tmp_path / "data")
    path, out = tmp_path / "log.ndjson", tmp_path / "replayed"
    path.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in events))
    out.mkdir()
    with RejectWriter(out / "rejects.ndjson") as rejects:
        succession = Succession(kept, lambda: read_chunks([path], chunk_rows=7), 7)
        run = Replay(Engine(tiny(), secret=SECRET), out, [path], rejects, succession=succession)
        run_replay(read_chunks([path], None, None, rejects, 7), run, lambda chunk: None, lambda: 0.0)
    table = pl.read_parquet(out / "decisions.parquet")
    decided = [answer for answer in answers if "outcome" in answer]
    told = table.select("seq", "outcome", "score", "hits", "bundle", "arm").to_dicts()
    names = ("seq", "outcome", "score", "hits", "bundle")
    assert told == [{**{name: one[name] for name in names}, "arm": one.get("arm")} for one in decided]


def test_a_shadow_changes_nothing_and_is_counted(tmp_path: Path, kept: Path) -> None:
    shadow = trial(kept, TrialHead("shadow"))

    async def use(rig: Rig) -> list[Any]:
        await activate(rig, shadow)
        answers = told(await rig.send(*paying(0)))
        await asyncio.sleep(0)
        assert rig.runtime.figures.shadow.total() == 2 * USERS
        assert any(ours != theirs for ours, theirs in rig.runtime.figures.shadow)
        return answers

    answers = within(tmp_path / "data", use)
    alone = [msgspec.json.decode(one.body) for one in Engine(tiny(), secret=SECRET).answer(paying(0))]
    names = ("outcome", "score", "hits", "risk_level", "reasons")
    assert [[one[name] for name in names] for one in answers] == [[one[name] for name in names] for one in alone]
