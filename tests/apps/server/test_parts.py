"""The parts of a score: what is kept tells what a replay tells, it adds up, and only the office sees it."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Coroutine, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from urllib.parse import unquote

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.routing import Match

from bonafide.apps.runtime.runtime import Limits, Runtime
from bonafide.apps.server import parts_route
from bonafide.apps.server.parts import FAR, Named, NothingKeptError, Recorded, Teller
from bonafide.apps.server.parts_shapes import PartsAnswer
from bonafide.core.events import Event, Fact, Payment
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.codes import READ
from bonafide.engine.engine import Engine
from bonafide.engine.explain_score import tell_score
from bonafide.engine.pseudonyms import Known
from bonafide.engine.shipped import shipped_bundle
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.explain.folder import open_results
from bonafide.lab.explain.score import score_json
from bonafide.lab.explain.why import Explanation, explain
from bonafide.office.journal.journal import Journal
from tests.apps.server.bureau import Bureau, opened
from tests.apps.server.standin import TestSender
from tests.engine.beside.kit import rollout, tried
from tests.engine.kit import frame_of, payment
from tests.engine.modelled import modelled
from tests.engine.test_engine_same import LOGS, fixed_log
from tests.engine.tiny import payout, tiny
from tests.lab.runs import as_lines, replayed, small_bundle, write_bundle


def jumpy(folder: Path) -> Path:
    """A bundle with trees and a scorecard that warns of nearly everything."""
    path = modelled(folder) / "policy.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("from: 0.3,", "from: 0.01,"), encoding="utf-8")
    return folder


@cache
def jumpy_bundle() -> Bundle:
    with TemporaryDirectory() as name:
        return load_bundle(jumpy(Path(name) / "b"))


BUNDLES = st.sampled_from([
    jumpy_bundle, small_bundle, lambda: tried(tiny(), jumpy_bundle(), rollout(60)),
    lambda: tried(jumpy_bundle(), tiny(), rollout(60)),
])  # fmt: skip


def plain(told: object) -> Any:
    """As JSON has it: NaN is nothing, and equal to itself."""
    return msgspec.json.decode(msgspec.json.encode(told))


@settings(max_examples=10, deadline=None)
@given(log=LOGS, made=BUNDLES)
def test_what_is_kept_tells_what_deriving_again_tells_and_adds_up(log: list[Event], made: Any) -> None:
    whole = made()
    answers, _ = Engine(whole).answer_and_write(log, Known(), 10**9)
    frame = frame_of(log)
    batches = {
        arm: Engine(whole.part_in(arm)).decide_columns(kinds_of(frame), columns_of(frame), np.full(len(log), READ))
        for arm in ("champion", "challenger")
    }
    for i, (event, told) in enumerate(zip(log, answers, strict=True)):
        if told.outcome is None:
            assert told.basis is None
            continue
        decision = msgspec.json.decode(told.body, type=Recorded)
        part = whole.part_in(decision.arm)
        batch = batches["challenger" if decision.arm == "challenger" else "champion"]
        again = tell_score(
            part, batch.rows[i], batch.answers[i], decision.hits, decision.credit_score is not None, decision.degraded
        )  # fmt: skip
        inputs = None if told.basis is None else told.basis.inputs
        try:
            found = Teller(part).tell(Named(event.event_id, event.type), decision, inputs, most=512)
        except NothingKeptError:
            assert inputs is None
            assert (told.outcome, told.alert) == ("allow", False)
            continue
        margin = found.margin
        assert (margin.scored_by == "model") == (again.margin is not None)
        if again.margin is not None:
            assert (margin.base, margin.margin) == (again.margin.base, again.margin.margin)
            assert [(one.name, one.part) for one in margin.inputs] == [
                (one.input.name, one.part) for one in again.margin.largest
            ]
            assert [one.value for one in margin.inputs] == plain([one.value for one in again.margin.largest])
        parts = [margin.base, *(one.part for one in (*margin.rules, *margin.inputs))]
        assert sum(parts) == pytest.approx(margin.margin, abs=1e-9)
        shown = [margin.base_shown, *(one.shown for one in (*margin.rules, *margin.inputs))]
        assert round(sum(shown), 6) == margin.margin_shown
        if margin.scored_by == "rules":
            assert 1 - np.exp(-margin.margin) == pytest.approx(decision.score, abs=FAR)
        credit = found.credit
        assert (None if credit is None else credit.score) == decision.credit_score
        if credit is not None and 300 < credit.score < 900:
            assert credit.base + sum(one.points for one in credit.families) == credit.score


def test_only_what_people_look_at_is_kept() -> None:
    log = fixed_log()
    answers, _ = Engine(jumpy_bundle()).answer_and_write(log, Known(), 10**9)
    seen = {(told.outcome, told.basis is not None) for event, told in zip(log, answers, strict=True)
            if isinstance(event, Payment) and told.outcome}  # fmt: skip
    assert ("warn", True) in seen
    assert not seen & {("allow", True), ("warn", False), ("verify", False), ("hold", False), ("decline", False)}
    kinds = {event.type for event, told in zip(log, answers, strict=True) if told.basis is not None}
    assert kinds <= {"payment", "refund"}  # this bundle has no card of merchants
    (told, *_), _ = Engine(shipped_bundle("paylater")).answer_and_write([payout(1, 0)], Known(), 10**9)
    assert told.outcome == "allow"
    assert told.basis is not None
    assert len(told.basis.inputs) == len(shipped_bundle("paylater").inputs.merchant_scorecard)


class Beside:
    """A service over a runtime that keeps its log in a folder; use it as a context."""

    def __init__(self, desk: Bureau, bundle: Bundle, log: Sequence[Fact], days: int = 180) -> None:
        self.desk, self._log = desk, log
        folder = desk.data.folder / "log"
        self.journal = Journal.open(folder)
        limits = Limits(deadline_ms=60_000, basis_days=days)
        self._runtime = Runtime(lambda: Engine(bundle), self.journal, folder, limits, wall_ms=lambda: desk.now_ms)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever)

    def __enter__(self) -> Beside:
        self._thread.start()
        self._runtime.start()
        self._within(self._begin())
        return self

    def __exit__(self, *_: object) -> None:
        self._within(self._runtime.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def ask(self, path: str, who: str = "analyst") -> Any:
        return self.desk.as_machine(self.desk.key(who), "GET", path)

    async def _begin(self) -> None:
        self._runtime.run(asyncio.get_running_loop())
        self.desk.service.begin(self._runtime)  # type: ignore[arg-type]
        await self._runtime.decide(self._log, [b""] * len(self._log), TestSender())

    def _within(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()


def test_the_parts_over_http_are_those_that_a_replay_explains(tmp_path: Path) -> None:
    folder = jumpy(tmp_path / "bundle")
    log = [one for one in fixed_log()[:48] if one.type in ("payment", "refund", "payout")]
    for name, bundle in (("jumpy", load_bundle(folder)), ("small", small_bundle())):
        (tmp_path / f"{name}.ndjson").write_bytes(as_lines(log))
        replayed(tmp_path / name, tmp_path / f"{name}.ndjson", bundle=bundle)
        if name == "small":
            write_bundle(tmp_path / name / "bundle")
        else:
            folder.rename(tmp_path / name / "bundle")
        (tmp_path / f"d-{name}").mkdir()
        with opened(tmp_path / f"d-{name}") as desk, Beside(desk, bundle, log) as here:
            asked = 0
            for event in log[:: 12 if name == "jumpy" else 9]:
                got = here.ask(f"/v1/decisions/{event.event_id}/parts?inputs=512")
                if got.status != 200:
                    continue
                asked += 1
                found = msgspec.convert(got.json, PartsAnswer, strict=False)
                told = explain(open_results(tmp_path / name), event.event_id, Engine, lambda chunk: None)
                assert isinstance(told, Explanation)
                assert told.derived is not None
                score = score_json(told.derived.score)
                if score["margin"] is not None:
                    assert {one.rule: one.part for one in found.margin.rules} == score["margin"]["rules"]
                    assert {one.code: one.part for one in found.margin.by_reason} == score["margin"]["reasons"]
                    assert [(one.name, one.value, one.part) for one in found.margin.inputs] == [
                        (one["name"], one["value"], one["part"]) for one in score["margin"]["inputs"]
                    ]
                if score["credit"] is not None:
                    assert found.credit is not None
                    assert {one.family: one.points for one in found.credit.families} == score["credit"]["families"]
            assert asked > 1


def test_only_the_office_sees_parts_and_whoever_finds_none_hears_why(tmp_path: Path) -> None:
    log = [payment(i, i, amount=900) for i in range(3)]
    log = [msgspec.structs.replace(log[0], event_id="a/parts"), *log[1:]]
    with opened(tmp_path) as desk, Beside(desk, jumpy_bundle(), log) as here:
        for who, status in (("platform", 403), ("partner", 403), ("legal", 200), ("auditor", 200), ("admin", 200)):
            assert here.ask("/v1/decisions/e1/parts", who).status == status
        assert here.ask("/v1/decisions/a/parts/parts").json["event_id"] == "a/parts"
        assert [route_of(desk, raw) for raw in (b"a/parts", b"a%2Fparts", b"a%2Fparts/parts")] == [
            "/v1/decisions/{event_id:path}/parts", "/v1/decisions/{event_id:path}",
            "/v1/decisions/{event_id:path}/parts",
        ]  # fmt: skip
        assert here.ask("/v1/decisions/a%2Fparts").json["event_id"] == "a/parts"
        one = here.ask("/v1/decisions/e1/parts?inputs=1").json["margin"]
        assert (len(one["inputs"]), one["others"]["inputs"]) == (1, 2)
        assert here.ask("/v1/decisions/e1/parts?inputs=513").status == 422
        assert "no event of this id" in here.ask("/v1/decisions/e9/parts").json["detail"]
        assert here.journal.expire_bases(desk.now_ms + 1) == 3
        assert "is not kept" in here.ask("/v1/decisions/e1/parts").json["detail"]


def test_compiling_is_left_to_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was never done on this machine: here the events that are decided meanwhile would wait."""
    ran = list[Any]()
    monkeypatch.setattr(parts_route, "is_loaded", lambda: False)
    monkeypatch.setattr(parts_route, "is_compiled", lambda: bool(ran))
    monkeypatch.setattr(parts_route.subprocess, "run", lambda command, **more: ran.append(command))
    for bundle in (small_bundle(), jumpy_bundle(), jumpy_bundle()):
        parts_route.have_ready(bundle)
    (command,) = ran
    assert command[-1].endswith("from bonafide.engine.trees.ready import make_ready; make_ready()")


def route_of(desk: Bureau, raw: bytes) -> str:
    """The route that takes a path, as a server hands it over: decoded, and as it was sent."""
    scope = {"type": "http", "method": "GET", "path": unquote(f"/v1/decisions/{raw.decode()}"),
             "raw_path": b"/v1/decisions/" + raw}  # fmt: skip
    routes: Any = desk.service._rest.router.routes
    return str(next(one.path for one in routes if one.matches(scope)[0] is Match.FULL))


def test_nothing_is_kept_where_the_setting_says_so(tmp_path: Path) -> None:
    log = [payment(1, 1, amount=900)]
    with opened(tmp_path) as desk, Beside(desk, jumpy_bundle(), log, days=0) as here:
        assert here.journal.inputs_of(0) is None


def test_compiling_that_takes_too_long_beside_is_left_to_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(command: list[str], **given: float) -> None:
        raise subprocess.TimeoutExpired(command, given["timeout"])

    monkeypatch.setattr(parts_route, "is_compiled", lambda: False)
    monkeypatch.setattr(subprocess, "run", endless)
    parts_route.compile_beside()
