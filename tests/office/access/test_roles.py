"""Roles: who may send what, whose word a verdict is, and that the page says the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bonafide.core.events import CONTROL_TYPES, EVENT_CLASS, Payment, Verdict
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.access.key_rows import KeyRow
from bonafide.office.access.roles import CLIENT_TYPES, ROLES, TEACHING_TYPES
from bonafide.office.access.sender import Sender

DOCS = Path(__file__).parents[3] / "docs" / "access.md"
NAMES = ("platform", "analyst", "senior", "merchant_ops", "legal", "auditor", "admin", "partner")
VERDICT = Verdict(
    event_id="v1", time=0, subject_type="user", subject_id="u1", label="cash_out", source="court", grade="confirmed"
)
PAYMENT = Payment(event_id="p1", time=0, user_id="u1", merchant_id="m1", order_id="o1", amount=1, currency="CNY")


def sender(role: str, types: tuple[str, ...] | None = None, routes: tuple[str, ...] | None = None) -> Sender:
    return KeyRow(
        key_id="a", role=role, types=types, routes=routes, rate_per_s=None, note="", created_ms=0, expires_ms=None,
        revoked_ms=None, replaced_by=None, last_used=None,
    ).sender()  # fmt: skip


def test_control_records_are_taken_from_nobody() -> None:
    assert tuple(ROLES) == NAMES
    for role in ROLES.values():
        assert not role.grantable & CONTROL_TYPES
        assert role.grantable <= set(EVENT_CLASS)
    assert set(CLIENT_TYPES) | CONTROL_TYPES == set(EVENT_CLASS)


def test_truth_is_taken_from_those_who_may_teach() -> None:
    told = {name: role.types & TEACHING_TYPES for name, role in ROLES.items()}
    assert told == {
        "platform": set(), "analyst": {"verdict"}, "senior": {"verdict"}, "merchant_ops": {"verdict"},
        "legal": {"verdict"}, "auditor": set(), "admin": TEACHING_TYPES, "partner": {"verdict", "indicator"},
    }  # fmt: skip
    assert {name for name, role in ROLES.items() if role.may_be_given} == {"platform"}


@pytest.mark.parametrize("role", NAMES)
def test_whoever_may_send_verdicts_has_a_source_and_nobody_else(role: str) -> None:
    assert (sender(role).source is not None) == sender(role).may_send("verdict")


def test_a_verdict_says_who_its_sender_is() -> None:
    sources = {"platform": "chargeback", "analyst": "analyst", "senior": "analyst", "merchant_ops": "analyst",
               "legal": "court", "admin": "analyst", "partner": "partner"}  # fmt: skip
    for role, source in sources.items():
        signed = sender(role, ("verdict",)).signed(VERDICT)
        assert signed.source == source
        assert (signed.event_id, signed.label, signed.grade) == ("v1", "cash_out", "confirmed")
    assert VERDICT.source == "court"


def test_everything_but_a_verdict_is_taken_as_it_is() -> None:
    assert sender("platform", ("payment", "verdict")).signed(PAYMENT) is PAYMENT
    assert sender("partner").signed(PAYMENT) is PAYMENT


def test_types_narrow_a_key_and_what_its_role_has_lost_it_has_lost() -> None:
    narrowed = sender("platform", ("payment", "verdict", "indicator"))
    assert narrowed.types == {"payment", "verdict"}
    assert narrowed.may_send("payment")
    assert not narrowed.may_send("refund")
    assert not narrowed.may_send("tick")


@pytest.mark.parametrize(
    ("route", "may"),
    [("/v1/events", True), ("/v1/events:batch", True), ("/v1/events/e1", True), ("/v1/eventsource", False),
     ("/v1", False), ("/metrics", False), ("", False)],
)  # fmt: skip
def test_a_key_may_use_its_routes_and_what_stands_under_them(route: str, may: bool) -> None:
    assert sender("platform", routes=("/v1/events", "/v1/x")).may_use(route) is may
    assert sender("platform").may_use(route)


def test_whoever_may_not_is_told_what_they_may() -> None:
    narrowed = sender("platform", ("verdict", "payment"), ("/v1/events", "/v1/decisions"))
    narrowed.check_may_send("payment")
    narrowed.check_may_use("/v1/events:batch")
    with pytest.raises(ForbiddenError) as caught:
        narrowed.check_may_send("group")
    assert str(caught.value) == "this key (role platform) may not send group; it may send payment, verdict"
    with pytest.raises(ForbiddenError) as caught:
        narrowed.check_may_use("/metrics")
    assert str(caught.value) == "this key may not use /metrics; it was made for /v1/decisions, /v1/events"
    with pytest.raises(ForbiddenError, match="it may send no events"):
        sender("auditor").check_may_send("payment")


def test_the_page_shows_the_table() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| (.*) \| (.*) \| (.*) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [_row(name) for name in NAMES]


def _row(name: str) -> tuple[str, str, str, str]:
    role = ROLES[name]
    types = ", ".join(one for one in CLIENT_TYPES if one in role.types)
    if len(role.types) > 3:
        missing = ", ".join(one for one in CLIENT_TYPES if one not in role.types)
        types = f"all but {missing}" if missing else "all"
    types = (types or "none") + (f"; {', '.join(sorted(role.may_be_given))} if named" if role.may_be_given else "")
    return name, role.meant_for, types, role.source or "-"
