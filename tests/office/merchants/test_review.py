"""The review: what is found, what it asks for, and that nothing makes it fail."""

from __future__ import annotations

from random import Random
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bonafide.core.moment import DAY_MS
from bonafide.office.merchants.application import Application, Merchant, Owner, Paper, Standing
from bonafide.office.merchants.checklist import BY_CATEGORY, NAMES, SAME, check_papers, needed
from bonafide.office.merchants.drift import Trade, drifts, undeclared
from bonafide.office.merchants.register import Register
from bonafide.office.merchants.review import Beside, Review, review
from bonafide.office.merchants.screening import Entity, Screening
from bonafide.office.merchants.table import DECISIONS, FINDINGS, OUTCOME_OF, Decision
from bonafide.office.merchants.texts import TEXTS
from bonafide.testing.generators import START_MS
from tests.office.merchants.test_register import APPLICATIONS, MERCHANTS

NOW = START_MS
PAPERS = (Paper("营业执照", "p1"), Paper("identity", "p2"))


def applicant(**more: Any) -> Application:
    told = {"merchant": "m1", "legal_name": "上海明华贸易有限公司", "registration_no": "91110000600037341L",
            "representative": "r1", "category": "toys", "account": "a1", "phone": "t1", "address": "人民路1号",
            "opened_on_ms": NOW - 900 * DAY_MS, "papers": PAPERS, **more}  # fmt: skip
    return Application(**told)


def other(standing: Standing = "active", **more: Any) -> Merchant:
    told = {"merchant": "m2", "legal_name": "北京和顺百货有限公司", "registration_no": "9144030071526726XG",
            "representative": "r2", "account": "a2", "phone": "t2", "address": "和平路2号",
            "papers": (Paper("licence", "q1"),), **more}  # fmt: skip
    return Merchant(applicant(**told), standing)


def found(application: Application, *merchants: Merchant, beside: Beside = Beside(), **more: Any) -> Review:  # noqa: B008
    owner = beside.owner or Owner("merchant", application.merchant)
    return review(application, Register(merchants), NOW, beside=beside._replace(owner=owner), **more)


def codes(told: Review) -> set[str]:
    return {one.code for one in told.findings}


def test_a_genuine_application_is_admitted() -> None:
    told = found(applicant(), other())
    assert (told.decision, told.outcome, told.findings, told.missing) == ("admit", "allow", (), ())


def test_every_finding_has_its_row_and_its_texts_in_two_languages() -> None:
    assert set(TEXTS) == set(FINDINGS)
    for code, text in TEXTS.items():
        assert text.zh.strip(), code
        assert text.en.strip(), code
        assert bool(text.submit_zh) == bool(text.submit_en), code
        assert any("\u4e00" <= sign <= "\u9fff" for sign in text.zh), code
        assert text.en.isascii(), code
        if FINDINGS[code].asks == "request_information":
            assert text.submit_en, f"{code} asks for something and does not say what"
        assert (FINDINGS[code].severity == "note") == (FINDINGS[code].asks == "admit"), code
    assert set(OUTCOME_OF) == set(DECISIONS) == set(get_args(Decision))


