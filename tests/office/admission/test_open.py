"""What no application ends: a question of a person, a proposed refusal, a change that is in question; and what one
person alone may bring about."""

from __future__ import annotations

from typing import Any

import pytest

from bonafide.core.errors import MissingError, UsageError
from bonafide.core.moment import DAY_MS, HOUR_MS
from bonafide.office.admission import past, watch
from bonafide.office.bundles.errors import NotNowError
from bonafide.office.vault.forgetting import forget
from tests.office.admission.kit import SECRET, Town, number, token
from tests.office.people.kit import HERE, ROOT


def held(town: Town) -> None:
    """m1 has applied, and has the representative of somebody who was closed."""
    town.apply("gone")
    town.work()
    for who in (town.person("p1"), town.person("p2", "senior")):
        town.desk.decide(who, HERE, "gone", "refuse", "sold nothing")
    town.apply(representative_id="rep-gone")
    town.work()
    assert town.newest()["state"] == "held"


# People


def test_a_refusal_that_was_taken_back_is_nobodys_second(town: Town) -> None:
    held(town)
    ann = town.person("ann")
    town.desk.decide(ann, HERE, "m1", "refuse", "the same person")
    town.desk.decide(ann, HERE, "m1", "request_information", "I was wrong")
    town.desk.decide(town.person("bob", "senior"), HERE, "m1", "refuse", "it looks bad")
    assert (town.newest()["state"], town.desk.show("m1")["standing"]) == ("waits_for_answer", "applied")
    with pytest.raises(NotNowError, match="otherwise since; somebody else"):
        town.desk.decide(ann, HERE, "m1", "refuse", "or was I")
    town.desk.decide(town.person("eve"), HERE, "m1", "refuse", "it is bad")
    assert town.desk.show("m1")["standing"] == "refused"


def test_a_refusal_of_somebody_who_may_not_sign_in_any_more_is_no_refusal(town: Town) -> None:
    held(town)
    town.desk.decide(town.person("ann"), HERE, "m1", "refuse", "the same person")
    town.office.people.disable(ROOT, "ann")
    town.desk.decide(town.person("bob", "senior"), HERE, "m1", "refuse", "it looks bad")
    assert town.newest()["state"] == "held"
    town.desk.decide(town.person("eve"), HERE, "m1", "refuse", "it is bad")
    assert town.newest()["state"] == "refused"


@pytest.mark.parametrize("note", ["   ", "\u200b", "\u3164", ""])
def test_a_note_says_something(town: Town, note: str) -> None:
    held(town)
    with pytest.raises(UsageError, match="note"):
        town.desk.decide(town.person("ann"), HERE, "m1", "refuse", note)


def test_one_person_does_not_hold_who_was_admitted(town: Town) -> None:
    held(town)
    town.desk.decide(town.person("ann"), HERE, "m1", "admit", "they sold the shop")
    told = len(town.messages())
    town.desk.decide(town.person("bob", "senior"), HERE, "m1", "refuse", "I do not think so")
    assert (town.newest()["state"], town.newest()["outcome"]) == ("admitted", "allow")
    assert (town.desk.show("m1")["standing"], len(town.messages())) == ("active", told)
    town.desk.decide(town.person("eve"), HERE, "m1", "refuse", "nor do I")
    assert (town.newest()["state"], town.desk.show("m1")["standing"]) == ("refused", "closed")


# Applications that come again


def test_what_is_in_question_is_so_however_often_it_is_sent(town: Town) -> None:
    town.apply()
    town.work()
    assert town.newest()["state"] == "admitted"
    new = {"representative_id": "rep-new", "account_id": "acc-new", "registration_no": number(77)}
    for _ in range(3):
        town.apply(**new)
        town.work()
        assert town.codes() >= {"owner_changed", "account_changed"}
        assert town.newest()["state"] == "waits_for_answer"
    town.desk.decide(town.person("ann"), HERE, "m1", "admit", "the new owner came by")
    town.apply(**new)
    town.work()
    assert not town.codes() & {"owner_changed", "account_changed", "question_open"}


def test_a_question_of_a_person_is_answered_to_a_person(town: Town) -> None:
    town.apply()
    town.work()
    town.desk.decide(town.person("ann"), HERE, "m1", "request_information", "whose phone is it")
    for _ in range(2):
        town.apply()
        town.work()
        assert (town.newest()["state"], town.codes()) == ("waits_for_answer", {"question_open"})
    town.desk.decide(town.person("bob"), HERE, "m1", "admit", "it is the owner's")
    town.apply()
    town.work()
    assert town.newest()["state"] == "admitted"


