"""One pass for several bundles decides as a replay of each, from one state or from several; kept features do, too."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from bonafide.core.errors import UsageError
from bonafide.core.events import Degraded, Event, ListChanged
from bonafide.engine.bundle import Bundle
from bonafide.engine.engine import DEFAULT_SECRET
from bonafide.engine.kernels import load_kernels
from bonafide.engine.shared.union import parties_of
from bonafide.lab.backtest.kept import HEAD, FolderKeeper, Kept, Log, StaleError, log_of
from bonafide.lab.backtest.run import Contender
from tests.engine.kit import START_MS
from tests.lab.backtest.kit import backtested, bundles, changed, logs, said, trees, write_log
from tests.lab.runs import replayed, small_bundle

FEW = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
LOG = Log(("log",), "read so")


@FEW
@given(st.lists(bundles(), min_size=1, max_size=3), st.booleans(), logs())
def test_decisions_are_those_of_a_replay_of_each_bundle(
    drawn: list[Bundle], with_trees: bool, log: list[Event]
) -> None:  # fmt: skip
    told = [*drawn, trees()] if with_trees else drawn
    event(f"{len(parties_of(told))} walks for {len(told)} bundles")
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = write_log(folder, log)
        streams = backtested(path, told, decisions=True).streams
        for number, (bundle, stream) in enumerate(zip(told, streams, strict=True)):
            run = replayed(folder / f"r{number}", path, bundle=bundle, rows=23)
            assert stream.digest == run.summary.digest
            assert int(stream.decided.sum()) == run.summary.decided
            assert_frame_equal(pl.read_parquet(folder / f"d{number}.parquet"), run.table("decisions"))


@FEW
@given(bundles(), st.booleans(), logs(), st.sampled_from(["0.15", "0.95"]))
def test_kept_features_are_judged_as_a_replay_does(
    bundle: Bundle, with_trees: bool, log: list[Event], weight: str
) -> None:  # fmt: skip
    base = trees() if with_trees else bundle
    rules = tuple(rule._replace(weight=float(weight)) if i == 0 else rule for i, rule in enumerate(base.rules))
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = write_log(folder, [one for one in log if not isinstance(one, ListChanged)] or [Degraded(
            event_id="d", time=START_MS, parts=())])  # fmt: skip
        edited = _reweighed(base, rules)
        backtested(path, [base], keep=(folder / "kept", LOG))
        kept = Kept(folder / "kept", LOG)
        contenders = [Contender("base", base), Contender("edited", edited)]
        found = kept.judge(contenders, load_kernels(), DEFAULT_SECRET, lambda done, total: None)
        whole = backtested(path, [base, edited])
        assert_frame_equal(found.events, whole.events)
        for one, other in zip(found.streams, whole.streams, strict=True):
            assert said(one) == said(other)


def _reweighed(bundle: Bundle, rules: tuple) -> Bundle:  # type: ignore[type-arg]
    from bonafide.engine.asked import conditions
    from bonafide.engine.compiled import compile_bundle

    scheme, asked = bundle.compiled.scheme, conditions(rules, bundle.policy, bundle.lists, {})
    compiled = compile_bundle(bundle.features, asked, bundle.settings, scheme=scheme)
    return bundle._replace(rules=rules, compiled=compiled, hash="edited")


def test_who_shares_a_state_and_why_others_do_not(tmp_path: Path) -> None:
    small = small_bundle()
    wider = changed(tmp_path / "a", features="- {name: more, event: payment, by: merchant_id, take: count, over: 1h}\n")
    late = changed(tmp_path / "b", bundle=(tmp_path / "a" / "bundle.yaml").read_text().replace("2d", "1d"))
    loops = changed(tmp_path / "c", features="- {name: l, event: loop_closed, by: user_id, take: count, over: 30d}\n")
    groups = changed(tmp_path / "d", features="- {name: g, event: grouped, by: user_id, take: count, over: 30d}\n")
    parties = parties_of([small, wider, late, loops, groups])
    assert [party.bundles for party in parties] == [(0, 1, 3), (2,), (4,)]
    assert parties[0].apart is None
    assert parties[1].apart == "its bundle.yaml differs in lateness, which what is kept depends on"
    assert parties[2].apart == "it counts other established events by user_id"
    assert [len(c) for c in parties[0].union.columns] == [len(b.features) for b in (small, wider, loops)]


def test_what_is_kept_is_refused_where_it_does_not_fit(tmp_path: Path) -> None:
    path = write_log(tmp_path, [])
    path.write_bytes(b'{"type":"login","event_id":"l","time":1,"subject_type":"user","subject_id":"u"}\n')
    small, kept = small_bundle(), tmp_path / "kept"
    log = log_of([path], (b"a",))
    backtested(path, [small], keep=(kept, log))
    Kept(kept, log).need(small)
    path.write_bytes(path.read_bytes() * 2)
    for other, told in ((log_of([path], (b"a",)), "another log"), (log._replace(given="b"), "another log")):
        with pytest.raises(StaleError, match=told):
            Kept(kept, other)
    listed = tmp_path / "listed.ndjson"
    listed.write_bytes(b'{"type":"list_changed","event_id":"c","time":1,"list":"block","action":"add","entry":"u"}\n')
    backtested(listed, [small], keep=(tmp_path / "moved", LOG))
    with pytest.raises(StaleError, match="the log changes lists"):
        Kept(tmp_path / "moved", LOG)
    more = changed(tmp_path / "m", features="- {name: more, event: payment, by: merchant_id, take: count, over: 1h}\n")
    late = changed(tmp_path / "l", bundle=(tmp_path / "m" / "bundle.yaml").read_text().replace("2d", "1d"))
    for bundle, told in ((more, "does not keep more|keep "), (late, "settings of bundle.yaml differ")):
        with pytest.raises(StaleError, match=told):
            Kept(kept, log).need(bundle)
    (tmp_path / "e" / "lists").mkdir(parents=True)
    until = "- {id: u, reason: r, author: a, until: 2026-01-05T00:00:00Z}\n"
    (tmp_path / "e" / "lists" / "known.yaml").write_text(until, encoding="utf-8")
    ends = changed(tmp_path / "e", rules="- {id: LISTED, when: user_id in known, " + _RULE.split(", ", 2)[2])
    with pytest.raises(StaleError, match="end at their time"):
        Kept(kept, log).need(ends)
    follows = changed(tmp_path / "f", rules=_RULE)
    with pytest.raises(StaleError, match="which was not followed"):
        Kept(kept, log).need(follows)
    (kept / "events.parquet").write_bytes(b"")
    with pytest.raises(StaleError, match=r"events\.parquet is damaged"):
        Kept(kept, log)
    (kept / HEAD).write_text("{}")
    with pytest.raises(StaleError, match="another version"):
        Kept(kept, log)


_RULE = "- {id: HOME, when: brought_home > 0, typology: broker_ring, weight: 0.4, reason: RC1, source: test}\n"


def test_kept_features_never_take_the_place_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="holds no kept features"):
        FolderKeeper(tmp_path / "mine", LOG, [small_bundle()])
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def test_an_unfinished_walk_keeps_nothing(tmp_path: Path) -> None:
    keeper = FolderKeeper(tmp_path / "kept", LOG, [small_bundle()])
    keeper.discard()
    assert list(tmp_path.iterdir()) == []
