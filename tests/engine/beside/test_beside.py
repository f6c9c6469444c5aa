"""A trial decides as two plain engines side by side with a function that picks the arm, however events come in."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from bonafide.core.decision import Decision
from bonafide.core.events import AccountLink, Degraded, Event, Fact, ListChanged, Payout
from bonafide.engine.beside import arms as module
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.bundles.head import TrialHead
from bonafide.engine.codes import READ
from bonafide.engine.engine import Engine, Warming
from bonafide.engine.pseudonyms import Known
from bonafide.engine.shared.union import why_apart
from bonafide.engine.snapshot import read_snapshot, write_snapshot
from bonafide.engine.swap import NotSwappableError
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.decision_rows import canonical_lines
from bonafide.testing.generators import events
from bonafide.testing.ladder.playground import brisk_ladder, hits, playground, write_playground
from tests.engine.beside.kit import SHADOW, WHOLE, decided_by_hand, rollout, tried, without_measures
from tests.engine.kit import HOUR_MS, START_MS, decision_in, frame_of, payment
from tests.engine.modelled import modelled
from tests.lab.backtest.kit import RULE, TIMES, bundles, changed, logs, trees
from tests.lab.runs import small_bundle

FEW = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
TRIALS = st.just(SHADOW) | st.builds(
    rollout, st.sampled_from([0, 30, 60, 60]), st.sampled_from([0, 12.5, 40]), st.sampled_from(["autumn", "春"])
)  # fmt: skip


@cache
def jumpy_trees() -> Bundle:
    """The bundle with trees under a policy that warns of nearly everything, and with another scorecard."""
    with TemporaryDirectory() as name:
        folder = modelled(Path(name) / "jumpy")
        policy = (folder / "policy.yaml").read_text(encoding="utf-8")
        assert "from: 0.3," in policy
        (folder / "policy.yaml").write_text(policy.replace("from: 0.3,", "from: 0.01,"), encoding="utf-8")
        card = (folder / "model" / "scorecard.yaml").read_text(encoding="utf-8")
        assert "base: 650" in card
        (folder / "model" / "scorecard.yaml").write_text(card.replace("base: 650", "base: 655"), encoding="utf-8")
        return load_bundle(folder)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Bundle, Bundle]:
    """Two bundles that can stand together."""
    if draw(st.integers(0, 4)) == 0:
        return (trees(), jumpy_trees()) if draw(st.booleans()) else (jumpy_trees(), trees())
    first, second = draw(bundles()), draw(bundles())
    assume(why_apart((first, second)) is None)
    return first, second


@st.composite
def mixed(draw: st.DrawFn) -> list[Event]:
    """Events of every type, with more of those that are decided on."""
    decided = events({"payment", "refund", "payout", "transfer"}, times=TIMES, pool=4)
    found = [*draw(logs(20)), *draw(st.lists(decided, min_size=1, max_size=25))]
    return sorted(found, key=lambda one: one.time + 90_000_000 * (sum(one.event_id.encode()) % 7 == 0))


@FEW
@given(pairs(), TRIALS, mixed(), st.integers(1, 9), st.integers(0, 40))
def test_a_trial_decides_as_two_engines_side_by_side_however_events_come_in(
    pair: tuple[Bundle, Bundle], told: TrialHead, log: list[Event], size: int, cut: int
) -> None:
    whole = tried(*pair, told)
    expected = decided_by_hand(*pair, log, told)
    event(f"{told.mode}, {len({one.arm for one in expected if isinstance(one, Decision)})} arms")
    assert [Engine(whole).decide(log), *_one_by_one(whole, log)] == [expected, expected]
    cuts, bodies = Engine(whole), Engine(whole, secret=b"another secret..")
    assert [a for i in range(0, len(log), size) for a in cuts.decide(log[i : i + size])] == expected
    told_bodies = [a.body for a in bodies.answer(log) if a.outcome]
    assert told_bodies == [msgspec.json.encode(a.to_wire()) for a in expected if isinstance(a, Decision)]
    _assert_columns_agree(whole, pair[1], log, expected)
    recovered, restored = Engine(whole), Engine(whole)
    recovered.take_in(log[:cut])
    file = io.BytesIO()
    write_snapshot(recovered, file)
    read_snapshot(restored, io.BytesIO(file.getvalue()))
    assert recovered.decide(log[cut:]) == restored.decide(log[cut:]) == expected[cut:]


def _one_by_one(whole: Bundle, log: list[Event]) -> list[Any]:
    engine = Engine(whole)
    return [[engine.decide_one(one) for one in log]]


def _assert_columns_agree(whole: Bundle, challenger: Bundle, log: list[Event], expected: list[Any]) -> None:
    """Columns come to the same, digest and all; and what a shadow would have said is what it says alone."""
    frame, columns, alone = frame_of(log), Engine(whole), Engine(challenger)
    batch = columns.decide_columns(kinds_of(frame), columns_of(frame), np.full(len(log), READ))
    for i, (one, answer) in enumerate(zip(log, expected, strict=True)):
        beside = alone.decide_one(one)
        if isinstance(answer, Decision) and isinstance(beside, Decision):
            assert decision_in(columns, batch, i, one) == answer
            if batch.shadow is not None:
                template = batch.shadow.templates[batch.shadow.template[i]]
                assert (template.ruling.outcome, template.hits) == (beside.outcome, beside.hits)
                assert int(batch.shadow.score_e6[i]) == beside.score_e6
        elif batch.shadow is not None:
            assert batch.shadow.template[i] == -1
    decided = batch.decided()
    lines = b"".join(canonical_lines(frame[decided.row], decided, batch.templates))
    assert lines == b"".join(a.canonical + b"\n" for a in expected if isinstance(a, Decision))


@FEW
@given(pairs(), TRIALS, mixed(), st.integers(0, 40), st.integers(0, 40))
def test_into_a_trial_and_out_of_it_while_events_come(
    pair: tuple[Bundle, Bundle], told: TrialHead, log: list[Event], start: int, end: int
) -> None:
    start, end = sorted((start, end))
    whole, (champion, challenger) = tried(*pair, told), pair
    engine, replayed = Engine(champion), Engine(champion)
    answers = engine.decide(log[:start])
    _go_on(engine, whole, log[:start])
    answers += engine.decide(log[start:end])
    _go_on(engine, challenger, log[:end])
    answers += engine.decide(log[end:])
    before, after = Engine(champion).decide(log), Engine(challenger).decide(log)
    assert answers[:start] == before[:start]
    assert without_loops(answers[end:]) == without_loops(after[end:])
    if told.mode == "shadow":
        middle = decided_by_hand(champion, challenger, log, told)
        assert answers[start:end] == middle[start:end]
    for part, bundle in ((log[:start], whole), (log[start:end], challenger)):
        replayed.take_in(part)
        _go_on(replayed, bundle, log[: start if bundle is whole else end])
    assert replayed.decide(log[end:]) == answers[end:]


def _go_on(engine: Engine, bundle: Bundle, log: list[Event]) -> None:
    """Another bundle: at once where that can be, else warmed from the log."""
    try:
        engine.swap(bundle)
    except NotSwappableError:
        warming = Warming(engine, bundle)
        warming.absorb(log)
        engine.adopt(warming)


def without_loops(answers: list[Any]) -> list[Any]:
    """What came home is told where anything kept follows money, whichever bundle asked for it."""
    return [msgspec.structs.replace(one, loops=()) if isinstance(one, Decision) else one for one in answers]


def paying(users: int, *, first: int = 0, **told: Any) -> list[Fact]:
    """One payment of each of so many users."""
    return [payment(first + n, first + n, user_id=f"u{n}", **told) for n in range(users)]


def arms_in(engine: Engine, log: list[Fact]) -> list[str | None]:
    return [one.arm for one in engine.decide(log) if isinstance(one, Decision)]


def test_a_growing_share_takes_from_the_champion_alone_and_the_same_salt_keeps_everybody() -> None:
    champion = playground(None)
    engine, found = Engine(tried(champion, champion, rollout(10, 20))), []
    for turn, told in enumerate([rollout(10, 20), rollout(40, 20), SHADOW, None, rollout(80, 20)]):
        engine.swap(champion if told is None else tried(champion, champion, told))
        found.append(arms_in(engine, paying(300, first=1_000 * turn)))
    few, more, shadowed, plain, most = found
    assert set(shadowed) == set(plain) == {None}
    for was, now in ((few, more), (more, most)):
        assert {(a, b) for a, b in zip(was, now, strict=True)} <= {
            ("champion", "champion"), ("champion", "challenger"), ("challenger", "challenger"), ("control", "control")
        }  # fmt: skip
    shares = [found.count("challenger") / 300 for found in (few, more, most)]
    assert all(abs(share - wanted) < 0.08 for share, wanted in zip(shares, (0.1, 0.4, 0.8), strict=True)), shares
    assert abs(few.count("control") / 300 - 0.2) < 0.08
    restored, recovered = Engine(engine.bundle), Engine(engine.bundle)
    restored.load(engine.save())
    assert arms_in(restored, paying(300)[::-1])[::-1] == most
    recovered.take_in(paying(300))
    assert arms_in(recovered, paying(300, first=1_000)) == arms_in(Engine(engine.bundle), paying(300))
    engine.swap(tried(champion, champion, rollout(80, 20, "another")))
    assert arms_in(engine, paying(300, first=9_000)) != most


def test_whoever_comes_when_the_table_is_full_is_with_the_champion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SUBJECTS_MAX", 5)
    champion = playground(None)
    engine = Engine(tried(champion, champion, rollout(100, 0)))
    assert arms_in(engine, paying(8)) == ["challenger"] * 5 + ["champion"] * 3
    assert arms_in(engine, paying(8, first=100)) == ["challenger"] * 5 + ["champion"] * 3
    assert (len(engine.draws), engine.draws.turned_away) == (5, 6)


def test_a_user_and_a_merchant_of_one_name_draw_apart() -> None:
    champion = playground(None)
    engine = Engine(tried(champion, champion, rollout(50, 0)))
    log: list[Fact] = [payment(1, 0, user_id="same", merchant_id="same")]
    engine.decide([*log, *(msgspec.convert({
        "type": "payout", "event_id": f"p{n}", "time": START_MS + n, "merchant_id": "same", "account_id": "a",
        "amount": 5, "currency": "CNY"}, Event) for n in range(2))])  # fmt: skip
    assert len(engine.draws) == 2


PAYING = st.lists(
    st.builds(
        lambda n, hour, user, shop, found, strict: payment(
            n, hour * HOUR_MS, 200_000, user_id=user, merchant_id=shop, **hits(found, strict=strict)
        ),
        st.integers(0, 400), st.integers(0, 600), st.sampled_from(["u1", "u2", "u3"]), st.sampled_from(["m1", "m2"]),
        st.sampled_from(["drain_the_line", "bust_out", "cash_out_merchant", "none"]),
        st.sampled_from([None, "verify", "hold"]),
    ),
    min_size=1, max_size=40, unique_by=lambda one: one.event_id,
).map(lambda log: sorted(log, key=lambda one: one.time))  # fmt: skip


@settings(FEW, max_examples=8)
@given(PAYING, st.integers(1, 9), st.integers(0, 40))
def test_the_ladder_is_fed_by_whoever_decides(log: list[Event], size: int, cut: int) -> None:
    """In shadow by the champion alone, in a rollout by the arm's bundle; however events come in."""
    found, milder = playground(brisk_ladder()), _milder()
    alone, other = Engine(found._replace(hash=WHOLE)).decide(log), Engine(milder._replace(hash=WHOLE)).decide(log)
    event(f"measures {sum(bool(one.measures) for one in alone if isinstance(one, Decision)) > 0}")
    assert Engine(tried(found, milder, SHADOW)).decide(log) == alone
    for told, wanted in ((rollout(100, 0), other), (rollout(0, 100), alone)):
        answers = Engine(tried(found, milder, told)).decide(log)
        assert [msgspec.structs.replace(one, arm=None) for one in answers] == wanted
    whole = tried(found, milder, rollout(50, 20))
    expected = decided_by_hand(found, milder, log, rollout(50, 20))
    answers = Engine(whole).decide(log)
    assert without_measures(answers) == without_measures(expected)
    singly, recovered, columns, frame = Engine(whole), Engine(whole), Engine(whole), frame_of(log)
    assert [singly.decide_one(one) for one in log] == answers
    recovered.take_in(log[:cut])
    later, _ = recovered.answer_and_write(log[cut:], Known(), 1_000)
    assert [one.body for one in later] == [msgspec.json.encode(one.to_wire()) for one in answers[cut:]]
    batch = columns.decide_columns(kinds_of(frame), columns_of(frame), np.full(len(log), READ))
    assert [decision_in(columns, batch, i, one) for i, one in enumerate(log)] == answers