def test_a_hold_is_not_ended_by_another_application_and_ends_all_the_same(town: Town) -> None:
    held(town)
    town.desk.decide(town.person("ann"), HERE, "m1", "refuse", "the same person")
    town.apply(representative_id="rep-m1")
    town.work()
    assert town.newest()["state"] == "held"
    assert "refusal_open" in town.codes()
    town.clock.now_ms += 73 * HOUR_MS
    town.work()
    assert town.newest()["state"] == "waits_for_answer"
    town.apply(representative_id="rep-m1")
    town.work()
    assert town.newest()["state"] == "waits_for_answer"
    assert "refusal_lapsed" in town.codes()
    town.desk.decide(town.person("bob"), HERE, "m1", "admit", "the shop was sold")
    assert town.desk.show("m1")["standing"] == "active"


def test_a_link_of_an_account_is_no_answer_either(town: Town) -> None:
    town.apply()
    town.work()
    town.apply(representative_id="rep-new")
    town.work()
    assert town.newest()["state"] == "waits_for_answer"
    town.tell({"type": "account_link", "account_id": "acc-m1", "owner_type": "user", "owner_id": "u9"})
    town.work()
    assert town.newest()["cause"] == "account"
    assert town.codes() >= {"owner_changed", "account_of_other"}


def test_an_answer_need_not_say_everything_again(town: Town) -> None:
    town.apply(documents=[{"kind": "licence", "id": "doc-1"}])
    town.work()
    assert [one["kind"] for one in town.newest()["papers_missing"]] == ["identity"]
    town.apply(documents=[{"kind": "identity", "id": "doc-2"}], account_id=None, address=None)
    town.work()
    assert (town.newest()["state"], town.newest()["papers_missing"]) == ("admitted", [])
    town.begin()  # a worker that has been started again has read it all from the store
    town.apply(account_id="acc-other")
    town.work()
    assert town.codes() == {"account_changed"}
    town.apply(representative_id="rep-new", documents=None)
    town.work()
    assert {one["kind"] for one in town.newest()["papers_missing"]} == {"licence", "identity"}


def test_a_change_of_name_is_a_change_of_owner(town: Town) -> None:
    town.apply(legal_name="上海明华贸易有限公司")
    town.work()
    town.apply(legal_name="上海 明華貿易 有限公司")
    town.work()
    assert "owner_changed" not in town.codes()
    town.apply(legal_name="北京金鑫珠宝有限公司")
    town.work()
    assert "owner_changed" in town.codes()


