"""Lists change from a record's place in the log on, and entries end by the time of the log: as the slow twin says."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bonafide.core.decision import Decision, Receipt
from bonafide.core.events import Fact, ListChanged, Login, Payment
from bonafide.core.moment import DAY_MS, show_moment
from bonafide.engine import lists as module
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.codes import READ
from bonafide.engine.engine import Engine, Warming
from bonafide.engine.lists import snooze_list
from bonafide.engine.shipped import shipped_bundle
from bonafide.engine.snapshot import read_snapshot, write_snapshot
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.testing.ladder.playground import hits
from tests.engine.kit import START_MS, decision_in, frame_of
from tests.engine.test_policy_rows import folder_with

HOUR = 3_600_000
ENDS = {"a": None, "b": 5, "c": 12}
"""The entries of the bundle's list of users, and the hour at which each ends."""
SNOOZED = (("C-BUST-OUT", "user", "b", 8), ("C-BUST-OUT", "merchant", "m1", 3))
RULES = [
    {"id": "L-ON", "when": "type == 'payment' and user_id in chosen", "typology": "bust_out", "weight": 0.4,
     "reason": "RC04", "source": "here"},
    {"id": "L-GOODS", "when": "type == 'payment' and goods in kinds", "typology": "bust_out", "weight": 0.1,
     "reason": "RC04", "source": "here"},
]  # fmt: skip


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    told = {name: "" if end is None else f", until: {show_moment(START_MS + end * HOUR)}" for name, end in ENDS.items()}
    chosen = "".join(f"- {{id: {name}, reason: r, author: x{until}}}\n" for name, until in told.items())
    snoozed = "".join(
        f"- {{rule: {rule}, {kind}_id: {name}, until: '{show_moment(START_MS + end * HOUR)}', reason: r, author: x}}\n"
        for rule, kind, name, end in SNOOZED
    )
    policy = "lists:\n  - {list: chosen, of: merchant_id, effect: watch}\n"
    folder = folder_with(tmp_path_factory.mktemp("lists"), policy, RULES, chosen__yaml=chosen, snoozed__yaml=snoozed,
                         kinds__txt="virtual\n")  # fmt: skip
    return load_bundle(folder)


class Twin:
    """Every list as what the bundle says and the whole history of its changes."""

    def __init__(self) -> None:
        self.changes: list[ListChanged] = []
        self.latest = -1

    def is_on(self, name: str, entry: str, static: dict[str, int | None], as_of: int) -> bool:
        found = [c for c in self.changes if (c.list, c.entry) == (name, entry)]
        if found and (found[-1].expires is None or as_of < found[-1].expires):
            return found[-1].action == "add"
        if entry not in static:
            return False
        end = static[entry]
        return end is None or as_of < START_MS + end * HOUR

    def feed(self, event: Fact, answer: Decision | Receipt) -> None:
        """Compare one answer."""
        if isinstance(answer, Receipt) and answer.status != "taught":
            return
        as_of = self.latest = max(self.latest, event.time)
        if isinstance(event, ListChanged):
            self.changes.append(event)
        if not isinstance(event, Payment) or not isinstance(answer, Decision):
            return
        static = {entry: end for rule, kind, entry, end in SNOOZED if kind == "user"}
        spared = self.is_on(snooze_list("C-BUST-OUT", "user"), event.user_id, static, as_of)
        static = {entry: end for rule, kind, entry, end in SNOOZED if kind == "merchant"}
        spared |= self.is_on(snooze_list("C-BUST-OUT", "merchant"), event.merchant_id, static, as_of)
        assert ("C-BUST-OUT" in answer.hits) == (event.category == "bust_out" and not spared)
        assert ("L-ON" in answer.hits) == self.is_on("chosen", event.user_id, ENDS, as_of)
        assert ("L-GOODS" in answer.hits) == (
            event.goods is not None and self.is_on("kinds", event.goods, {"virtual": None}, as_of)
        )
        assert answer.alert == (
            answer.outcome in {"verify", "hold"} or self.is_on("chosen", event.merchant_id, ENDS, as_of)
        )