@cache
def _milder() -> Bundle:
    """The playground's bundle under bands that begin later."""
    with TemporaryDirectory() as name:
        folder = write_playground(Path(name) / "milder", brisk_ladder())
        policy = (folder / "policy.yaml").read_text(encoding="utf-8")
        (folder / "policy.yaml").write_text(policy.replace("from: 0.3,", "from: 0.5,"), encoding="utf-8")
        return load_bundle(folder)


def test_what_the_log_puts_on_a_list_holds_for_both() -> None:
    champion = playground(None)
    spared = ListChanged(event_id="l1", time=START_MS + 5, list="snooze:C-BUST-OUT:user", entry="u1", action="add",
                         expires=START_MS + HOUR_MS)  # fmt: skip
    log: list[Fact] = [payment(n, n * 20 * 60_000, user_id="u1", **hits("bust_out")) for n in range(6)]
    log.insert(1, spared)
    for told in (SHADOW, rollout(0, 0), rollout(100, 0)):
        whole, frame = Engine(tried(champion, champion, told)), frame_of(log)
        batch = whole.decide_columns(kinds_of(frame), columns_of(frame), np.full(len(log), READ))
        held = [batch.templates[i].hits != () for i in batch.decided().template]
        assert held == [True, False, False, True, True, True]
        if batch.shadow is not None:
            assert [batch.shadow.templates[i].hits != () for i in batch.decided().shadow.template] == held  # type: ignore[union-attr]
        assert [one.hits != () for one in Engine(tried(champion, champion, told)).decide(log)
                if isinstance(one, Decision)] == held  # fmt: skip


