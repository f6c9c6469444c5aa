"""What people may do with a case, and what follows from it."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import func, select

from bonafide.core.errors import MissingError, UsageError
from bonafide.core.events import Verdict
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.audit.log import AuditLog
from bonafide.office.bundles.errors import NotNowError
from bonafide.office.cases.desk import UNDO_MS, come_back
from bonafide.office.cases.rows import Asked
from bonafide.office.cases.sampling import is_drawn
from bonafide.office.records.records import Records
from bonafide.office.store.database import Store
from bonafide.office.store.tables import case_steps
from tests.office.cases.kit import DAY, HERE, HOUR, SECRET, Site, alerting, token
from tests.office.databases import everything_in

CASH_OUT = Asked("cash_out", "confirmed")


@pytest.fixture
def site(store: Store) -> Site:
    return Site(store)


def verdicts(site: Site) -> list[Verdict]:
    found = [wanted.record(0) for wanted in Records(site.store).pending()]
    assert all(isinstance(one, Verdict) for one in found)
    return found  # type: ignore[return-value]


def test_a_case_is_taken_decided_and_written_into_the_log_once(site: Site) -> None:
    number = site.open()
    with pytest.raises(NotNowError, match="it is open; take it first"):
        site.desk.decide(site.who["ann"], HERE, number, CASH_OUT)
    assert site.desk.assign(site.who["ann"], HERE, number).assignee == "ann"
    with pytest.raises(ForbiddenError, match="somebody else's"):
        site.desk.decide(site.who["eve"], HERE, number, CASH_OUT)
    case = site.desk.decide(site.who["ann"], HERE, number, CASH_OUT, note="paid back the same day")
    assert (case.state, case.label, case.grade, case.decided_by) == ("decided", "cash_out", "confirmed", "ann")
    assert verdicts(site) == [Verdict(
        event_id=f"case:{number}:2:0", time=0, subject_type="event", subject_id="e1", label="cash_out",
        source="analyst", grade="confirmed", user_id=token("u1"), merchant_id=token("m1"),
    )]  # fmt: skip
    with pytest.raises(NotNowError, match="it is decided"):
        site.desk.decide(site.who["ann"], HERE, number, CASH_OUT)
    assert len(verdicts(site)) == 1


def test_earlier_cases_about_the_same_are_counted_where_they_were_cash_out(site: Site) -> None:
    for event, user, found in (("e1", "u1", CASH_OUT), ("e2", "u2", Asked("genuine"))):
        number = site.open(event, user, f"m-{user}")
        site.desk.assign(site.who["ann"], HERE, number)
        site.desk.decide(site.who["ann"], HERE, number, found)
    priors = []
    for event, user in (("e3", "u1"), ("e4", "u2"), ("e5", "u3")):
        number = site.open(event, user, f"n-{user}")
        priors.append(site.book.one(number)["aggregates"]["prior_cases"])
    assert priors == [1, 0, 0]


def test_what_is_harsh_takes_a_second_person(site: Site) -> None:
    number = site.claimed("bob")
    asked = Asked("cash_out", "adjudicated", "freeze_credit", about=(token("u1"),))
    case = site.desk.decide(site.who["bob"], HERE, number, asked)
    assert (case.state, case.label, case.asked) == ("waiting", None, msgspec.structs.replace(asked, by="bob"))
    assert verdicts(site) == []
    with pytest.raises(ForbiddenError, match="nobody confirms what they have said"):
        site.desk.confirm(site.who["bob"], HERE, number)
    with pytest.raises(ForbiddenError, match="senior may"):
        site.desk.confirm(site.who["ann"], HERE, number)
    with pytest.raises(NotNowError, match="waiting for a second person"):
        site.desk.assign(site.who["cat"], HERE, number)
    assert site.desk.refuse(site.who["cat"], HERE, number, note="ask the shop first").state == "assigned"
    site.desk.decide(site.who["bob"], HERE, number, asked)
    done = site.desk.confirm(site.who["cat"], HERE, number)
    assert (done.state, done.decided_by, done.second, done.measure) == ("decided", "bob", "cat", "freeze_credit")
    assert [one.grade for one in verdicts(site)] == ["adjudicated"]


def test_subjects_without_a_part_are_set_apart(site: Site) -> None:
    number = site.open("e1", "u1")
    site.take(alerting("e2", user_id="u2", merchant_id="m1"), alerting("t", "transfer", from_account_id="a",
              to_account_id="b", at=site.clock.now_ms))  # fmt: skip
    site.desk.assign(site.who["ann"], HERE, number)
    with pytest.raises(UsageError, match="name subjects of the case"):
        site.desk.decide(site.who["ann"], HERE, number, Asked("cash_out", "suspected", genuine=(token("u9"),)))
    site.desk.decide(site.who["ann"], HERE, number, Asked("cash_out", "suspected", genuine=(token("u2"),)))
    assert [(one.subject_id, one.label, one.grade) for one in verdicts(site)] == [
        ("e1", "cash_out", "suspected"), ("e2", "genuine", None),
    ]  # fmt: skip


def test_a_decision_is_undone_by_contrary_verdicts(site: Site) -> None:
    number = site.claimed()
    site.desk.decide(site.who["ann"], HERE, number, CASH_OUT)
    with pytest.raises(ForbiddenError, match="a senior undoes"):
        site.desk.undo(site.who["eve"], HERE, number, "genuine")
    case = site.desk.undo(site.who["ann"], HERE, number, "genuine")
    assert (case.state, case.assignee, case.label) == ("reopened", None, None)
    assert [one.label for one in verdicts(site)] == ["cash_out", "genuine"]
    site.desk.assign(site.who["eve"], HERE, number)
    site.desk.decide(site.who["eve"], HERE, number, Asked("genuine"))
    site.clock.now_ms += UNDO_MS
    with pytest.raises(NotNowError, match="older than"):
        site.desk.undo(site.who["bob"], HERE, number, "unsure")
    assert [one.label for one in verdicts(site)] == ["cash_out", "genuine", "genuine"]
    assert len({one.event_id for one in verdicts(site)}) == 3


def test_a_case_waits_and_comes_back(site: Site) -> None:
    number = site.claimed()
    now = site.clock.now_ms
    for until in (now, now + 31 * DAY):
        with pytest.raises(UsageError, match="until: give a time to come"):
            site.desk.wait(site.who["ann"], HERE, number, until)
    assert site.desk.wait(site.who["ann"], HERE, number, now + HOUR).state == "waiting"
    assert come_back(site.store, now + HOUR - 1) == 0
    assert come_back(site.store, now + HOUR) == 1
    assert (site.case(number).state, site.case(number).assignee) == ("assigned", "ann")


def test_cases_change_hands(site: Site) -> None:
    number = site.open()
    with pytest.raises(ForbiddenError, match="a senior gives cases"):
        site.desk.assign(site.who["ann"], HERE, number, "eve")
    site.desk.assign(site.who["ann"], HERE, number)
    with pytest.raises(ForbiddenError, match="somebody else's"):
        site.desk.assign(site.who["eve"], HERE, number)
    assert site.desk.assign(site.who["ann"], HERE, number, "eve").assignee == "eve"
    assert site.desk.assign(site.who["bob"], HERE, number, "ann").assignee == "ann"
    with pytest.raises(UsageError, match="cases are for people of role"):
        site.desk.assign(site.who["bob"], HERE, number, "dan")
    with pytest.raises(MissingError):
        site.desk.assign(site.who["bob"], HERE, number, "nobody")
    with pytest.raises(ForbiddenError, match="auditor may not"):
        site.desk.note(site.who["dan"], HERE, number, "hello")
    refused = [(e.what, e.who) for e in AuditLog(site.store).entries() if e.outcome == "refused"]
    assert ("case.note", "person:dan") in refused


def test_notes_are_sealed_and_come_out_as_they_were(site: Site, place: object) -> None:
    number, script = site.claimed(), "<script>alert('=1+1')</script>\u202e\n"
    site.desk.note(site.who["ann"], HERE, number, script)
    with pytest.raises(UsageError, match="at most 4000"):
        site.desk.note(site.who["ann"], HERE, number, "x" * 4_001)
    assert site.book.one(number)["steps"][-1]["note"] == script
    assert b"<script>" not in everything_in(place)  # type: ignore[arg-type]


def test_cases_are_linked_once(site: Site) -> None:
    one, other = site.open("e1"), site.open("e2", "u2", "m2")
    site.desk.link(site.who["ann"], HERE, one, other)
    for given, error in ((other, NotNowError), (one, UsageError), (99, MissingError)):
        with pytest.raises(error):
            site.desk.link(site.who["ann"], HERE, one, given)
    assert [link["to"] for link in site.book.one(other)["links"]] == [one]


def test_a_share_of_decisions_is_looked_at_by_somebody_else(site: Site) -> None:
    drawn, seen = 0, 0
    while not drawn:
        seen += 1
        number = site.open(f"e{seen}", f"u{seen}", f"m{seen}")
        site.desk.assign(site.who["ann"], HERE, number)
        site.desk.decide(site.who["ann"], HERE, number, Asked("genuine"))
        with site.store.reading() as connection:
            step = connection.scalar(select(func.max(case_steps.c.number)))
        drawn = number if is_drawn(SECRET, number, int(step or 0)) else 0
    with pytest.raises(ForbiddenError, match="nobody looks a second time"):
        site.desk.look(site.who["ann"], HERE, drawn, "genuine")
    site.desk.look(site.who["eve"], HERE, drawn, "cash_out")
    with pytest.raises(NotNowError, match="eve has looked"):
        site.desk.look(site.who["bob"], HERE, drawn, "genuine")
    looks = site.book.figures()["second_looks"]
    assert (looks["drawn"], looks["looked"], looks["agreed"]) == (1, 1, 0)
    site.clock.now_ms += 10 * UNDO_MS
    assert site.desk.undo(site.who["bob"], HERE, drawn, "unsure").state == "reopened"


def test_a_mixed_case_is_split_and_made_one_again(site: Site) -> None:
    number = site.claimed(user="u1", merchant="m1")
    site.take(alerting("e2", user_id="u2", merchant_id="m1", outcome="decline"),
              alerting("e3", user_id="u2", merchant_id="m2"))  # fmt: skip
    assert (site.case(number).events, site.case(number).caught) == (3, 10_000)
    for who, subjects, error in (("ann", [token("u9")], UsageError), ("ann", [token("u1"), token("u2")], UsageError),
                                 ("ann", [], UsageError), ("eve", [token("u2")], ForbiddenError)):  # fmt: skip
        with pytest.raises(error):
            site.desk.split(site.who[who], HERE, number, subjects)
    new = site.desk.split(site.who["ann"], HERE, number, [token("u2")], note="another scheme")
    assert (new.state, new.assignee, new.events, new.caught, new.outcome) == ("assigned", "ann", 2, 10_000, "decline")
    assert (site.case(number).events, site.case(number).caught, site.case(number).outcome) == (1, 0, "verify")
    assert [one["to"] for one in site.book.one(number)["links"]] == [new.number]
    assert {one["id"] for one in site.book.one(new.number)["subjects"]} == {token(name) for name in ("u2", "m1", "m2")}
    site.take(*(alerting(f"t{i}", user_id=f"u{i}", merchant_id=f"m{j}") for i in (1, 2) for j in (1, 2) if i != j))
    assert {site.case(one).state for one in (number, new.number)} == {"assigned"}
    with pytest.raises(ForbiddenError, match="by whose it is"):
        site.desk.merge(site.who["eve"], HERE, number, new.number)
    whole = site.desk.merge(site.who["ann"], HERE, number, new.number)
    assert (whole.events, site.case(new.number).state, site.case(new.number).merged_into) == (5, "merged", number)


def test_what_people_split_the_grouping_makes_one_no_more(site: Site) -> None:
    number = site.open(user="u1", merchant="m1")
    site.take(alerting("e2", user_id="u2", merchant_id="m1"))
    new = site.desk.split(site.who["bob"], HERE, number, [], ["e2"])
    assert (new.state, new.assignee) == ("open", None)
    site.take(alerting("e3", user_id="u1", merchant_id="m1"), alerting("e4", user_id="u2", merchant_id="m1"))
    assert [site.case(one).state for one in (number, new.number)] == ["open", "open"]
    site.take(alerting("e5", user_id="u2", merchant_id="m7"), alerting("e6", user_id="u3", merchant_id="m7"))
    assert [site.case(one).state for one in (number, new.number)] == ["open", "open"]
    assert site.desk.merge(site.who["bob"], HERE, new.number, number).events == 6