NAMES = ("chosen", "kinds", "other", snooze_list("C-BUST-OUT", "user"), snooze_list("C-BUST-OUT", "merchant"))
HOURS = st.integers(0, 20)


@st.composite
def logs(draw: st.DrawFn) -> list[Fact]:
    log: list[Fact] = []
    hour = 0
    for i in range(draw(st.integers(1, 25))):
        hour += draw(st.sampled_from([0, 0, 1, 2]))
        late = draw(st.sampled_from([0, 0, 0, 3, 900]))
        told: dict[str, Any] = {"event_id": f"e{i - draw(st.sampled_from([0, 0, 0, 0, 1]))}",
                                "time": max(START_MS + (hour - late) * HOUR, 0)}  # fmt: skip
        what = draw(st.sampled_from(["pay", "pay", "pay", "change", "login", "far"]))
        if what == "change":
            entry = draw(st.sampled_from(["a", "b", "d", "m1", "virtual", "physical"]))
            expires = draw(st.none() | HOURS.map(lambda h: START_MS + h * HOUR))
            log.append(ListChanged(**told, list=draw(st.sampled_from(NAMES)), entry=entry, expires=expires,
                                   action=draw(st.sampled_from(["add", "remove"]))))  # fmt: skip
        elif what == "login":
            log.append(Login(**told, subject_type="user", subject_id="a"))
        else:
            # A record whose id is known and whose time is far ahead is refused, and moves no time on.
            ahead = {"event_id": "e0", "time": START_MS + 15 * HOUR} if what == "far" and i else {}
            found = draw(st.sampled_from([{}, dict(hits("bust_out")), dict(hits("bust_out", strict="verify"))]))
            log.append(Payment(**{**told, **ahead, **found}, user_id=draw(st.sampled_from(["a", "b", "c", "d"])),
                               merchant_id=draw(st.sampled_from(["a", "m1", "m2"])), order_id="o", amount=5,
                               currency="CNY"))  # fmt: skip
    return log


@settings(max_examples=40)
@given(logs(), st.integers(1, 9), st.integers(0, 25))
def test_lists_are_as_the_log_says(bundle: Bundle, log: list[Fact], size: int, cut: int) -> None:
    engine, twin = Engine(bundle), Twin()
    expected = [engine.decide_one(event) for event in log]
    for event, answer in zip(log, expected, strict=True):
        twin.feed(event, answer)
    cuts, bodies = Engine(bundle), Engine(bundle, secret=b"another secret..")
    assert [a for i in range(0, len(log), size) for a in cuts.decide(log[i : i + size])] == expected
    told = [a.body for a in bodies.answer(log) if a.outcome]
    assert told == [msgspec.json.encode(a.to_wire()) for a in expected if isinstance(a, Decision)]
    frame, columns = frame_of(log), Engine(bundle)
    batch = columns.decide_columns(kinds_of(frame), columns_of(frame), np.full(len(log), READ))
    for i, (event, answer) in enumerate(zip(log, expected, strict=True)):
        if isinstance(answer, Decision):
            assert decision_in(columns, batch, i, event) == answer
    recovered, restored = Engine(bundle), Engine(bundle)
    recovered.take_in(log[:cut])
    file = io.BytesIO()
    write_snapshot(recovered, file)
    read_snapshot(restored, io.BytesIO(file.getvalue()))
    assert recovered.decide(log[cut:]) == restored.decide(log[cut:]) == expected[cut:]


@settings(max_examples=15)
@given(logs(), st.integers(0, 25))
def test_what_was_changed_stays_so_under_another_bundle(bundle: Bundle, log: list[Fact], cut: int) -> None:
    expected = Engine(bundle).decide(log)
    swapped, adopting = Engine(bundle), Engine(bundle)
    swapped.decide(log[:cut])
    swapped.swap(bundle)
    warming = Warming(adopting, bundle)
    adopting.decide(log[:cut])
    warming.absorb(log[:cut])
    adopting.adopt(warming)
    assert swapped.decide(log[cut:]) == adopting.decide(log[cut:]) == expected[cut:]