def test_every_paper_that_is_asked_for_has_a_name() -> None:
    kinds = {kind for category in BY_CATEGORY for kind in needed(category)}
    assert kinds <= set(NAMES)
    assert set(SAME.values()) <= set(NAMES)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"registration_no": "91110000600037314L"}, "registration_typo"),
        ({"registration_no": "none"}, "registration_malformed"),
        ({"legal_name": "Rosа Bella Ltd"}, "name_mixed_scripts"),
        ({"legal_name": "Ro\u200bsa Bella Ltd"}, "name_hidden_signs"),
        ({"legal_name": "\u3164\u2800 ..."}, "name_hidden_signs"),
        ({"legal_name": "!!!"}, "name_hidden_signs"),
        ({"registration_no": "09446231"}, "registration_unknown"),
        ({"opened_on_ms": NOW + 30 * DAY_MS}, "opened_in_future"),
        ({"opened_on_ms": NOW - 400 * 366 * DAY_MS}, "opened_impossible"),
        ({"opened_on_ms": NOW - DAY_MS}, "business_young"),
        ({"papers": PAPERS[:1]}, "documents_missing"),
        ({"category": "meals", "papers": (*PAPERS, Paper("travel_licence", "p3"))}, "licence_category"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_an_application_is_found(changed: dict[str, Any], code: str) -> None:
    told = found(applicant(**changed), other())
    assert code in codes(told)
    assert told.decision in ("admit_with_limits", "request_information")


@pytest.mark.parametrize(
    ("standing", "changed", "code", "decision"),
    [
        ("closed", {"representative": "r1"}, "relative_of_closed", "refuse"),
        ("suspended", {"account": "a1"}, "relative_of_closed", "refuse"),
        ("refused", {"phone": "t1", "address": "人民路 1號"}, "relative_of_closed", "refuse"),
        ("closed", {"phone": "t1"}, "near_closed", "request_information"),
        ("closed", {"address": "人民路1号"}, None, "admit"),
        ("closed", {"legal_name": "上海明華貿易有限公司"}, "near_closed", "request_information"),
        ("closed", {"legal_name": "上海明华新贸易有限公司"}, "name_alike", "admit"),
        ("closed", {"legal_name": "上海明华新贸易有限公司", "phone": "t1"}, "relative_of_closed", "refuse"),
        ("closed", {"legal_name": "上海明华新贸易有限公司", "address": "人民路1号"}, "relative_of_closed", "refuse"),
        ("closed", {"legal_name": "上海\u200b明华贸易（有限合伙）"}, "near_closed", "request_information"),
        ("closed", {"registration_no": "9111\u20110000\u200b6000 3734 1L"}, "relative_of_closed", "refuse"),
        ("active", {"registration_no": "60003734-1"}, "borrowed_registration", "refuse"),
        ("active", {"registration_no": "9111 0000 6000 3734 1L"}, "borrowed_registration", "refuse"),
        ("active", {"registration_no": "91110000600037341l", "legal_name": "上海明華貿易"}, "duplicate_application",
         "request_information"),
        ("active", {"representative": "r1"}, "representative_shared", "admit"),
        ("active", {"account": "a1"}, "account_shared", "request_information"),
        ("active", {"phone": "t1"}, "contact_shared", "admit_with_limits"),
        ("active", {"papers": (Paper("licence", "p1"),)}, "document_shared", "request_information"),
        ("active", {"legal_name": "上海明华贸易行有限公司"}, "name_alike", "admit"),
    ],
)  # fmt: skip
def test_what_is_shared_with_others_is_found(
    standing: Standing, changed: dict[str, Any], code: str | None, decision: str
) -> None:  # fmt: skip
    told = found(applicant(), other(standing, **changed))
    assert code is None or code in codes(told)
    assert told.decision == decision
    assert "m2" not in str(told.reasons()), "the applicant is told nothing about others"


def test_what_many_write_who_have_no_number_is_not_borrowed() -> None:
    for none in ("N/A", "无", "0000000000", "1234567890"):
        told = found(
            applicant(registration_no=none), other(registration_no=none), other("closed", registration_no=none)
        )
        assert not codes(told) & {"borrowed_registration", "relative_of_closed", "duplicate_application"}, none


@pytest.mark.parametrize(
    ("category", "papers"),
    [
        ("toys", ("营业执照", "护照")), ("toys", ("business-licence", "ID Card")),
        ("Toy", ("Business License", "Passport")),
        ("餐饮", ("营业执照", "身份证", "食品经营许可证")), ("Restaurants", ("business_license", "id", "Food License")),
        ("grocery", ("Trade Register", "identity card", "food-licence")),
        ("药品", ("licence", "identity", "drug_license")),
    ],
)  # fmt: skip
def test_papers_and_categories_are_known_however_they_are_written(category: str, papers: tuple[str, ...]) -> None:
    assert check_papers(category, papers) == ((), ())
    assert check_papers(category, papers[:-1]).missing


def test_a_category_in_another_writing_is_no_change() -> None:
    before = Merchant(applicant(category="toys"), "active")
    assert codes(found(applicant(category="Toys "), before, beside=Beside(before=before))) == set()


@pytest.mark.parametrize(("one", "other"), [("EL094259216", "GR 094259216"), ("12-3456789", "US12-3456789")])
def test_a_number_in_another_writing_is_no_change_of_owner(one: str, other: str) -> None:
    before = Merchant(applicant(registration_no=one), "active")
    told = found(applicant(registration_no=other), before, beside=Beside(before=before))
    assert "owner_changed" not in codes(told)


def test_a_representative_of_many_is_asked_whom_they_stand_for() -> None:
    shops = [other(merchant=f"s{n}", representative="r1", registration_no=f"r{n}", legal_name=f"shop{n * 7919}",
                   account=f"b{n}", phone=f"u{n}", papers=()) for n in range(6)]  # fmt: skip
    assert codes(found(applicant(), *shops[:4])) == {"representative_shared"}
    told = found(applicant(), *shops)
    assert codes(told) == {"representative_of_many"}
    assert told.findings[0].rests_on["count"] == 6


@pytest.mark.parametrize(
    ("owner", "code"),
    [
        (Owner("merchant", "m1"), None), (Owner("person", "r1"), None), (Owner("user", "m1"), "account_of_other"),
        (Owner("merchant", "m9"), "account_of_other"), (Owner("person", "r9"), "account_of_other"),
    ],
)  # fmt: skip
def test_the_account_is_the_applicants_or_the_representatives(owner: Owner, code: str | None) -> None:
    assert codes(found(applicant(), beside=Beside(owner))) == ({code} if code else set())
    assert codes(review(applicant(), Register(), NOW)) == {"account_unproven"}


def test_two_shops_of_one_owner_may_be_paid_on_one_account() -> None:
    first = other(representative="r1", account="a1")
    assert codes(found(applicant(), first, beside=Beside(Owner("merchant", "m2")))) == {"representative_shared"}
    stranger = other(account="a1")
    assert "account_of_other" in codes(found(applicant(), stranger, beside=Beside(Owner("merchant", "m2"))))


def test_a_hit_on_a_list_is_for_a_person_to_judge() -> None:
    lists = Screening(
        [Entity("Q1", "Company", ("上海明華貿易有限公司",)), Entity("Q2", "Company", ("x",), frozenset(), ("r1r1r1",))]
    )
    assert found(applicant(), screening=lists).decision == "request_information"
    told = found(applicant(representative="R1R1-R1"), screening=lists)
    assert told.decision == "refuse"
    assert told.hold_until_ms is not None


def test_what_has_changed_is_asked_about() -> None:
    before = Merchant(applicant(), "active")
    changed = applicant(
        representative="r7", account="a7", category="games", papers=(*PAPERS, Paper("telecom_licence", "p"))
    )
    told = found(changed, before, beside=Beside(before=before))
    assert codes(told) == {"owner_changed", "account_changed", "category_changed"}
    assert told.again
    assert codes(found(applicant(), before, beside=Beside(before=before))) == set()


def test_a_corrected_number_is_an_answer_and_no_change_of_owner() -> None:
    before = Merchant(applicant(registration_no="91110000600037314L"), "applied")
    assert codes(found(applicant(), before, beside=Beside(before=before))) == set()
    moved = Merchant(applicant(registration_no="9144030071526726XG"), "applied")
    assert codes(found(applicant(), moved, beside=Beside(before=moved))) == {"owner_changed"}


def trade(orders: int, amount: int, hour: int, category: str) -> Trade:
    told = Trade(tickets={}, hours={}, categories={})
    for n in range(orders):
        told.add(amount + n % 7, (hour + n % 3) % 24, category if n % 5 else "other")
    return told


def test_drift_is_found_in_what_has_changed_and_not_in_a_few_odd_orders() -> None:
    usual = trade(400, 9_000, 10, "toys")
    assert drifts(usual, trade(200, 9_000, 10, "toys")) == []
    assert [one.code for one in drifts(usual, trade(200, 90_000, 10, "toys"))] == ["ticket_drift"]
    assert [one.code for one in drifts(usual, trade(200, 9_000, 1, "toys"))] == ["hours_drift"]
    assert [one.code for one in drifts(usual, trade(200, 9_000, 10, "gift_cards"))] == ["category_drift"]
    assert drifts(usual, trade(20, 90_000, 1, "gift_cards")) == []
    assert [one.code for one in undeclared(usual, "gift_cards")] == ["category_undeclared"]
    assert undeclared(usual, "toys") == undeclared(trade(20, 1, 1, "toys"), "gift_cards") == []
    told = found(applicant(), beside=Beside(drifts=drifts(usual, trade(200, 90_000, 1, "gift_cards"))))
    assert codes(told) == {"ticket_drift", "hours_drift", "category_drift"}
    assert told.decision == "request_information"


@settings(max_examples=30)
@given(st.integers(60, 400), st.integers(60, 400), st.integers(0, 10**6))
def test_two_samples_of_one_trade_hardly_ever_drift(n: int, m: int, seed: int) -> None:
    told, random = [], Random(seed)
    for size in (n, m):
        one = Trade(tickets={}, hours={}, categories={})
        for _ in range(size):
            one.add(int(random.lognormvariate(9, 0.7)), min(23, max(0, int(random.gauss(14, 4)))), random.choice("abc"))
        told.append(one)
    assert len(drifts(*told)) <= 1


@settings(max_examples=80)
@given(
    APPLICATIONS, MERCHANTS,
    st.none() | st.builds(Owner, st.sampled_from(["user", "merchant", "person"]), st.text(max_size=3)),
    st.integers(-(10**15), 10**15), st.none() | st.integers(-(10**15), 10**15), st.text(max_size=30), st.booleans(),
)  # fmt: skip
def test_whatever_is_reviewed_the_review_is_whole_and_the_same_again(
    application: Application, merchants: list[Merchant], owner: Owner | None, now: int, opened: int | None, text: str,
    before: bool,
) -> None:  # fmt: skip
    application = replace(application, opened_on_ms=opened, legal_name=text or application.legal_name, category=text)
    lists = Screening([Entity("Q", "Company", ("明华贸易", text or "x"), frozenset({"CN"}), ("p0p0p0",))])
    beside = Beside(owner, merchants[0] if merchants and before else None)
    told = review(application, Register(merchants), now, screening=lists, beside=beside)
    assert told == review(application, Register(merchants), now, screening=lists, beside=beside)
    assert all(one.code in FINDINGS for one in told.findings)
    ranks = [DECISIONS.index(one.asks) for one in told.findings]
    assert DECISIONS.index(told.decision) == max(ranks, default=0)
    for merchant in merchants:
        if merchant.key not in (application.merchant, text):
            assert f'"{merchant.key}"' not in str(told.reasons())


def test_hours_that_have_changed_answer_no_question() -> None:
    hours = drifts(trade(200, 9_000, 9, "toys"), trade(200, 9_000, 22, "toys"))
    assert {one.code for one in hours} == {"hours_drift"}
    assert "question_open" in codes(found(applicant(), beside=Beside(drifts=hours, open="question_open")))
