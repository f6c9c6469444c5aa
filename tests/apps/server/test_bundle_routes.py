"""Bundles and lists over HTTP: two people, each with a session of their own, and what they are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bonafide.apps.server.bundle_routes import BUNDLE_BODY_BYTES_MAX, BUNDLE_BODY_TEXTS_MAX
from bonafide.apps.server.bundle_shapes import (
    BundleAnswer,
    BundleFilesAnswer,
    BundleHitsAnswer,
    BundlesAnswer,
    BundleStepAnswer,
    CheckAnswer,
    ListChangeAnswer,
    ListsAnswer,
)
from bonafide.apps.server.small_bodies import SMALL_BODY_BYTES_MAX
from bonafide.core.moment import DAY_MS, HOUR_MS, show_moment
from bonafide.engine.shipped import find_bundle
from tests.apps.server.bureau import Bureau, has_decided, opened
from tests.apps.server.client import NOW_MS, Answer
from tests.apps.server.standin import TestSettings

PEOPLE = {"ann": "analyst", "bob": "senior", "cy": "admin"}
SOON = show_moment(NOW_MS + 30 * DAY_MS)


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    with opened(tmp_path) as one:
        for name, role in PEOPLE.items():
            one.settle(name, role)
        yield one


def as_(bureau: Bureau, name: str, method: str, path: str, body: Any = None) -> Answer:
    return bureau.as_person(bureau.session(name), method, path, body)


def files(**changed: str) -> dict[str, str]:
    """The starter bundle with other words."""
    home = find_bundle("starter")
    found = {str(p.relative_to(home)): p.read_text() for p in sorted(home.rglob("*")) if p.is_file()}
    return found | {name.replace("_", "."): text for name, text in changed.items()}


def shown(answer: Answer, shape: type[msgspec.Struct], status: int = 200) -> Any:
    """The body, which must be as the description says."""
    assert (answer.status, answer.headers["cache-control"]) == (status, "no-store"), answer
    msgspec.convert(answer.json, shape, strict=True)
    return answer.json


def test_a_bundle_is_proposed_by_one_approved_by_another_and_activated(bureau: Bureau) -> None:
    first = has_decided(bureau.data)
    sent = {"files": files(), "files_base64": {"NOTICE": "YSBwYWdlCg=="}, "note": "words"}
    made = shown(as_(bureau, "bob", "POST", "/v1/bundles", sent), BundleStepAnswer, 201)
    assert (made["person"], made["note"], made["harms"], made["replaces"]) == ("bob", "words", [], first)
    assert as_(bureau, "bob", "POST", "/v1/bundles", sent).problem == "conflict"
    path = f"/v1/bundles/{made['bundle']}"
    assert as_(bureau, "cy", "POST", f"{path}/activate", {}).problem == "conflict"
    own = as_(bureau, "bob", "POST", f"{path}/approve", {"note": "mine"})
    assert (own.status, "nobody approves what they have proposed" in own.json["detail"]) == (403, True)
    assert as_(bureau, "ann", "POST", f"{path}/approve", {}).status == 403
    shown(as_(bureau, "cy", "POST", f"{path}/approve", {"note": "read"}), BundleStepAnswer)
    assert as_(bureau, "cy", "POST", f"{path}/approve", {}).problem == "conflict"
    assert as_(bureau, "bob", "POST", f"{path}/activate", {}).status == 403
    shown(as_(bureau, "cy", "POST", f"{path}/activate", {}), BundleStepAnswer, 202)
    every = shown(as_(bureau, "ann", "GET", "/v1/bundles"), BundlesAnswer)
    assert (every["in_force"], every["proposals"][0]["approved"]["person"]) == (made["bundle"], "cy")
    one = shown(bureau.as_machine(bureau.key("auditor"), "GET", path), BundleAnswer)
    assert [step["action"] for step in one["steps"]] == ["propose", "approve", "activate"]
    back = shown(as_(bureau, "bob", "POST", "/v1/bundles/rollback", {"note": "loud"}), BundleStepAnswer, 202)
    assert (back["action"], back["bundle"]) == ("rollback", first)
    assert as_(bureau, "bob", "POST", "/v1/bundles/rollback", {}).problem == "conflict"
    noted = [(e.who, e.outcome, e.from_where) for e in bureau.log.entries(what="bundle.approve")]
    assert noted == [(f"person:{who}", end, "127.0.0.1") for who, end in
                     (("bob", "refused"), ("cy", "done"), ("cy", "refused"))]  # fmt: skip


def test_the_texts_of_a_bundle_that_decides_are_shown_though_nobody_proposed_it(bureau: Bureau) -> None:
    assert shown(as_(bureau, "ann", "GET", "/v1/bundles"), BundlesAnswer)["decides"] is None
    first = has_decided(bureau.data)
    every = shown(as_(bureau, "ann", "GET", "/v1/bundles"), BundlesAnswer)
    assert (every["in_force"], every["decides"]) == (None, first)
    told = shown(as_(bureau, "ann", "GET", f"/v1/bundles/{first}/files"), BundleFilesAnswer)
    assert (told["name"], told["files"]) == ("starter", files())
    lines = told["files"]["rules.yaml"].splitlines()
    assert [lines[rule["line"] - 1] for rule in told["rules"]] == [f"- id: {rule['id']}" for rule in told["rules"]]
    assert as_(bureau, "ann", "GET", f"/v1/bundles/{'f' * 64}/files").problem == "not-found"


def test_hits_are_what_the_worker_counted_and_a_shadow_is_of_what_decides(bureau: Bureau) -> None:
    first = has_decided(bureau.data)
    path = f"/v1/bundles/{first}/hits"
    told = shown(as_(bureau, "ann", "GET", path), BundleHitsAnswer)
    assert (told["decided"], told["first_day"], told["rules"], told["shadow"]) == (0, None, [], [])
    day = {"arms": {"": {"decided": 4, "alerts": 1, "outcomes": {"allow": 3, "hold": 1}}}, "hits": {"U-BURST": [2, 1]}}
    counts = {"form": 1, "next_seq": 5, "chain": None, "days": {"20000": {first: day}, "19999": {first: day}}}
    (bureau.data.folder / "rule_hits.json").write_text(json.dumps(counts), encoding="utf-8")
    bureau.runtime.figures.shadow["allow", "hold"] += 3
    told = shown(as_(bureau, "ann", "GET", path), BundleHitsAnswer)
    assert (told["decided"], told["first_day"], told["last_day"]) == (8, "2024-10-03", "2024-10-04")
    assert told["rules"] == [{"id": "U-BURST", "hits": 4, "alerts": 2}]
    assert told["shadow"] == [{"outcome": "allow", "challenger": "hold", "decisions": 3}]
    assert shown(as_(bureau, "ann", "GET", f"{path}?days=1"), BundleHitsAnswer)["decided"] == 4
    assert as_(bureau, "ann", "GET", f"{path}?days=32").status == 422
    assert as_(bureau, "ann", "GET", f"/v1/bundles/{'f' * 64}/hits").problem == "not-found"


def test_a_check_says_what_a_proposal_would_be_told_and_writes_nothing(bureau: Bureau) -> None:
    first = has_decided(bureau.data)
    kept = sorted(path.name for path in (bureau.data.folder / "bundles").iterdir())
    rules = files()["rules.yaml"]
    wrong = {"base": first, "files": {"rules.yaml": rules.replace("amount", "amout", 1)}}
    told = shown(as_(bureau, "ann", "POST", "/v1/bundles:check", wrong), CheckAnswer)
    mistake = told["mistakes"][0]
    where = (mistake["file"], rules.splitlines()[mistake["line"] - 1].find("amount") + 1)
    assert (told["bundle"], told["may_be_proposed"], where) == (None, False, ("rules.yaml", mistake["column"]))
    assert "did you mean amount" in mistake["message"]
    weight = next(line for line in rules.splitlines() if "weight:" in line)
    better = {"base": first, "files": {"rules.yaml": rules.replace(weight, f"{weight}1", 1)}}
    told = shown(as_(bureau, "ann", "POST", "/v1/bundles:check", better), CheckAnswer)
    assert (told["may_be_proposed"], told["in_force"], told["mistakes"]) == (True, first, [])
    assert (len(told["harms"]), told["waits_ms"], told["failed"]) == (1, 24 * HOUR_MS, [])
    assert sorted(path.name for path in (bureau.data.folder / "bundles").iterdir()) == kept
    made = shown(as_(bureau, "ann", "POST", "/v1/bundles", better), BundleStepAnswer, 201)
    assert (made["bundle"], made["harms"]) == (told["bundle"], told["harms"])
    held = {"base": first, "files": {}, "removed": sorted(n for n in files() if n.startswith("examples/"))}
    told = shown(as_(bureau, "ann", "POST", "/v1/bundles:check", held), CheckAnswer)
    assert (told["may_be_proposed"], told["examples"]) == (False, 0)
    same = shown(as_(bureau, "ann", "POST", "/v1/bundles:check", {"base": first, "files": {}}), CheckAnswer)
    assert (same["bundle"], same["may_be_proposed"], same["changes"]) == (first, False, [])


def test_what_differs_from_a_bundle_is_refused_where_there_is_none_such(bureau: Bureau) -> None:
    first = has_decided(bureau.data)
    for body, field in (
        ({"base": "7c2f", "files": {}}, "base"), ({"files": {}, "removed": ["a"]}, "removed"),
        ({"base": first, "files": {}, "removed": ["none.yaml"]}, "removed"),
        ({"base": first, "files": {"../x": ""}}, "files"),
    ):  # fmt: skip
        for path in ("/v1/bundles:check", "/v1/bundles"):
            got = as_(bureau, "ann", "POST", path, body)
            assert (got.status, got.json["field"]) == (422, field), got
    assert as_(bureau, "ann", "POST", "/v1/bundles:check", {"base": "f" * 64, "files": {}}).problem == "not-found"


def test_what_may_harm_waits_as_long_as_the_settings_say(bureau: Bureau) -> None:
    has_decided(bureau.data)
    rules = files()["rules.yaml"]
    harder = rules + rules[rules.index("- id:") :].partition("\n- id:")[0].replace("- id: ", "- id: X-") + "\n"
    sent = {"files": files(rules_yaml=harder)}
    got = as_(bureau, "ann", "POST", "/v1/bundles", sent)
    assert (got.status, got.json["field"]) == (422, "files")  # a rule without an example
    assert str(bureau.data.folder) not in got.json["detail"]
    weight = next(line for line in rules.splitlines() if "weight:" in line)
    sent = {"files": files(rules_yaml=rules.replace(weight, f"{weight}1", 1))}
    made = shown(as_(bureau, "ann", "POST", "/v1/bundles", sent), BundleStepAnswer, 201)
    assert made["harms"]
    path = f"/v1/bundles/{made['bundle']}"
    assert as_(bureau, "bob", "POST", f"{path}/approve", {}).status == 200
    bureau.now_ms += 23 * HOUR_MS
    early = as_(bureau, "cy", "POST", f"{path}/activate", {})
    assert (early.problem, "waits until" in early.json["detail"]) == ("conflict", True)
    bureau.now_ms += HOUR_MS
    assert as_(bureau, "cy", "POST", f"{path}/activate", {}).status == 202


def test_a_hash_that_nobody_proposed_is_not_there(bureau: Bureau) -> None:
    for content in ("f" * 64, "7c2f", "F" * 64, "x"):
        assert as_(bureau, "ann", "GET", f"/v1/bundles/{content}").problem == "not-found"
        for step in ("approve", "refuse", "activate"):
            assert as_(bureau, "cy", "POST", f"/v1/bundles/{content}/{step}", {}).problem == "not-found"


def test_a_key_is_nobody_here_whatever_its_role(bureau: Bureau) -> None:
    key = bureau.key("admin")
    steps = ("", f"/{'f' * 64}/approve", f"/{'f' * 64}/refuse", f"/{'f' * 64}/activate", "/rollback")
    for path in (*(f"/v1/bundles{step}" for step in (*steps, ":check")), "/v1/lists", "/v1/lists/1/approve"):
        got = bureau.as_machine(key, "POST", path, {})
        assert (got.status, "a key is none" in got.json["detail"]) == (403, True), path
    assert bureau.as_machine(key, "GET", "/v1/bundles").status == 200
    assert bureau.as_machine(key, "GET", "/v1/lists").status == 200


def test_a_proposal_may_be_large_and_not_too_large(bureau: Bureau) -> None:
    has_decided(bureau.data)
    large = as_(bureau, "ann", "POST", "/v1/bundles", {"files": {"README.md": "x" * 2 * SMALL_BODY_BYTES_MAX}})
    assert (large.status, large.json["field"]) == (422, "files")  # it was read, and is no bundle
    page = {"files": {"README.md": "x" * BUNDLE_BODY_BYTES_MAX}}
    many = {"files": {str(number): "" for number in range(BUNDLE_BODY_TEXTS_MAX)}}
    for body in (page, many):
        assert as_(bureau, "ann", "POST", "/v1/bundles", body).problem == "too-large"
    note = {"note": "x" * SMALL_BODY_BYTES_MAX}
    assert as_(bureau, "bob", "POST", "/v1/bundles/rollback", note).problem == "too-large"


def test_where_nothing_has_decided_or_the_setting_decides_it_says_so(tmp_path: Path) -> None:
    with opened(tmp_path, settings=TestSettings(four_eyes="never")) as bureau:
        bureau.settle("cy", "admin")
        assert as_(bureau, "cy", "POST", "/v1/bundles", {"files": {}}).status == 503  # there is no journal
        for path in (f"/v1/bundles/{'f' * 64}/activate", "/v1/bundles/rollback"):
            got = as_(bureau, "cy", "POST", path, {})
            assert (got.problem, "four_eyes is never" in got.json["detail"]) == ("conflict", True)


def test_what_does_harm_on_a_list_takes_two_people(bureau: Bureau) -> None:
    asked = {"list": "block", "action": "add", "entry": "zhangwei", "reason": "a ring", "expires": SOON}
    made = shown(as_(bureau, "bob", "POST", "/v1/lists", asked), ListChangeAnswer, 202)
    assert (made["waits"], made["entry"][0], made["expires"], made["seq"]) == (True, "~", SOON, None)
    path = f"/v1/lists/{made['number']}/approve"
    assert as_(bureau, "bob", "POST", path).status == 403
    assert shown(as_(bureau, "cy", "POST", path), ListChangeAnswer, 202)["approved_by"] == "cy"
    assert as_(bureau, "cy", "POST", path).problem == "conflict"
    for number in ("9", "0", "x", "99999999999999999999"):
        assert as_(bureau, "cy", "POST", f"/v1/lists/{number}/approve").problem == "not-found"
    watch = {"list": "watch", "action": "remove", "entry": "u2", "reason": "over"}
    assert shown(as_(bureau, "ann", "POST", "/v1/lists", watch), ListChangeAnswer, 202)["waits"] is False
    for wrong, field in (({"expires": SOON}, "expires"), ({"list": "friends"}, "list"), ({"reason": "a\nb"}, "reason")):
        got = as_(bureau, "ann", "POST", "/v1/lists", watch | wrong)
        assert (got.status, got.json["field"]) == (422, field)
    logged = json.dumps([entry.to_wire() for entry in bureau.log.entries()])
    assert [text for text in ("zhangwei", "a ring") if text in logged] == []


def test_lists_are_read_from_the_newest_on_and_by_who_stands_on_them(bureau: Bureau) -> None:
    ann = bureau.session("ann")
    for number in range(1, 6):
        body = {"list": "watch", "action": "add", "entry": f"u{number}", "reason": "r", "expires": SOON}
        assert bureau.as_person(ann, "POST", "/v1/lists", body).status == 202

    def numbers(query: str) -> tuple[list[int], int | None]:
        told = shown(bureau.as_person(ann, "GET", f"/v1/lists?{query}"), ListsAnswer)
        return [one["number"] for one in told["changes"]], told["next_before"]

    assert numbers("limit=2") == ([4, 5], 4)
    assert numbers("limit=2&before=4") == ([2, 3], 2)
    assert numbers("limit=2&before=2") == ([1], None)
    assert numbers("list=block") == ([], None)
    assert numbers("standing=true") == ([], None)  # none is in the log yet
    for query in ("list=friends", "before=0", "limit=0"):
        assert bureau.as_person(ann, "GET", f"/v1/lists?{query}").status == 422