def pay(number: int, user: str, time: int = START_MS) -> Payment:
    return Payment(
        event_id=f"p{number}", time=time, user_id=user, merchant_id="m", order_id="o", amount=5, currency="CNY"
    )


def changed(number: int, entry: str, **told: Any) -> ListChanged:
    return ListChanged(
        **{"event_id": f"c{number}", "time": START_MS, "list": "chosen", "action": "add", "entry": entry, **told}
    )


def test_of_too_many_changes_the_oldest_is_forgotten(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHANGES_MAX", 2)
    engine = Engine(bundle)
    engine.decide([changed(1, "x"), changed(2, "y"), changed(3, "z")])
    hit = [
        bool(a.hits) for a in engine.decide([pay(i, name) for i, name in enumerate("xyz")]) if isinstance(a, Decision)
    ]
    assert hit == [False, True, True]


def test_a_run_of_changes_makes_the_conditions_once(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    original = module.Lists.compiled
    monkeypatch.setattr(module.Lists, "compiled", lambda *told: made.append(1) or original(*told))
    engine = Engine(bundle)
    engine.decide([*(changed(i, f"x{i}") for i in range(50)), pay(1, "x7"), pay(2, "x8")])
    assert len(made) <= 2


def test_a_list_ends_for_an_event_that_is_itself_the_first_beyond(bundle: Bundle) -> None:
    engine = Engine(bundle)
    before, after = engine.decide([pay(1, "b", START_MS + 5 * HOUR - 1), pay(2, "b", START_MS + 5 * HOUR)])
    assert isinstance(before, Decision)
    assert isinstance(after, Decision)
    assert (before.hits, after.hits) == (("L-ON",), ())
    assert engine.decide([pay(3, "a", START_MS + 9 * DAY_MS)])[0].hits == ("L-ON",)  # type: ignore[union-attr]


def test_the_example_of_the_module_reads_as_it_stands(tmp_path: Path) -> None:
    assert snooze_list("U-DRAIN", "merchant") == "snooze:U-DRAIN:merchant"


def test_the_shipped_policy_holds_who_is_blocked_and_leaves_alone_who_is_allowed() -> None:
    engine, outcomes = Engine(shipped_bundle("paylater")), []
    changes = [("block", "add", "u1"), ("allow", "add", "u1"), ("block", "add", "m1"), ("block", "remove", "m1"), None]
    for i, change in enumerate(changes):
        if change is not None:
            name, action, entry = change
            engine.decide_one(
                ListChanged(event_id=f"c{i}", time=START_MS, list=name, action=action, entry=entry, by="ann")  # type: ignore[arg-type]
            )
        answer = engine.decide_one(
            Payment(event_id=f"p{i}", time=START_MS, user_id="u1", merchant_id="m1", order_id="o", amount=500,
                    currency="CNY")
        )  # fmt: skip
        assert isinstance(answer, Decision)
        outcomes.append(answer.outcome)
    assert outcomes == ["hold"] * 5, "a block counts more than an allow"
    engine.decide_one(ListChanged(event_id="c9", time=START_MS, list="block", action="remove", entry="u1", by="bo"))
    last = engine.decide_one(Payment(event_id="p9", time=START_MS, user_id="u1", merchant_id="m1", order_id="o",
                                     amount=500, currency="CNY"))  # fmt: skip
    assert isinstance(last, Decision)
    assert last.outcome == "allow"


def test_a_change_that_has_ended_is_in_no_snapshot_whoever_looked_since(bundle: Bundle) -> None:
    """What was refused may have had it let go of; a recovery, which never sees that, saves the same."""
    change = ListChanged(event_id="c", time=START_MS, list="chosen", action="add", entry="z", expires=START_MS)
    served, recovered = Engine(bundle), Engine(bundle)
    served.decide([change, Login(event_id="c", time=START_MS, subject_type="user", subject_id="u")])
    recovered.take_in([change])
    assert served.save() == recovered.save()
