"""Appeals over a store: what is kept, who may decide, what an upheld one lifts, what forgetting takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import select

from bonafide.core.errors import MissingError, OpposedError, UsageError
from bonafide.office.access.errors import ForbiddenError
from bonafide.office.appeals.appeals import Handed
from bonafide.office.appeals.figures import overturned
from bonafide.office.audit.log import AuditLog
from bonafide.office.store.database import Store, StoreError
from bonafide.office.store.tables import appeals
from bonafide.office.vault.forgetting import forget
from tests.office.appeals.test_documents import jpeg, pdf
from tests.office.databases import everything_in
from tests.office.measures.kit import HERE, PLATFORM, House, token_of
from tests.office.people.kit import ROOT

SAID = "我买了鞋子 I bought shoes"


@pytest.fixture
def house(store: Store, tmp_path: Path) -> House:
    house = House(store, folder=tmp_path)
    house.pay()
    house.settle()
    return house


def measure(house: House) -> str:
    """The user's measure."""
    return next(one.measure_id for one in house.measures.list() if one.subject == token_of("u1"))


def submit(house: House, **more: object) -> str:
    given = {"subject_id": "u1", "documents": [Handed("../../账单.pdf", pdf())]} | more
    return house.appeals.submit(PLATFORM, "platform", measure(house), "appeal", SAID, **given).appeal_id  # type: ignore[arg-type]


def test_what_is_handed_in_is_sealed_under_names_that_nobody_sent(house: House, place: Path | str) -> None:
    number = submit(house)
    kept = list((house.folder / "documents").iterdir())
    assert [len(one.name) for one in kept] == [32]
    assert pdf() not in kept[0].read_bytes()
    assert SAID.encode() not in everything_in(place)
    house.appeals.assign(house.session("bob"), HERE, number, "cy")
    seen = house.appeals.look(house.session("cy"), HERE, number)
    assert (seen["statement"], seen["documents"][0]["name"]) == (SAID, "../../账单.pdf")
    name = seen["documents"][0]["document"]
    assert house.appeals.document(house.session("cy"), HERE, number, name) == ("application/pdf", pdf())
    for wrong in ("0" * 32, "../secret", name + "x"):
        with pytest.raises(MissingError):
            house.appeals.document(house.session("cy"), HERE, number, wrong)
    looks = [entry.outcome for entry in AuditLog(house.store).entries(what="appeal.look")]
    assert looks == ["done", "done", "refused", "refused", "refused"]


def test_who_is_forgotten_takes_what_was_handed_in_along(house: House) -> None:
    number = submit(house)
    forget(house.vault, ROOT, house.vault.subject_of("user", "u1"))
    seen = house.appeals.look(house.session("bob"), HERE, number)
    assert (seen["statement"], seen["documents"]) == (None, [])
    for path in (house.folder / "documents").iterdir():
        os.utime(path, (0, 0))
    assert house.appeals.sweep() == 1
    assert list((house.folder / "documents").iterdir()) == []
    house.appeals.assign(house.session("bob"), HERE, number, "cy")
    assert house.appeals.decide(house.session("cy"), HERE, number, "rejected", "no papers").state == "rejected"
    assert house.appeals.look(house.session("cy"), HERE, number)["note"] is None


def test_nobody_judges_their_own(house: House) -> None:
    house.clock.now_ms += 3 * 3_600_000
    house.pay(strict="hold", typology="broker_ring")
    house.settle()
    hard = next(one for one in house.measures.list() if one.is_hard and one.subject_type == "merchant")
    house.measures.confirm(house.session("bob"), HERE, hard.measure_id, "looked")
    if hard.state == "proposed":
        house.settle()
    found = house.appeals.submit(PLATFORM, "platform", hard.measure_id, "appeal", SAID, subject_id="m1")
    with pytest.raises(ForbiddenError, match="nobody judges"):
        house.appeals.assign(house.session("cy"), HERE, found.appeal_id, "bob")
    with pytest.raises(StoreError, match="nobody judges"), house.store.writing() as connection:
        connection.execute(appeals.update().values(state="assigned", assignee="bob"))
    house.appeals.assign(house.session("bob"), HERE, found.appeal_id, "cy")
    with pytest.raises(ForbiddenError, match="given to"):
        house.appeals.decide(house.session("ann"), HERE, found.appeal_id, "upheld", "x")
    with pytest.raises(StoreError, match="has lifted its measure"), house.store.writing() as connection:
        connection.execute(appeals.update().values(state="upheld", decided_ms=1))
    house.appeals.decide(house.session("cy"), HERE, found.appeal_id, "upheld", "the goods arrived")
    shown = house.measures.show(hard.measure_id)
    assert (shown["state"], shown["ended_by"], shown["wanted"]) == ("lifted", f"appeal:{found.appeal_id}", "lift")
    assert {one["kind"] for one in shown["notices"]} == {"begun", "apology"}
    assert all(one["sent"] for one in shown["notices"])
    wanted = [one.event_id for one in house.records.pending()]
    assert {f"appeal:{found.appeal_id}:upheld", f"measure:{hard.measure_id}:lifted"} <= set(wanted)
    assert f"cleared:appeal:{found.appeal_id}:{token_of('m1')}" in wanted
    with pytest.raises(OpposedError, match="already"):
        house.appeals.decide(house.session("cy"), HERE, found.appeal_id, "rejected", "x")


