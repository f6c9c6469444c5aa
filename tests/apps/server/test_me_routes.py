"""A subject's own view over HTTP: its own and nothing else, in words, and only so often."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bonafide.apps.server.me_shapes import (
    EducationFiguresAnswer,
    ExplanationAnswer,
    HumanAnswer,
    OwnAppealAnswer,
    OwnAppealsAnswer,
    OwnDataAnswer,
    OwnDecisionsAnswer,
    OwnMeasuresAnswer,
    UserAnswer,
)
from bonafide.core.pseudonym import show_token
from bonafide.engine.bundle import load_bundle
from bonafide.engine.bundles.education import EDUCATION
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import find_bundle
from bonafide.office.bundles.kept import keep_bundle
from bonafide.office.education.loading import taught_in
from bonafide.office.journal import Record
from bonafide.office.journal.records import Found
from bonafide.office.me.asks import ASKS_MAX, EXPLANATION_UNITS, UNIT_MS
from bonafide.office.me.follow import Teller
from bonafide.office.measures.upkeep import Upkeep
from bonafide.office.records.records import Records
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from bonafide.testing.ladder.playground import brisk_ladder, hits, write_playground
from bonafide.testing.webhooks.made import MadeLog
from tests.apps.server.bureau import ROOT, Bureau
from tests.apps.server.client import NOW_MS, Answer, encoded
from tests.apps.server.test_measure_routes import proposals
from tests.office.appeals.test_documents import pdf

NAMES = ("u1", "u2", "m1", "m2")
MINUTE = 60_000


class Counter(Bureau):
    """A bureau whose runtime decides with a ladder, and whose worker follows what it answers."""

    def begin(self) -> Counter:
        folder = write_playground(self.data.folder / "made", brisk_ladder())
        shutil.copy(find_bundle("paylater") / EDUCATION, folder)
        bundle = load_bundle(folder)
        keep_bundle(folder, self.data.folder, bundle.hash)
        self.runtime.engine = Engine(bundle, secret=self.data.read_secret())
        self.platform = self.key("platform")
        self.own_log = MadeLog()
        self.known: set[str] = set()
        for name in NAMES:
            self.vault.remember(ROOT, "merchant" if name.startswith("m") else "user", name)
        return self

    def send(self, **event: Any) -> Any:
        """An event through the door."""
        number = len(self.known)
        told = {"event_id": f"e{number}", "time": self.now_ms, "currency": "CNY"} | event
        self.known.add(told["event_id"])
        got = self.ask("POST", "/v1/events", encoded(told), key=self.platform)
        assert got.status in (200, 202), got
        found = self.runtime.find(told["event_id"])
        assert found is not None
        self.own_log.append(Record(self.now_ms, "k1", found.record.content, found.record.answer))
        return got.json

    def pay(self, user: str = "u1", merchant: str = "m1", amount: int = 200_000, strict: str | None = "verify") -> Any:
        told = {"user_id": user, "merchant_id": merchant, "amount": amount, "order_id": f"o{len(self.known)}"}
        return self.send(type="payment", **told, **hits("user_merchant_loop", strict=strict))

    def work(self) -> None:
        """The worker's part."""
        secret = self.data.read_secret()
        upkeep = Upkeep(self.store, self.own_log, secret, lambda: self.now_ms)
        teller = Teller(self.store, self.own_log, secret, taught_in(self.data.folder), lambda: self.now_ms)
        while upkeep.step() + teller.step():
            pass

    def own(self, name: str, path: str, body: Any = None, kind: str = "user", method: str = "") -> Answer:
        """A subject asks through the platform."""
        return self.as_machine(
            self.platform, method or ("GET" if body is None else "POST"), f"/v1/me/{path}", body, subject_type=kind,
            subject_id=quote(name),
        )  # fmt: skip


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory whose store is made, for others to be copies of."""
    data = DataDir.open(tmp_path_factory.mktemp("empty") / "data")
    Store.open(data.office).close()
    return data.folder


@contextmanager
def counter(empty: Path, folder: Path) -> Iterator[Counter]:
    """Where subjects ask, with a ladder that is soon climbed."""
    data = DataDir.open(Path(shutil.copytree(empty, folder / "data")))
    with Store.open(data.office) as store:
        one = Counter(data, store).begin()
        yield one
        one.keys.close()


@pytest.fixture
def desk(empty: Path, tmp_path: Path) -> Iterator[Counter]:
    with counter(empty, tmp_path) as one:
        yield one


def shown(got: Answer, shape: Any, status: int = 200) -> Any:
    assert got.status == status, got
    msgspec.convert(got.json, shape, strict=False)
    return got.json


def test_somebody_sees_their_own_and_nothing_of_others(desk: Counter) -> None:
    one, other = desk.pay("u1"), desk.pay("u2")
    desk.work()
    own = shown(desk.own("u1", "decisions"), OwnDecisionsAnswer)
    assert [row["event_id"] for row in own["decisions"]] == [one["event_id"]]
    told = shown(desk.own("u1", f"decisions/{one['event_id']}/explanation"), ExplanationAnswer)
    assert (told["outcome"], told["reasons"][0]["zh"] != "") == ("verify", True)
    token = show_token(desk.vault.subject_of("user", "u1").pseudonym)
    assert desk.own(token, "decisions").json == own
    for path in (f"decisions/{other['event_id']}/explanation", "decisions/none/explanation"):
        assert desk.own("u1", path).problem == "not-found"
    theirs = desk.own("u1", f"decisions/{other['event_id']}/explanation").body
    assert theirs == desk.own("u1", "decisions/none/explanation").body, "another's and nobody's are answered alike"
    assert desk.own("m1", f"decisions/{one['event_id']}/explanation", kind="merchant").problem == "not-found"
    assert desk.own("nobody", "decisions").json["decisions"] == []


def test_who_it_is_for_must_be_said(desk: Counter) -> None:
    for headers in ({}, {"subject_type": "user"}, {"subject_type": "device", "subject_id": "d"},
                    {"subject_type": "user", "subject_id": "%ff"}):  # fmt: skip
        got = desk.as_machine(desk.platform, "GET", "/v1/me/decisions", **headers)
        assert got.status == 422, headers
    assert (
        desk.as_machine(desk.key("analyst"), "GET", "/v1/me/decisions", subject_type="user", subject_id="u1").status
        == 403
    )
    desk.vault.remember(ROOT, "user", "张三/1")
    assert desk.own("张三/1", "data").json["fields"] == {"id": "张三/1"}


def test_measures_and_appeals_are_ones_own(desk: Counter) -> None:
    desk.pay("u1")
    desk.work()
    (measure,) = shown(desk.own("u1", "measures"), OwnMeasuresAnswer)["measures"]
    assert measure["notices"][0]["text"]["zh"]
    assert desk.own("u2", "measures").json == {"measures": []}
    document = {"name": "bill.pdf", "content_base64": base64.b64encode(pdf()).decode()}
    body = {"measure_id": measure["measure_id"], "statement": "shoes", "documents": [document], "human_only": True}
    assert desk.own("u2", "appeals", body).problem == "not-found"
    assert desk.own("u1", "appeals", body, kind="merchant").problem == "not-found"
    made = shown(desk.own("u1", "appeals", body), OwnAppealAnswer, 201)
    assert (made["state"], made["documents"]) == ("in_hand", 1)
    assert shown(desk.own("u1", "appeals"), OwnAppealsAnswer)["appeals"] == [made]
    assert desk.own("u2", "appeals").json == {"appeals": []}
    assert desk.own("u1", "appeals", body).problem == "conflict"


def test_what_the_law_delays_is_not_shown_and_nor_is_a_referral(desk: Counter) -> None:
    names = proposals(desk.vault, desk.own_log, NOW_MS, "limit_credit", "refer", "refer")
    desk.runtime.answers |= {f"e{n}-{NOW_MS}": Found(n, one) for n, (_, (one,)) in enumerate(desk.own_log.rows)}
    for person, role in (("lee", "legal"), ("ann", "analyst")):
        desk.settle(person, role)
    desk.work()

    def seen() -> tuple[list[str], list[int]]:
        """The decisions that are listed, and how their explanations are answered."""
        listed = [one["event_id"] for one in desk.own("u1", "decisions").json["decisions"]]
        return listed, [desk.own("u1", f"decisions/e{n}-{NOW_MS}/explanation").status for n in range(3)]

    assert [one["measure_id"] for one in desk.own("u1", "measures").json["measures"]] == names[:1]
    assert seen() == ([f"e{n}-{NOW_MS}" for n in (2, 1, 0)], [200, 200, 200])
    late = {"basis": "order 5", "until": "2026-01-09T00:00:00Z"}
    path = f"/v1/measures/{names[1]}/delay-notice"
    assert desk.as_person(desk.session("lee"), "POST", path, late).status == 200
    assert seen() == ([f"e{n}-{NOW_MS}" for n in (2, 0)], [200, 404, 200])
    confirmed = desk.as_person(desk.session("ann"), "POST", f"/v1/measures/{names[2]}/confirm", {"note": "looked"})
    assert confirmed.json["state"] == "requested", "the platform was asked, and a notice has left"
    assert [one["measure_id"] for one in desk.own("u1", "measures").json["measures"]] == names[:1]
    appeal = {"measure_id": names[2], "statement": "x"}
    assert desk.own("u1", "appeals", appeal).problem == "not-found"


def test_people_are_asked_for_through_the_log(desk: Counter) -> None:
    assert shown(desk.own("u1", "human", {}), HumanAnswer, 202)["human_only"] is True
    (wanted,) = Records(desk.store, clock=lambda: desk.now_ms).pending()
    token = show_token(desk.vault.subject_of("user", "u1").pseudonym)
    record = wanted.record(NOW_MS)
    assert (record.type, record.subject_id, record.human_only) == ("appeal_status", token, True)  # type: ignore[attr-defined]
    assert ("subject.human", "done") in [(deed[1], deed[3]) for deed in desk.deeds()]


def test_data_says_what_is_kept_and_why_it_cannot_go(desk: Counter) -> None:
    desk.vault.remember(ROOT, "user", "u1", {"phone": "13900001111"})
    got = shown(desk.own("u1", "data"), OwnDataAnswer)
    assert got["fields"] == {"id": "u1", "phone": "13900001111"}
    assert not got["deletion"]["refused"]
    subject = desk.vault.subject_of("user", "u1")
    with desk.store.writing() as connection:
        desk.vault.holds.place(connection, ROOT, subject, "C-17", "court order", NOW_MS + 86_400_000, NOW_MS)
    got = desk.own("u1", "data")
    assert got.json["deletion"]["refused"]
    assert "C-17" not in got.body.decode(), "a hold is not told of"


def test_asking_too_much_is_refused_for_that_subject_alone(desk: Counter) -> None:
    event = desk.pay("u1")["event_id"]
    path = f"decisions/{event}/explanation"
    for _ in range(ASKS_MAX // EXPLANATION_UNITS):
        assert desk.own("u1", path).status == 200
    got = desk.own("u1", path)
    assert (got.status, got.problem) == (429, "rate-limited")
    assert got.headers["retry-after"] == str(EXPLANATION_UNITS * UNIT_MS // 1_000)
    assert desk.own("u2", "decisions").status == 200
    desk.now_ms += EXPLANATION_UNITS * UNIT_MS
    assert desk.own("u1", path).status == 200


def test_a_user_is_shown_with_what_is_for_each(desk: Counter) -> None:
    desk.pay("u1")
    last = desk.pay("u1")
    desk.work()
    token = show_token(desk.vault.subject_of("user", "u1").pseudonym)
    inside = shown(desk.as_machine(desk.key("analyst"), "GET", "/v1/users/u1"), UserAnswer)
    assert (inside["user_id"], inside["newest_event"]) == (token, last["event_id"])
    assert (inside["credit_score"], inside["risk_level"]) == (last["credit_score"], last["risk_level"])
    assert inside["ladder"]["offences"] == 1
    assert inside["measures"]
    outside = shown(desk.as_machine(desk.platform, "GET", f"/v1/users/{token}"), UserAnswer)
    assert {*inside} - {*outside} == {"cases", "education", "score_history", "levels"}
    assert inside["score_history"][-1]["credit_score"] == last["credit_score"]
    unknown = desk.as_machine(desk.platform, "GET", "/v1/users/nobody")
    assert (unknown.problem, unknown.json["detail"]) == (
        "not-found", "path: nothing is kept here under this name"
    )  # fmt: skip
    unreadable = desk.as_machine(desk.platform, "GET", f"/v1/users/{'x' * 129}")
    assert (unreadable.problem, unreadable.json["detail"]) == (
        "not-found", "path: give a user's id, or the token that stands for it"
    )  # fmt: skip


def test_a_users_id_and_an_events_may_hold_slashes(desk: Counter) -> None:
    desk.vault.remember(ROOT, "user", "u/1")
    desk.send(type="payment", event_id="e/1/explanation", user_id="u/1", merchant_id="m1", amount=200_000, order_id="o",
              **hits("user_merchant_loop", strict="verify"))  # fmt: skip
    desk.work()
    token = show_token(desk.vault.subject_of("user", "u/1").pseudonym)
    assert shown(desk.as_machine(desk.platform, "GET", "/v1/users/u%2F1"), UserAnswer)["user_id"] == token
    told = shown(desk.own("u/1", "decisions/e%2F1%2Fexplanation/explanation"), ExplanationAnswer)
    assert told["event_id"] == "e/1/explanation"
    assert desk.own("u/1", "decisions/e%2F1%2Fexplanation").status == 404
    assert desk.own("u/1", "decisions/e%2F1/explanation").problem == "not-found"


def test_figures_of_education_name_nobody(desk: Counter) -> None:
    desk.pay("u1")
    desk.work()
    got = shown(desk.as_machine(desk.key("auditor"), "GET", "/v1/education/figures"), EducationFiguresAnswer)
    assert "~" not in json.dumps(got)


_PAYS = st.tuples(st.sampled_from(["u1", "u2"]), st.sampled_from(["m1", "m2"]), st.integers(1_000, 9_000_000),
                  st.sampled_from([None, "warn", "verify", "hold", "decline"]))  # fmt: skip
_PAYOUTS = st.tuples(st.just("payout"), st.sampled_from(["m1", "m2"]), st.integers(1_000, 9_000_000), st.none())
_NUMBER = re.compile(r"\d")


def texts_of(told: Any) -> Iterator[str]:
    """Every text for people in an answer."""
    for name, value in told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ():
        if name in ("zh", "en"):
            yield value
        yield from texts_of(value)


def keys_of(told: Any) -> Iterator[str]:
    for name, value in told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ():
        if isinstance(name, str):
            yield name
        yield from keys_of(value)


FORBIDDEN = {"score", "risk_level", "credit_score", "hits", "digest", "loops", "grade", "offences", "amount", "steps",
             "confirmed_by", "assignee", "submitted_by", "case", "cases", "needs_person", "weight"}  # fmt: skip


@pytest.fixture(scope="module")
def crowd(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    """A desk that histories are played on one after the other, each by people of its own."""
    with counter(empty, tmp_path_factory.mktemp("crowd")) as one:
        yield one


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(history=st.lists(_PAYS | _PAYOUTS, min_size=1, max_size=6))
def test_no_answer_holds_another_subject_or_a_threshold(crowd: Counter, history: list[Any]) -> None:
    desk, about = crowd, dict[str, tuple[str, str]]()
    again = len(desk.known)
    for first, merchant, amount, strict in history:
        desk.now_ms += MINUTE
        if first == "payout":
            kind, name = "merchant", f"{merchant}x{again}"
            event = desk.send(type="payout", merchant_id=name, amount=amount, account_id=f"a{again}")
        else:
            kind, name = "user", f"{first}x{again}"
            event = desk.pay(name, f"{merchant}x{again}", amount, strict)
        about[event["event_id"]] = (kind, name)
    desk.work()
    names = [f"{name}x{again}" for name in NAMES]
    for name in names:
        kind = "merchant" if name.startswith("m") else "user"
        mine = [event for event, whose in about.items() if whose == (kind, name)]
        listed = [one["event_id"] for one in desk.own(name, "decisions", kind=kind).json["decisions"]]
        assert set(listed) <= set(mine)
        others = {other for other in names if other != name}
        others |= {show_token(desk.vault.subject_of("user", other).pseudonym) for other in others}
        for path in (
            "decisions",
            "measures",
            "appeals",
            "data",
            *(f"decisions/{event}/explanation" for event in about),
        ):
            desk.now_ms += EXPLANATION_UNITS * UNIT_MS
            got = desk.own(name, path, kind=kind)
            event = path.split("/")[1] if "/" in path else ""
            assert got.status == (200 if not event or event in mine else 404), (path, got)
            assert not set(re.findall(r'"(~?[a-z0-9]+)"', got.body.decode())) & others, path
            assert not set(keys_of(got.json)) & FORBIDDEN, path
            if event and got.status == 200:
                assert len(got.json["reasons"]) <= 4
                assert not [text for text in texts_of(got.json) if _NUMBER.search(text)], "no number is told"


_HEADER = st.text(st.characters(min_codepoint=33, max_codepoint=255), max_size=20)
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="?"), max_size=20)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    named=st.one_of(_HEADER, _TEXT.map(quote), st.sampled_from(["u1", "~00000000000000ff", "~", "%", "%00", "%ff"])),
    kind=st.sampled_from(["user", "merchant", "person", ""]), event=_TEXT,
    body=st.sampled_from([None, {}, {"human_only": None}, {"measure_id": "x", "statement": "y"}, [1]]),
)  # fmt: skip
def test_whatever_is_asked_is_answered_as_a_refusal_or_with_what_is_ones_own(
    crowd: Counter, named: str, kind: str, event: str, body: Any
) -> None:
    crowd.now_ms += 60 * UNIT_MS
    headers = {"subject_type": kind, "subject_id": named}
    paths = ["decisions", f"decisions/{event}/explanation", "measures", "appeals", "data"]
    asked = [("GET", path, None) for path in paths] + [("POST", path, body) for path in ("appeals", "human")]
    for method, path, sent in asked:
        got = crowd.as_machine(crowd.platform, method, f"/v1/me/{path}", sent, **headers)
        assert got.status in (200, 202, 400, 404, 405, 409, 422, 429), (method, path, got)
        assert got.headers["cache-control"] == "no-store"
