"""Admission: applications become reviews, people decide, a refusal takes two, and the platform is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from bonafide.core.errors import MissingError, UsageError
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.admission.following import APPLICATIONS_AT_ONCE, WRITE_EVERY_MS
from bonafide.office.admission.watch import UNKNOWN_WAIT_MS
from bonafide.office.audit.log import AuditLog
from bonafide.office.bundles.errors import NotNowError
from bonafide.office.merchants.review import HOLD_MS
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import (
    merchant_accounts,
    merchant_outcomes,
    merchant_reviews,
    merchant_trade,
    merchant_votes,
)
from bonafide.office.vault.forgetting import forget
from tests.office.admission.kit import Town, application, token
from tests.office.databases import everything_in
from tests.office.people.kit import HERE, ROOT


@pytest.fixture
def both(store: Store, tmp_path: Path) -> Town:
    """A town on each kind of database in turn."""
    return Town(store, tmp_path)


def test_a_genuine_merchant_is_admitted_at_once_and_the_platform_is_told(town: Town) -> None:
    town.apply()
    town.work()
    told = town.desk.show("m1")
    assert told["standing"] == "active"
    assert [one["code"] for one in told["reviews"][0]["findings"]] == ["account_unproven"]
    (message,) = town.messages()
    assert message["type"] == "merchant_review.admitted"
    assert message["data"]["merchant_id"] == token("m1")
    assert message["data"]["outcome"] == "allow"
    assert message["data"]["decided_by"] == "machine"


def test_what_is_missing_is_asked_for_and_an_answer_opens_the_review_again(town: Town) -> None:
    town.apply(documents=[{"kind": "licence", "id": "d"}])
    town.work()
    first = town.newest()
    assert (first["state"], first["outcome"], first["papers_missing"][0]["kind"]) == (
        "waits_for_answer", "verify", "identity")  # fmt: skip
    assert first["answer_by"] is not None
    town.clock.now_ms += 15 * DAY_MS
    assert town.newest()["state"] == "lapsed"
    town.apply()
    town.work()
    assert town.desk.show("m1")["standing"] == "active"
    assert [one["state"] for one in town.desk.show("m1")["reviews"]] == ["admitted", "lapsed"]
    assert [m["type"] for m in town.messages()] == ["merchant_review.waits_for_answer", "merchant_review.admitted"]


def closed(town: Town, merchant: str = "gone", **more: Any) -> None:
    """A merchant that two people closed."""
    town.apply(merchant, **more)
    town.work()
    for who in (town.person("p1"), town.person("p2", "senior")):
        town.desk.decide(who, HERE, merchant, "refuse", "sold nothing")


def test_nobody_is_refused_by_a_machine_or_by_one_person(both: Town) -> None:
    town = both
    closed(town)
    town.apply(representative_id="rep-gone")
    town.work()
    ann, bob = town.person("ann"), town.person("bob", "senior")
    assert (town.newest()["state"], town.newest()["outcome"]) == ("held", "hold")
    assert "gone" not in str(town.messages()[-1])
    assert token("gone") in str(town.newest()["findings"])
    assert token("gone") not in str(town.messages()[-1])
    first = town.desk.decide(ann, HERE, "m1", "refuse", "the same person")
    assert first.state(town.clock.now_ms) == "held"
    assert len(first.votes) == 1
    for same in (ann, town.again("ann")):
        with pytest.raises(NotNowError, match="somebody else has to refuse it too"):
            town.desk.decide(same, HERE, "m1", "refuse", "once more")
    assert town.desk.show("m1")["standing"] == "applied"
    second = town.desk.decide(bob, HERE, "m1", "refuse", "I looked too")
    assert second.settled == "refuse"
    assert town.desk.show("m1")["standing"] == "refused"
    assert town.messages()[-1]["type"] == "merchant_review.refused"
    assert [vote["person"] for vote in town.newest()["votes"]] == ["ann", "bob"]
    deeds = [(e.what, e.who, e.outcome) for e in AuditLog(town.store).entries() if e.what == "merchant.decide"]
    told = [("ann", "done"), ("ann", "refused"), ("ann", "refused"), ("bob", "done")]
    assert deeds[-4:] == [("merchant.decide", f"person:{who}", outcome) for who, outcome in told]


def test_the_store_itself_refuses_a_refusal_of_one_person(both: Town) -> None:
    town = both
    closed(town)
    town.apply(representative_id="rep-gone")
    town.work()
    town.desk.decide(town.person("ann"), HERE, "m1", "refuse", "first")
    number, now = town.newest()["number"], town.clock.now_ms
    with town.store.reading() as connection:
        vote = connection.scalar(select(merchant_votes.c.number).where(merchant_votes.c.review == number))

    def raw(table: Any, **row: Any) -> None:
        with town.store.writing() as connection:
            connection.execute(table.insert().values(made_ms=now, **row))

    outcome = {"review": number, "decision": "refuse"}
    for first, second in ((vote, None), (vote, vote), (vote, 1), (1, 2)):
        with pytest.raises(StoreError):
            raw(merchant_outcomes, **outcome, first=first, second=second)
    with pytest.raises(StoreError, match="what somebody decided"):
        raw(merchant_outcomes, review=number, decision="admit", first=vote, second=None)
    with pytest.raises(StoreError):
        raw(merchant_votes, number=4, review=number, person="ann", decision="refuse", note=b"x")
    town.office.people.disable(ROOT, "ann")
    with pytest.raises(StoreError, match="may sign in"):
        raw(merchant_votes, number=4, review=number, person="ann", decision="admit", note=b"x")
    for statement in (delete(merchant_votes), update(merchant_votes).values(person="p1"), delete(merchant_outcomes)):
        with pytest.raises(StoreError, match="never changed"), town.store.writing() as connection:
            connection.execute(statement)


def test_a_hold_that_nobody_makes_a_refusal_ends(both: Town) -> None:
    town = both
    closed(town)
    town.apply(account_id="acc-gone")
    town.work()
    assert town.newest()["hold_until"] is not None
    town.clock.now_ms += HOLD_MS
    town.work()
    assert (town.newest()["state"], town.newest()["outcome"]) == ("waits_for_answer", "verify")
    assert town.messages()[-1]["type"] == "merchant_review.waits_for_answer"
    told = len(town.messages())
    town.work()
    assert len(town.messages()) == told


def test_one_person_may_admit_ask_or_take_a_refusal_back(town: Town) -> None:
    closed(town)
    town.apply(phone_id="ph-gone", address="人民路 9号")
    town.work()
    ann = town.person("ann")
    assert town.desk.decide(ann, HERE, "m1", "request_information", "whose phone is it").state(town.clock.now_ms) == (
        "waits_for_answer")  # fmt: skip
    assert town.messages()[-1]["type"] == "merchant_review.waits_for_answer"
    assert town.desk.decide(ann, HERE, "m1", "admit_with_limits", "new owner").settled == "admit_with_limits"
    with pytest.raises(NotNowError, match="settled so already"):
        town.desk.decide(ann, HERE, "m1", "admit_with_limits", "again")
    town.desk.decide(ann, HERE, "gone", "admit", "it was a mistake")
    assert town.desk.show("gone")["standing"] == "active"
    assert [one["cause"] for one in town.desk.show("gone")["reviews"]] == ["again", "application"]
    assert town.messages()[-1]["type"] == "merchant_review.admitted"


def test_closing_an_admitted_merchant_takes_two_people_as_well(town: Town) -> None:
    town.apply()
    town.work()
    town.desk.decide(town.person("ann"), HERE, "m1", "refuse", "vanished")
    assert town.desk.show("m1")["standing"] == "active"
    town.desk.decide(town.person("bob"), HERE, "m1", "refuse", "vanished")
    assert town.desk.show("m1")["standing"] == "closed"


def test_who_may_not_decide_is_refused(town: Town) -> None:
    town.apply()
    town.work()
    with pytest.raises(ForbiddenError):
        town.desk.decide(town.person("eve", "auditor"), HERE, "m1", "refuse", "no")
    ann = town.person("ann")
    with pytest.raises(MissingError, match="none of this id"):
        town.desk.decide(ann, HERE, "m9", "refuse", "no")
    for note in ("", "x" * 501, "a\nb"):
        with pytest.raises(UsageError, match="note"):
            town.desk.decide(ann, HERE, "m1", "refuse", note)


def test_limits_let_more_through_with_time_and_end(town: Town) -> None:
    town.apply(opened_on=town.clock.now_ms - 10 * DAY_MS)
    town.work()
    assert town.newest()["state"] == "admitted_with_limits"
    limits = town.messages()[-1]["data"]["limits"]
    assert limits == town.newest()["limits"]
    seen = []
    for _ in range(90):
        now = town.newest()["limits"]["in_force"]
        seen.append((now["settle_after_days"], 1 - now["pay_later_share"], now["reserve_share"]))
        town.clock.now_ms += DAY_MS
    assert town.newest()["limits"] is None
    assert town.newest()["state"] == "admitted_with_limits"
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == len(limits["steps"])


def test_a_review_without_limits_ends_them_and_a_closed_merchant_is_wound_down(town: Town) -> None:
    town.apply(opened_on=town.clock.now_ms - 10 * DAY_MS)
    town.work()
    town.desk.decide(town.person("ann"), HERE, "m1", "admit", "known for years elsewhere")
    told = town.messages()[-1]["data"]
    assert (told["limits"], told["wind_down"], town.newest()["limits"]) == (None, None, None)
    for who in (town.person("p1"), town.person("p2", "senior")):
        town.desk.decide(who, HERE, "m1", "refuse", "sold nothing")
    down = town.messages()[-1]["data"]["wind_down"]
    assert (down["pay_later"], down["payouts"], down["refunds_first"]) == ("off", "delivered_only", True)
    assert town.desk.show("m1")["wind_down"] == down


def test_an_account_that_turns_out_to_be_somebody_elses_is_reviewed_again(both: Town) -> None:
    town = both
    town.apply()
    town.work()
    link = {"type": "account_link", "account_id": "acc-m1"}
    town.tell({**link, "owner_type": "merchant", "owner_id": "m1"})
    town.tell({**link, "owner_type": "person", "owner_id": "rep-m1"})
    town.work()
    assert len(town.desk.show("m1")["reviews"]) == 1
    town.tell({**link, "owner_type": "user", "owner_id": "u7"})
    town.work()
    assert town.codes() == {"account_of_other"}
    assert town.newest()["cause"] == "account"
    assert town.desk.show("m1")["standing"] == "active"
    assert town.newest()["findings"][0]["rests_on"] == {"owner_type": "user", "owner": token("u7")}
    with town.store.reading() as connection:
        assert len(connection.execute(select(merchant_accounts)).all()) == 1


def test_a_new_owner_account_or_category_is_seen(town: Town) -> None:
    town.apply()
    town.work()
    town.apply(representative_id="somebody-else", account_id="acc-2", category="games")
    town.work()
    assert town.codes() == {"owner_changed", "account_changed", "category_changed", "documents_missing"}


def test_devices_that_merchants_share_are_seen(town: Town) -> None:
    closed(town)
    login = {"type": "login", "subject_type": "merchant", "device_id": "d1"}
    town.tell({**login, "subject_id": "gone"})
    town.tell({**login, "subject_id": "m1"})
    town.work()
    town.apply(phone_id="ph-gone")
    town.work()
    assert town.codes() == {"relative_of_closed"}


def test_a_suspended_merchant_is_known_as_one_until_it_is_lifted(town: Town) -> None:
    town.apply("m2")
    town.work()
    status = {"type": "measure_status", "measure_id": "M1", "measure": "suspend_merchant", "subject_type": "merchant",
              "subject_id": "m2"}  # fmt: skip
    town.tell({**status, "status": "applied"})
    town.work()
    assert town.desk.show("m2")["standing"] == "suspended"
    town.apply(account_id="acc-m2")
    town.work()
    assert town.codes() == {"relative_of_closed"}
    town.tell({**status, "status": "lifted"})
    town.work()
    assert town.desk.show("m2")["standing"] == "active"


def test_drift_of_trade_brings_a_review_and_not_one_a_day(town: Town) -> None:
    town.apply()
    start = town.clock.now_ms
    pay = {"type": "payment", "user_id": "u1", "merchant_id": "m1", "currency": "CNY"}

    def day(n: int, amount: int, category: str) -> None:
        at = [start + n * DAY_MS + (8 + i % 9) * HOUR_MS for i in range(12)]
        told = {**pay, "category": category}
        town.tell(*({**told, "order_id": f"o{n}-{i}", "amount": amount + i, "time": at[i]} for i in range(12)))

    for n in range(40):
        day(n, 9_000, "toys")
        town.clock.now_ms = start + n * DAY_MS
    town.work()
    assert len(town.desk.show("m1")["reviews"]) == 1
    for n in range(40, 54):
        day(n, 150_000, "gift_cards")
        town.clock.now_ms = start + n * DAY_MS
        town.work()
    assert town.newest()["cause"] == "drift"
    assert town.codes() == {"ticket_drift", "category_drift", "category_undeclared"}
    assert len(town.desk.show("m1")["reviews"]) <= 6
    with town.store.reading() as connection:
        assert 54 <= len(connection.execute(select(merchant_trade)).all()) <= 56, "one a day, and those past midnight"


def test_a_worker_that_is_started_again_goes_on_and_reviews_nothing_twice(town: Town) -> None:
    closed(town)
    town.apply("m2")
    town.work()
    told = town.messages()
    town.begin()
    town.work()
    assert town.messages() == told
    town.apply(representative_id="rep-gone")
    town.work()
    assert town.codes() == {"relative_of_closed"}


def test_of_a_restored_journal_nothing_is_reviewed_twice(town: Town) -> None:
    town.apply()
    town.work()
    rows, told = town.log.rows, town.messages()
    town.tell({"type": "login", "subject_type": "merchant", "subject_id": "m1", "device_id": "d9"})
    town.work()
    town.log.rows = rows[:1]
    town.begin()
    town.work()
    assert town.messages() == told
    town.apply("m2")
    town.work()
    assert town.desk.show("m2")["standing"] == "active"


def test_an_application_waits_for_its_texts_and_not_for_ever(town: Town) -> None:
    town.apply(known=False)
    town.work()
    with pytest.raises(MissingError):
        town.desk.show("m1")
    town.learn()
    town.work()
    assert town.desk.show("m1")["standing"] == "active"
    town.apply("m2", known=False)  # its merchant is forgotten before they come
    town.work()
    town.clock.now_ms += UNKNOWN_WAIT_MS
    town.apply("m3")
    town.work()
    assert town.desk.show("m3")["standing"] == "active"
    with pytest.raises(MissingError):
        town.desk.show("m2")


def test_many_applications_in_one_commit_are_reviewed_some_at_a_time(town: Town) -> None:
    now = town.clock.now_ms
    town.tell(*(application(f"m{n}", now) for n in range(2 * APPLICATIONS_AT_ONCE + 3)))
    steps = []
    while done := town.watch.step():
        steps.append(done)
    assert steps == [APPLICATIONS_AT_ONCE, APPLICATIONS_AT_ONCE, 3]
    assert len(town.desk.merchants(limit=100)) == sum(steps)
    town.begin()
    town.work()
    assert len(town.messages()) == sum(steps)


def test_payments_are_written_together_and_lost_to_no_crash(town: Town) -> None:
    town.apply()
    town.work()
    pay = {"type": "payment", "user_id": "u1", "merchant_id": "m1", "currency": "CNY", "amount": 5}

    def counted() -> int:
        with town.store.reading() as connection:
            rows = connection.scalars(select(merchant_trade.c.told)).all()
        return sum(json.loads(told)["orders"] for told in rows)

    town.tell(*({**pay, "order_id": f"o{n}"} for n in range(3)))
    assert (town.watch.step(), counted()) == (3, 0)
    town.begin()  # as after a crash
    assert (town.watch.step(), counted()) == (3, 0)
    assert (town.watch.step(), counted()) == (1, 3)
    town.tell({**pay, "order_id": "o7"})
    town.clock.now_ms += WRITE_EVERY_MS
    assert (town.watch.step(), counted()) == (1, 4)
    town.work()
    assert counted() == 4


def test_a_forgotten_merchant_is_nobodys_relative_and_of_its_review_nothing_can_be_read(town: Town) -> None:
    closed(town, legal_name="种子商贸有限公司")
    town.apply("m2", legal_name="种子商贸有限公司")
    town.work()
    assert town.codes("m2") == {"near_closed"}
    subject = town.vault.subject_of("merchant", "gone")
    forget(town.vault, ROOT, subject)
    town.apply("m3", legal_name="种子商贸有限公司", representative_id="rep-gone")
    town.work()
    assert town.codes("m3") == set()
    told = town.desk.show("gone")
    assert all(one["forgotten"] and one["reasons"] == [] for one in told["reviews"])
    assert [vote["note"] for one in told["reviews"] for vote in one.get("votes", ())] in ([], [None, None])
    with pytest.raises(NotNowError, match="nothing is kept"):
        town.desk.decide(town.person("ann"), HERE, "gone", "admit", "why not")


def test_nothing_personal_stands_in_clear(both: Town, place: Path | str) -> None:
    town = both
    closed(town, legal_name="种子商贸有限公司", registration_no="91310000SEED77", address="上海市种子路七号")
    town.apply(legal_name="种子贸易有限公司", representative_id="rep-gone")
    town.work()
    town.desk.decide(town.person("ann"), HERE, "m1", "request_information", "ask Zhang Wei of the shop")
    kept = everything_in(place)
    for text in ("种子", "SEED77", "Zhang Wei", "rep-gone", "acc-gone", "sold nothing"):
        assert text.encode() not in kept, text


def test_lists_in_the_data_directory_are_screened_against_and_read_again_when_they_change(town: Town) -> None:
    lists = town.folder / "screening"
    lists.mkdir()
    (lists / "a.csv").write_text("id,schema,name,identifiers\nQ1,Company,Alpen Nord Handel GmbH,\nQ2,Person,x,rep-m4\n")
    town.apply("m2", legal_name="ALPEN NORD Handel")
    town.work()
    assert town.codes("m2") == {"screening_name"}
    assert town.newest("m2")["findings"][0]["rests_on"]["entries"] == [{"entity": "Q1", "score": 1.0}]
    (lists / "a.csv").write_text("id,schema,name,identifiers\nQ2,Person,somebody,rep-m4\nQ5,Company,y,\nbad\n")
    town.apply("m3", legal_name="ALPEN NORD Handel")
    town.apply("m4")
    town.work()
    assert "screening_name" not in town.codes("m3")
    assert town.codes("m4") == {"screening_identifier"}
    assert town.newest("m4")["state"] == "held"


def test_merchants_are_listed_with_their_newest_review(both: Town) -> None:
    town = both
    for n in range(5):
        town.apply(f"m{n}")
    town.work()
    found = town.desk.merchants(limit=2)
    assert [review.number for _, review in found if review] == [5, 4]
    rest = town.desk.merchants(before=4)
    assert [review.number for _, review in rest if review] == [3, 2, 1]
    assert town.desk.merchants("closed") == []
    assert len(town.desk.merchants("active")) == 5


def test_a_review_is_of_the_application_that_it_names(town: Town) -> None:
    town.apply()
    town.work()
    with town.store.reading() as connection:
        row = connection.execute(select(merchant_reviews)).one()
    assert (row.trigger, row.cause, row.proposed) == ("application:e1", "application", "admit")