def test_what_is_asked_wrongly_is_refused(house: House) -> None:
    for error, told, given in (
        (MissingError, "about this subject", {"subject_id": "u2"}),
        (MissingError, "about this subject", {"subject_id": token_of("u2")}),
        (UsageError, "give a PDF", {"documents": [Handed("bill.pdf", b"PK\x03\x04" + bytes(30))]}),
        (UsageError, "at most 8", {"documents": [Handed("a", jpeg())] * 9}),
        (UsageError, "name: ", {"documents": [Handed("a\nb", jpeg())]}),
    ):  # fmt: skip
        with pytest.raises(error, match=told):
            submit(house, **given)
    with pytest.raises(UsageError, match="statement"):
        house.appeals.submit(PLATFORM, "platform", measure(house), "appeal", "", subject_id="u1")
    with pytest.raises(UsageError, match="answer is for requests"):
        house.appeals.submit(PLATFORM, "platform", measure(house), "answer", SAID, subject_id="u1")
    with pytest.raises(ForbiddenError):
        house.appeals.submit(PLATFORM, "partner", measure(house), "appeal", SAID, subject_id="u1")
    submit(house)
    with pytest.raises(OpposedError, match="not decided yet"):
        submit(house)
    with house.store.reading() as connection:
        assert len(connection.execute(select(appeals)).all()) == 1


def test_asking_for_people_and_good_answers_reach_the_engine(house: House) -> None:
    request = next(one for one in house.measures.list() if one.measure == "request_information")
    house.measures.tell(PLATFORM, request.measure_id, "applied")
    house.settle()
    assert house.hash_of(request.measure_id) in house.in_force_at_the_engine()
    found = house.appeals.submit(
        PLATFORM, "platform", request.measure_id, "answer", SAID, subject_id="m1", human_only=True
    )  # fmt: skip
    house.appeals.assign(house.session("bob"), HERE, found.appeal_id, "ann")
    house.appeals.decide(house.session("ann"), HERE, found.appeal_id, "satisfactory", "bills are there")
    house.settle()
    assert house.measures.one(request.measure_id).state == "lifted"
    assert house.in_force_at_the_engine() == house.in_force_here() == set()
    house.clock.now_ms += 3 * 3_600_000
    proposed = [one for one in house.pay(strict="hold").measures if one.subject_type == "merchant"]
    assert [one.measure for one in proposed if one.status == "proposed"] == ["notice"]


def test_rules_that_are_overturned_too_often_are_flagged() -> None:
    found = overturned([(["A", "B"], True)] * 6 + [(["B"], False)] * 60 + [(["C"], True)] * 4)
    assert [(one.rule, one.decided, one.upheld, one.flagged) for one in found] == [
        ("A", 6, 6, True), ("C", 4, 4, False), ("B", 66, 6, False)
    ]  # fmt: skip


def test_what_is_late_is_counted(house: House) -> None:
    submit(house)
    house.clock.now_ms += 5 * 24 * 3_600_000
    assert (house.appeals.figures()["waiting"], house.appeals.figures()["overdue"]) == (1, 1)
    assert [one["overdue"] for one in house.appeals.list(waiting=True)] == [True]


def test_an_upheld_appeal_lifts_what_rests_on_the_same_offences_alone(house: House) -> None:
    house.clock.now_ms += 3 * 3_600_000
    house.pay(strict="hold", typology="broker_ring")
    house.settle()
    ours = [one for one in house.measures.list() if one.subject_type == "merchant"]
    hard, request = next(one for one in ours if one.is_hard), next(one for one in ours if not one.is_hard)
    assert set(request.facts) < set(hard.facts)
    for one in (hard, request):
        house.measures.tell(PLATFORM, one.measure_id, "applied")
    house.settle()
    assert {house.hash_of(one.measure_id) for one in (hard, request)} <= house.in_force_at_the_engine()
    found = house.appeals.submit(PLATFORM, "platform", hard.measure_id, "appeal", SAID, subject_id="m1")
    house.appeals.assign(house.session("bob"), HERE, found.appeal_id, "cy")
    house.appeals.decide(house.session("cy"), HERE, found.appeal_id, "upheld", "the goods arrived")
    assert [house.measures.one(one.measure_id).state for one in (hard, request)] == ["lifted", "lifted"]
    house.settle()
    assert house.in_force_here() == house.in_force_at_the_engine() == set()
