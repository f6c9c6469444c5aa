"""Every problem by its name, word for word in golden/problems.txt; UPDATE_GOLDEN=1 writes them anew."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bonafide.apps.problems import NAMES, problem, problem_of, reply_of
from bonafide.core.errors import REASONS, InputError
from tests.apps.server.client import Answer, Client, encoded, payment
from tests.apps.server.standin import KEY, TestKeys, TestRuntime, TestSender, TestSettings

GOLDEN = Path(__file__).parent / "golden" / "problems.txt"
GOOD = encoded(payment())
OF_INTERFACE = {
    "malformed", "invalid-field", "unknown-field", "conflict", "too-large", "unauthenticated", "forbidden",
    "not-found", "rate-limited", "overloaded", "read-only",
}  # fmt: skip


def answers() -> dict[str, Answer]:
    """One request for each problem there is."""
    slow = Client(keys=TestKeys({KEY: TestSender(rate_per_s=1)}))
    slow.post(encoded(payment("a"), payment("b"), payment("c")))
    twice = Client()
    twice.post(GOOD)
    late = Client()
    late.post(GOOD)
    failing = Client()

    async def fail(*_: object) -> object:
        raise ValueError

    failing.runtime.decide = fail  # type: ignore[assignment, method-assign]
    return {
        "malformed": Client().post(b"{"),
        "invalid-field": Client().post(encoded(payment(amount=-5))),
        "invalid-field: missing": Client().post(b'{"type":"payment"}'),
        "invalid-field: future": Client().post(encoded(payment(time="2026-01-06T00:00:00Z"))),
        "invalid-field: too late": late.post(encoded(payment("old", time="2025-01-06T00:00:00Z"))),
        "unknown-field": Client().post(encoded(payment(amout=5))),
        "conflict": twice.post(encoded(payment(amount=5))),
        "too-large": Client(settings=TestSettings(body_bytes_max=9)).post(GOOD),
        "unauthenticated": Client().post(GOOD, key=None),
        "forbidden": Client(keys=TestKeys({KEY: TestSender(types=frozenset())})).post(GOOD),
        "not-found": Client().ask("GET", "/v1/decisions/p9"),
        "rate-limited": slow.post(GOOD),
        "overloaded": Client(TestRuntime(full=True)).post(GOOD),
        "read-only": Client(TestRuntime(state="read-only", not_ready_because="the disk is full")).post(GOOD),
        "internal": failing.post(GOOD),
    }


def test_every_problem_reads_as_it_did() -> None:
    found = answers()
    told = []
    for name, got in found.items():
        assert got.problem == name.partition(":")[0]
        told.append(f"{name}\n  {got.status} {got.json['title']}\n  {got.json['detail']}\n")
    text = "\n".join(told)
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")
    assert {name.partition(":")[0] for name in found} == set(NAMES)


def test_the_names_are_those_that_were_promised() -> None:
    assert set(NAMES) == OF_INTERFACE | {"internal"}


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_of_a_refusal_has_its_problem(reason: str) -> None:
    error = InputError(reason, "because", "time", "0", "p1")  # type: ignore[arg-type]
    told = problem_of(error)
    assert (told["reason"], told["field"], told["event_id"]) == (reason, "time", "p1")
    assert json.loads(reply_of(error).body) == told


def test_a_problem_says_no_more_than_it_knows() -> None:
    assert list(problem("not-found", "gone")) == ["type", "title", "status", "detail"]


@pytest.mark.parametrize(
    ("field", "value", "quoted"),
    [("user_id", "zhang" * 40, False), ("documents[0].id", "L" * 200, False), ("user_id", 5, True),
     ("category", "c" * 200, True), ("amount", "13812340077", True)],
)  # fmt: skip
def test_a_problem_does_not_repeat_the_text_of_a_personal_field(field: str, value: object, quoted: bool) -> None:
    error = InputError.of_value(field, value, "another")
    detail = problem_of(error)["detail"]
    assert (str(error.value) in detail) == quoted
    assert detail.endswith("is not accepted; give another")
