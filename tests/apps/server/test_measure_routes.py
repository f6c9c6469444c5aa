"""Measures and appeals over HTTP: what the platform says, what people do, and a stored script that never runs."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bonafide.apps.server.measure_shapes import (
    AppealAnswer,
    AppealsAnswer,
    MeasuresAnswer,
    MeasureShownAnswer,
    MeasureStandingAnswer,
)
from bonafide.core.decision import Decision, Ground, ProposedMeasure, Reason, Words
from bonafide.core.pseudonym import show_token
from bonafide.office.journal import Record
from bonafide.office.measures.upkeep import Upkeep
from bonafide.office.vault.vault import Vault
from bonafide.testing.webhooks.made import MadeLog
from tests.apps.server.bureau import ROOT, Bureau, opened
from tests.apps.server.client import NOW_MS, Answer
from tests.office.appeals.test_documents import pdf

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Bureau]:
    with opened(tmp_path) as one:
        for name, role in (("ann", "analyst"), ("bob", "senior"), ("cy", "senior"), ("lee", "legal")):
            one.settle(name, role)
        yield one


def proposals(vault: Vault, log: MadeLog, now: int, *measures: str) -> list[str]:
    """Measures about user u1, each on a decision of its own; their names."""
    token, names = show_token(vault.remember(ROOT, "user", "u1").pseudonym), []
    for seq, measure in enumerate(measures):
        names.append(f"u{seq}-{now}")
        one = ProposedMeasure(
            measure, "user", token, "proposed", now + 72 * 3_600_000, names[-1], measure == "refer", "suspected", 2,
            100, (Ground(seq, "suspected"),), (), Words("因", "why"), Words("票", "a bill"), Words("诉", "appeal"),
        )  # fmt: skip
        decision = Decision(
            event_id=f"e{seq}-{now}", seq=seq, time=now, outcome="verify", score_e6=1, risk_level="high",
            credit_score=512, alert=True, reasons=(Reason("RC03", "中文", "English"),), hits=("U-BURST",),
            measures=(one,), faults=(), degraded=(), release_by=None, bundle="ab" * 32,
        )  # fmt: skip
        event = {"type": "payment", "event_id": decision.event_id, "time": now, "user_id": token,
                 "merchant_id": show_token(7), "order_id": show_token(8), "amount": 100, "currency": "CNY"}  # fmt: skip
        log.append(Record(now, "k1", msgspec.json.encode(event), msgspec.json.encode(decision.to_wire())))
    return names


def propose(desk: Bureau, *measures: str) -> list[str]:
    """Have the office take them in."""
    log = MadeLog()
    names = proposals(desk.vault, log, NOW_MS, *measures)
    upkeep = Upkeep(desk.store, log, desk.data.read_secret(), lambda: desk.now_ms)
    while upkeep.step():
        pass
    return names


def as_(desk: Bureau, name: str, method: str, path: str, body: Any = None) -> Answer:
    return desk.as_person(desk.session(name), method, path, body)


def shown(got: Answer, shape: Any, status: int = 200) -> Any:
    """What an answer says, which fits its description."""
    assert got.status == status, got
    msgspec.convert(got.json, shape, strict=False)
    return got.json


def test_the_platform_answers_and_people_confirm(desk: Bureau) -> None:
    notice, hard, refer = propose(desk, "notice", "limit_credit", "refer")
    key = desk.key("platform")
    path = f"/v1/measures/{hard}"
    every = shown(desk.as_machine(key, "GET", "/v1/measures"), MeasuresAnswer)
    assert [one["measure"] for one in every["measures"]] == ["refer", "limit_credit", "notice"]
    assert (every["figures"]["requested"], every["figures"]["without_notice"]) == (2, 0)
    for _ in range(2):
        got = shown(desk.as_machine(key, "POST", f"{path}/status", {"status": "applied"}), MeasureStandingAnswer)
        assert (got["state"], got["wanted"]) == ("applied", "apply")
    assert desk.as_machine(key, "POST", f"/v1/measures/{refer}/status", {"status": "applied"}).problem == "conflict"
    assert desk.as_machine(key, "POST", "/v1/measures/u9-9/status", {"status": "lifted"}).problem == "not-found"
    assert desk.as_machine(key, "POST", f"{path}/status", {"status": "gone"}).json["field"] == "status"
    for name, state in (("ann", "applied"), ("bob", "confirmed")):
        got = as_(desk, name, "POST", f"{path}/confirm", {"note": "looked"})
        assert shown(got, MeasureStandingAnswer)["state"] == state
    late = {"basis": "order 5", "until": "2026-01-09T00:00:00Z"}
    assert as_(desk, "ann", "POST", f"/v1/measures/{refer}/delay-notice", late).status == 403
    assert as_(desk, "lee", "POST", f"/v1/measures/{refer}/delay-notice", late).status == 200
    assert shown(as_(desk, "ann", "POST", f"/v1/measures/{refer}/refuse", {"note": "no"}), MeasureStandingAnswer)
    assert as_(desk, "bob", "POST", f"{path}/lift", {"note": "over"}).json["wanted"] == "lift"
    told = shown(as_(desk, "ann", "GET", path), MeasureShownAnswer)
    assert {one["kind"] for one in told["notices"]} == {"begun", "prolonged", "ended"}
    waiting = shown(as_(desk, "ann", "GET", "/v1/measures?waiting=true"), MeasuresAnswer)
    assert waiting["measures"] == []
    for query in ("state=gone", "subject=u1", "limit=0"):
        assert as_(desk, "ann", "GET", f"/v1/measures?{query}").status == 422
    assert all(deed[0].startswith("key:") for deed in desk.deeds() if deed[1] == "measure.status")
    assert notice in [one["measure_id"] for one in every["measures"]]


def test_an_appeal_goes_its_way(desk: Bureau) -> None:
    (hard,) = propose(desk, "limit_credit")
    key = desk.key("platform")
    document = {"name": f"{SCRIPT}.pdf", "content_base64": base64.b64encode(pdf()).decode()}
    body = {"measure_id": hard, "subject_id": "u1", "statement": SCRIPT, "documents": [document]}
    for wrong, field in (({"subject_id": None}, "subject_id"), ({"documents": [document | {"content_base64": "?"}]},
                         "documents"), ({"kind": "answer"}, "kind"), ({"statement": ""}, "statement")):  # fmt: skip
        got = desk.as_machine(key, "POST", "/v1/appeals", body | wrong)
        assert (got.status, got.json["field"]) == (422, field)
    assert desk.as_machine(key, "POST", "/v1/appeals", body | {"subject_id": "u2"}).problem == "not-found"
    made = shown(desk.as_machine(key, "POST", "/v1/appeals", body), AppealAnswer, 201)
    path = f"/v1/appeals/{made['appeal_id']}"
    assert as_(desk, "cy", "POST", f"{path}/decide", {"outcome": "upheld", "note": "x"}).status == 403
    assert shown(as_(desk, "bob", "POST", f"{path}/assign", {"to": "cy"}), AppealAnswer)["assignee"] == "cy"
    seen = shown(as_(desk, "cy", "GET", path), AppealAnswer)
    assert (seen["statement"], seen["documents"][0]["name"]) == (SCRIPT, f"{SCRIPT}.pdf")
    assert "statement" not in desk.as_machine(desk.key("auditor"), "GET", path).json
    file = as_(desk, "cy", "GET", f"{path}/documents/{seen['documents'][0]['document']}")
    assert (file.status, file.body, file.headers["content-type"]) == (200, pdf(), "application/pdf")
    assert file.headers["content-disposition"].startswith("attachment")
    assert file.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in file.headers["content-security-policy"]
    assert as_(desk, "cy", "GET", f"{path}/documents/{'0' * 32}").problem == "not-found"
    got = shown(as_(desk, "cy", "POST", f"{path}/decide", {"outcome": "upheld", "note": "real"}), AppealAnswer)
    assert got["state"] == "upheld"
    measure = shown(desk.as_machine(key, "GET", f"/v1/measures/{hard}"), MeasureShownAnswer)
    assert (measure["state"], measure["wanted"]) == ("lifted", "lift")
    every = shown(desk.as_machine(desk.key("auditor"), "GET", "/v1/appeals"), AppealsAnswer)
    assert (every["figures"]["upheld"], every["figures"]["rules"][0]["rule"]) == (1, "U-BURST")