def test_what_was_said_is_counted_of_what_is_answered_only() -> None:
    champion, log = playground(None), paying(40, **hits("bust_out"))
    engine = Engine(tried(champion, _without_rules(), SHADOW))
    engine.take_in(log)
    assert engine.beside is not None
    assert engine.beside.said == {}
    engine.answer(paying(3, first=100, **hits("bust_out")))
    assert engine.beside.said == {("warn", "allow"): 3}
    engine = Engine(tried(champion, _without_rules(), rollout(50, 0)))
    engine.answer(log)
    assert engine.beside is not None
    assert sum(engine.beside.said.values()) == 40
    assert set(engine.beside.said) == {("champion", "warn"), ("challenger", "allow")}


def _without_rules() -> Bundle:
    """The playground's bundle whose bands let everything pass."""
    bundle = playground(None)
    policy = bundle.policy._replace(outcomes=bundle.policy.outcomes[:1])
    return bundle._replace(policy=policy)


def test_a_challengers_model_falls_silent_with_the_champions() -> None:
    log: list[Fact] = paying(6)
    log += [Degraded(event_id="d", time=START_MS + 6, parts=("model",)), *paying(6, first=10)]
    for told in (SHADOW, rollout(100, 0)):
        whole, frame = Engine(tried(jumpy_trees(), trees(), told)), frame_of(log)
        batch = whole.decide_columns(kinds_of(frame), columns_of(frame), np.full(len(log), READ))
        alone = [one.score_e6 for one in Engine(trees()).decide(log) if isinstance(one, Decision)]
        assert len({*alone[:6]} - {*alone[6:]}) > 0, "the model says something that the rules do not"
        decided = batch.decided()
        assert (decided.score_e6 if decided.shadow is None else decided.shadow.score_e6).tolist() == alone
        speaks = jumpy_trees() if decided.shadow is not None else trees()
        credit = [one.credit_score for one in Engine(speaks).decide(log) if isinstance(one, Decision)]
        assert decided.credit.tolist() == credit
        singly = [one for one in Engine(tried(jumpy_trees(), trees(), told)).decide(log) if isinstance(one, Decision)]
        assert decided.shadow is not None or [one.score_e6 for one in singly] == alone