def test_a_review_that_fails_is_left_to_people_and_no_other_waits(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    whole = watch.review

    def some(application: Any, *more: Any, **named: Any) -> Any:
        if application.merchant == token("m1"):
            raise KeyError("I")
        return whole(application, *more, **named)

    monkeypatch.setattr(watch, "review", some)
    town.apply("m1")
    town.apply("m2")
    town.work()
    assert (town.newest("m1")["state"], town.codes("m1")) == ("waits_for_answer", {"review_failed"})
    assert town.newest("m2")["state"] == "admitted"
    town.desk.decide(town.person("ann"), HERE, "m1", "admit", "I looked")
    assert town.desk.show("m1")["standing"] == "active"


def test_nobody_waits_for_texts_that_never_come(town: Town) -> None:
    """As those of a merchant who was forgotten a moment ago; while any wait, it is as if they came."""
    waits = True
    town.watch = watch.MerchantWatch(town.vault, town.log, town.folder, SECRET, town.clock, lambda: waits)
    town.apply("m1", known=False)
    town.apply("m2")
    town.work()
    with pytest.raises(MissingError):
        town.desk.show("m2")
    waits = False
    town.work()
    assert town.newest("m2")["state"] == "admitted"


def test_a_refusal_that_waits_for_a_second_is_ended_by_no_application(town: Town) -> None:
    town.apply(documents=[])
    town.work()
    town.desk.decide(town.person("ann"), HERE, "m1", "refuse", "nobody is there")
    town.apply()
    town.work()
    assert (town.newest()["state"], town.codes()) == ("waits_for_answer", {"question_open"})


def test_what_is_sent_again_leaves_a_refusal_to_its_second(town: Town) -> None:
    town.apply()
    town.work()
    town.desk.decide(town.person("ann"), HERE, "m1", "refuse", "nobody is there")
    for _ in range(2):
        town.apply()
        town.work()
    assert len(town.newest()["votes"]) == 1
    town.desk.decide(town.person("bob"), HERE, "m1", "refuse", "I went there, too")
    assert town.desk.show("m1")["standing"] == "closed"


def test_however_often_means_often(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "REVIEWS_MAX", 2)
    town.apply()
    town.work()
    for _ in range(5):
        town.apply(representative_id="rep-new")
        town.work()
        assert "owner_changed" in town.codes()


def test_limits_of_who_is_known_go_on_until_they_end(town: Town) -> None:
    town.apply()
    town.work()
    for _ in range(3):
        town.apply(category="clothes")
        town.work()
        assert town.newest()["limits"]["in_force"]["settle_after_days"] == 3
    town.clock.now_ms += 31 * DAY_MS
    town.apply(category="clothes")
    town.work()
    assert "ramp_unfinished" not in town.codes()


def test_a_review_that_fails_keeps_what_was_open(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.apply()
    town.work()
    town.desk.decide(town.person("ann"), HERE, "m1", "request_information", "whose phone is it")

    def fails(*given: Any, **named: Any) -> Any:
        raise KeyError("I")

    with monkeypatch.context() as patch:
        patch.setattr(watch, "review", fails)
        town.apply()
        town.work()
    assert town.codes() == {"review_failed", "question_open"}
    town.apply()
    town.work()
    assert town.codes() == {"question_open"}


def test_who_was_admitted_is_no_newcomer_for_having_been_asked(town: Town) -> None:
    town.apply()
    town.work()
    town.clock.now_ms += 400 * DAY_MS
    town.desk.decide(town.person("ann"), HERE, "m1", "request_information", "whose phone is it")
    town.desk.decide(town.person("bob"), HERE, "m1", "admit_with_limits", "it is the owner's")
    assert town.newest()["limits"]["in_force"]["settle_after_days"] == 3


def test_who_was_closed_is_not_shown_as_admitted(town: Town) -> None:
    town.apply()
    town.work()
    ann, bob = town.person("ann"), town.person("bob")
    for who in (ann, bob):
        town.desk.decide(who, HERE, "m1", "refuse", "nobody is there")
    assert town.desk.show("m1")["standing"] == "closed"
    town.desk.decide(ann, HERE, "m1", "request_information", "is it")
    assert (town.newest()["state"], town.desk.show("m1")["standing"]) == ("waits_for_answer", "closed")
    town.desk.decide(bob, HERE, "m1", "refuse", "no")
    assert (town.newest()["state"], town.desk.show("m1")["standing"]) == ("waits_for_answer", "closed")


def test_a_name_that_is_put_right_is_no_change_of_owner(town: Town) -> None:
    town.apply(legal_name="Асмe Trading Ltd")
    town.work()
    assert "name_mixed_scripts" in town.codes()
    town.apply(legal_name="Acme Trading Ltd")
    town.work()
    assert town.newest()["state"] == "admitted"


def test_a_name_that_somebody_was_admitted_with_is_not_put_right(town: Town) -> None:
    town.apply(legal_name="Асмe Trading Ltd")
    town.work()
    town.desk.decide(town.person("ann"), HERE, "m1", "admit", "it stands so on the licence")
    town.apply(legal_name="北京金鑫珠宝有限公司")
    town.work()
    assert "owner_changed" in town.codes()


def test_a_number_that_somebody_was_admitted_with_is_not_put_right(town: Town) -> None:
    town.apply(registration_no="1234")
    town.work()
    town.apply(registration_no=number(5))
    town.work()
    assert town.newest()["state"] == "admitted"
    town.apply("m2", registration_no="1234")
    town.work()
    town.desk.decide(town.person("ann"), HERE, "m2", "admit", "an old register")
    town.apply("m2", registration_no=number(6))
    town.work()
    assert "owner_changed" in town.codes("m2")


def test_a_newcomer_that_was_forgotten_is_a_newcomer(town: Town) -> None:
    young = {"opened_on": town.clock.now_ms - 30 * DAY_MS}
    town.apply(**young)
    town.work()
    forget(town.vault, ROOT, town.vault.subject_of("merchant", "m1"))
    for _ in range(2):
        town.apply(**young)
        town.work()
    assert town.newest()["limits"]["in_force"]["settle_after_days"] == 7
