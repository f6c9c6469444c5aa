"""Merchants over HTTP: who sees what of a review, and that a refusal takes two people with sessions of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from bonafide.apps.server.merchant_shapes import MerchantReviewAnswer, MerchantsAnswer, MerchantWholeAnswer
from bonafide.core.door import convert_event
from bonafide.core.moment import show_moment
from bonafide.core.pseudonym import ClearText, party_of, personal_texts, show_token, with_texts
from bonafide.office.admission.watch import MerchantWatch
from bonafide.office.journal import Record
from bonafide.office.journal.intake import IntakeRow
from bonafide.office.lists.cleared import CLEARED_MS, clear, unclear
from bonafide.office.vault.learning import Learner
from bonafide.office.vault.pseudonym import pseudonym_of
from bonafide.testing.webhooks.made import MadeLog
from tests.apps.server.bureau import Bureau, opened
from tests.apps.server.client import NOW_MS, Answer
from tests.office.admission.kit import application
from tests.office.days.kit import Made, follow, log_of

PEOPLE = {"ann": "merchant_ops", "bob": "senior", "eve": "auditor"}


def apply(bureau: Bureau, *events: dict[str, Any]) -> None:
    """What the service and its worker do with applications."""
    secret, log, learner = bureau.data.read_secret(), MadeLog(), Learner(bureau.vault)
    for n, given in enumerate(events, 1):
        event = convert_event({"event_id": f"e{n}", "time": NOW_MS, **given})
        party = party_of(event)
        assert party is not None
        texts = []
        for _, kind, text in personal_texts(event):
            whose = ("", 0) if (kind, text) == party else (party[0], pseudonym_of(party[1], secret))
            texts.append(ClearText(pseudonym_of(text, secret), kind, text, *whose))
        learner.learn([IntakeRow(n, len(texts), tuple(texts), b"%032d" % n)])
        content = with_texts(event, lambda _, text: show_token(pseudonym_of(text, secret)))
        log.append(Record(NOW_MS, "k", msgspec.json.encode(content), b'{"status":"taught"}'))
    watch = MerchantWatch(bureau.vault, log, bureau.data.folder, secret, lambda: bureau.now_ms)
    while watch.step():
        pass


@pytest.fixture(scope="module")
def bureau(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bureau]:
    with opened(tmp_path_factory.mktemp("merchants")) as one:
        for name, role in PEOPLE.items():
            one.settle(name, role)
        apply(
            one, application("m1", NOW_MS), application("m2", NOW_MS, documents=[]),
            application("m3", NOW_MS, account_id="acc-m1"),
        )  # fmt: skip
        yield one


def as_(bureau: Bureau, name: str, method: str, path: str, body: Any = None) -> Answer:
    return bureau.as_person(bureau.session(name), method, path, body)


def shown(answer: Answer, shape: type[msgspec.Struct]) -> Any:
    """The body, which must be as the description says."""
    assert answer.status == 200, answer
    msgspec.convert(answer.json, shape, strict=True)
    return answer.json


def test_merchants_are_shown_with_what_was_found(bureau: Bureau) -> None:
    found = shown(as_(bureau, "eve", "GET", "/v1/merchants?limit=2"), MerchantsAnswer)
    assert [one["reviews"][0]["number"] for one in found["merchants"]] == [3, 2]
    rest = shown(as_(bureau, "eve", "GET", f"/v1/merchants?before={found['next_before']}"), MerchantsAnswer)
    assert (len(rest["merchants"]), rest["next_before"]) == (1, None)
    assert shown(as_(bureau, "ann", "GET", "/v1/merchants?standing=closed"), MerchantsAnswer)["merchants"] == []
    one = shown(as_(bureau, "ann", "GET", "/v1/merchants/m3"), MerchantWholeAnswer)
    assert one["reviews"][0]["findings"][0]["code"] == "account_shared"
    assert one["reviews"][0]["findings"][0]["rests_on"]["merchants"][0]["merchant"].startswith("~")
    again = shown(as_(bureau, "ann", "GET", f"/v1/merchants/{one['merchant_id']}"), MerchantWholeAnswer)
    assert (
        again == one == shown(as_(bureau, "ann", "GET", f"/v1/merchants/{one['merchant_id'][1:]}"), MerchantWholeAnswer)
    )


def test_a_merchants_id_may_hold_anything(tmp_path: Path) -> None:
    ids = ("a/b", "a/decide", "ü ?%#/", "a")
    with opened(tmp_path) as bureau:
        bureau.settle("ann", "merchant_ops")
        apply(bureau, *(application(one, NOW_MS) for one in ids))
        for one in ids:
            path = f"/v1/merchants/{quote(one, safe='')}"
            token = show_token(pseudonym_of(one, bureau.data.read_secret()))
            assert shown(as_(bureau, "ann", "GET", path), MerchantWholeAnswer)["merchant_id"] == token
            body = {"decision": "request_information", "note": "whose phone is it"}
            decided = shown(as_(bureau, "ann", "POST", f"{path}/decide", body), MerchantReviewAnswer)
            assert decided["votes"][0]["decision"] == "request_information"
        assert shown(as_(bureau, "ann", "GET", "/v1/merchants/a/b"), MerchantWholeAnswer)["reviews"]
        for method, path, allowed in (
            ("GET", "a/decide", "POST"), ("GET", "a%2Fb/decide", "POST"), ("POST", "a%2Fdecide", "GET"),
            ("POST", "a%2Fb", "GET"), ("DELETE", "a/decide", "POST"),
        ):  # fmt: skip
            refused = as_(bureau, "ann", method, f"/v1/merchants/{path}", {})
            assert (refused.status, refused.headers["allow"]) == (405, allowed), path
        assert as_(bureau, "ann", "GET", "/v1/merchants/").status == 404
        assert as_(bureau, "ann", "GET", f"/v1/merchants/{'x' * 129}").status == 404


def test_a_platform_reads_what_the_applicant_may_be_told_and_nothing_else(bureau: Bureau) -> None:
    key = bureau.key("platform")
    (review,) = shown(bureau.as_machine(key, "GET", "/v1/merchants/m3"), MerchantWholeAnswer)["reviews"]
    assert (review["outcome"], review["reasons"][0]["code"]) == ("verify", "account_shared")
    assert not {"findings", "votes"} & set(review)
    assert bureau.as_machine(key, "GET", "/v1/merchants").status == 403


def test_a_merchant_that_never_applied_is_shown_by_what_was_decided(bureau: Bureau) -> None:
    token = show_token(pseudonym_of("m7", bureau.data.read_secret()))
    ours = Made("payout", merchant=7, outcome="hold", credit_score=500, amount=900)
    made, log = ours.record(0), MadeLog()
    content = msgspec.json.encode(msgspec.json.decode(made.content) | {"merchant_id": token})
    log.append(Record(made.received_ms, made.sender, content, made.answer))
    follow(bureau.store, log)
    told = shown(as_(bureau, "ann", "GET", "/v1/merchants/m7"), MerchantWholeAnswer)
    assert (told["merchant_id"], told["standing"], told["reviews"]) == (token, None, [])
    assert [(one["type"], one["outcome"]) for one in told["decisions"]] == [("payout", "hold")]
    assert [one["credit_score"] for one in told["score_history"]] == [500]
    assert (told["exposure"]["sums"][0]["held"], told["ladder"]["offences"], told["cases"]) == (900, 0, [])
    outside = shown(bureau.as_machine(bureau.key("platform"), "GET", f"/v1/merchants/{token}"), MerchantWholeAnswer)
    assert {*told} - {*outside} == {"score_history", "levels", "exposure", "cases", "cleared_until"}


def test_a_merchant_that_only_sold_is_shown_too(bureau: Bureau) -> None:
    follow(bureau.store, log_of(Made(merchant=7, amount=900)))
    path = f"/v1/merchants/{show_token(107)}"
    told = shown(as_(bureau, "ann", "GET", path), MerchantWholeAnswer)
    assert (told["standing"], told["credit_score"], told["decisions"]) == (None, None, [])
    assert told["exposure"]["sums"][0]["payments"] == 1
    assert shown(bureau.as_machine(bureau.key("platform"), "GET", path), MerchantWholeAnswer)["risk_level"] is None


def test_whom_people_found_genuine_is_shown_until_when(bureau: Bureau) -> None:
    path, whose = "/v1/merchants/m1", show_token(pseudonym_of("m1", bureau.data.read_secret()))
    assert shown(as_(bureau, "ann", "GET", path), MerchantWholeAnswer)["cleared_until"] is None
    with bureau.store.writing() as connection:
        clear(connection, whose, "case:1:1", "ann", bureau.now_ms)
    told = shown(as_(bureau, "ann", "GET", path), MerchantWholeAnswer)
    assert told["cleared_until"] == show_moment(bureau.now_ms + CLEARED_MS)
    with bureau.store.writing() as connection:
        unclear(connection, whose, "case:1:2", "ann", bureau.now_ms)
    assert shown(as_(bureau, "ann", "GET", path), MerchantWholeAnswer)["cleared_until"] is None


def test_a_refusal_takes_two_people_who_are_signed_in(bureau: Bureau) -> None:
    path, body = "/v1/merchants/m2/decide", {"decision": "refuse", "note": "nobody is there"}
    assert bureau.as_machine(bureau.key("merchant_ops"), "POST", path, body).status == 403
    assert as_(bureau, "eve", "POST", path, body).status == 403
    first = shown(as_(bureau, "ann", "POST", path, body), MerchantReviewAnswer)
    assert (first["settled"], [vote["person"] for vote in first["votes"]]) == (None, ["ann"])
    assert as_(bureau, "ann", "POST", path, body).problem == "conflict"
    second = shown(as_(bureau, "bob", "POST", path, body), MerchantReviewAnswer)
    assert (second["decision"], second["outcome"], second["decided_by"]) == ("refuse", "hold", "people")
    assert shown(as_(bureau, "bob", "GET", "/v1/merchants/m2"), MerchantWholeAnswer)["standing"] == "refused"
    taken_back = {"decision": "admit", "note": "they have moved"}
    assert shown(as_(bureau, "ann", "POST", path, taken_back), MerchantReviewAnswer)["state"] == "admitted"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("m9", {"decision": "refuse", "note": "x"}, 404), ("x" * 129, {"decision": "refuse", "note": "x"}, 404),
        ("m1", {"decision": "close", "note": "x"}, 422), ("m1", {"decision": "refuse"}, 422),
        ("m1", {"decision": "refuse", "note": ""}, 422), ("m1", {"decision": "refuse", "note": "a\nb"}, 422),
        ("m1", {"decision": "admit", "note": "x", "by": "bob"}, 422),
    ],
)  # fmt: skip
def test_what_cannot_be_decided_is_refused(bureau: Bureau, path: str, body: dict[str, Any], status: int) -> None:
    assert as_(bureau, "ann", "POST", f"/v1/merchants/{path}/decide", body).status == status


def test_who_has_not_applied_is_not_found(bureau: Bureau) -> None:
    for name in ("m9", "~00000000000000ff", "%20", "~zz"):
        assert as_(bureau, "ann", "GET", f"/v1/merchants/{name}").status == 404, name


def test_without_the_master_key_nothing_is_shown(tmp_path: Path) -> None:
    with opened(tmp_path) as one:
        key = one.key("merchant_ops")
        one.service.office = one.office._replace(secret=None)  # type: ignore[misc]
        assert one.as_machine(key, "GET", "/v1/merchants").status == 503