def test_what_came_home_is_told_by_who_follows_money_alone(tmp_path: Path) -> None:
    plain = small_bundle()
    follows = changed(tmp_path, rules=RULE.format(id="HOME", when="brought_home > 0", weight=0.4))
    log: list[Fact] = [
        AccountLink(event_id="l", time=START_MS, account_id="a", owner_type="user", owner_id="u"),
        payment(1, 1, 1_000, credit_limit=5_000, credit_used=0),
        Payout(event_id="o", time=START_MS + 2, merchant_id="m", account_id="a", amount=1_000, currency="CNY"),
    ]
    for pair, told, tells in (
        ((plain, follows), SHADOW, False), ((follows, plain), SHADOW, True), ((plain, follows), rollout(0, 50), False),
        ((plain, follows), rollout(100, 0), True), ((follows, plain), rollout(100, 0), False),
    ):  # fmt: skip
        whole, frame = tried(*pair, told), frame_of(log)
        answer = Engine(whole).decide(log)[-1]
        batch = Engine(whole).decide_columns(kinds_of(frame), columns_of(frame), np.full(len(log), READ))
        body = msgspec.json.decode(Engine(whole).answer(log)[-1].body)
        assert isinstance(answer, Decision)
        assert [bool(answer.loops), bool(batch.loops), bool(body["loops"])] == [tells] * 3
