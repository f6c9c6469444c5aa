"""AMLSim's cycles: read as they are, found where time and amounts allow it, told as events in an order that works."""

from __future__ import annotations

import tarfile
from pathlib import Path

import msgspec
import pytest

from benches.cycles.amlsim import Bank, Transfer, planted_cycles, put_in_time, read_bank
from benches.cycles.as_events import events_of
from benches.cycles.finders import SHIPPED, Found, by_funds, by_funds_twin, by_search, judge
from benches.cycles.search import Bounds, cycles_by_search
from bonafide.core.door import decode_event
from bonafide.core.errors import UsageError
from bonafide.core.events import AccountLink, Payment, PaymentStatus, Payout
from bonafide.core.events import Transfer as TransferEvent

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "amlsim" / "20K_cycle200.tgz"
NODES = "nodeid,isFraud,init_balance,fraudStep\n1,1,10,3\n2,1,10,1\n3,1,10,2\n4,0,500,-1\n5,0,500,-1\n"
ROWS = (
    "sourceNodeId,targetNodeId,value,time\n4,5,500.5,1\n2,3,10.25,1\n2,3,10.25,1\n1,3,600,2\n3,1,10.25,2\n1,2,10.25,9\n"
)
LOOSE = Bounds(10, 100, 0.0)


def transfers(*rows: tuple[int, int, int, int]) -> list[Transfer]:
    """Of (day, source, target, amount), in that order."""
    return [Transfer(number, *row) for number, row in enumerate(rows)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    made.mkdir()
    (made / "nodes.csv").write_text(NODES)
    (made / "transactions.csv").write_text(ROWS)
    return made


def test_a_folder_and_its_archive_are_read_the_same(folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "made.tgz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(folder, "made")
    bank = read_bank(archive)
    assert bank == read_bank(folder)
    assert (bank.accounts, bank.labelled) == ([1, 2, 3, 4, 5], {1, 2, 3})
    assert bank.transfers[1] == Transfer(1, 1, 2, 3, 1_025)


def test_a_path_without_a_data_set_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere: is not there"):
        read_bank(tmp_path / "nowhere")
    empty = tmp_path / "empty.tgz"
    tarfile.open(empty, "w:gz").close()
    with pytest.raises(UsageError, match=r"empty\.tgz: holds no nodes\.csv"):
        read_bank(empty)


def test_planted_legs_are_put_together_to_their_cycle(folder: Path) -> None:
    (cycle,) = planted_cycles(read_bank(folder))
    assert [leg.source for leg in cycle.legs] == [2, 3, 1]
    assert (cycle.closes, cycle.in_time, cycle.span_days, cycle.amounts_ratio) == (True, True, 8, 1.0)
    assert cycle.followed == (3, 2)  # the third pair is the last leg and the first


def test_legs_out_of_order_close_and_are_not_in_time_until_they_are_put_so() -> None:
    legs = transfers((1, 1, 2, 7), (2, 3, 4, 7), (3, 2, 3, 7), (4, 4, 1, 7), (5, 8, 9, 50))
    bank = Bank([1, 2, 3, 4, 8, 9], frozenset({1, 2, 3, 4}), legs)
    (cycle,) = planted_cycles(bank)
    assert (cycle.closes, cycle.in_time) == (True, False)
    assert by_search(bank, LOOSE) == set()
    put = put_in_time(bank, [cycle])
    assert [one.day for one in put.transfers] == [1, 2, 3, 4, 5]
    assert [one.source for one in put.transfers] == [1, 2, 3, 4, 8]
    assert by_search(put, LOOSE) == {1, 2, 3, 4}


def test_a_way_with_a_leg_missing_stays_open() -> None:
    bank = Bank([1, 2, 3, 8, 9], frozenset({1, 2, 3}), transfers((1, 1, 2, 7), (2, 2, 3, 7), (3, 8, 9, 50)))
    (way,) = planted_cycles(bank)
    assert (way.closes, way.in_time, way.followed) == (False, False, (1, 1))


TRIANGLE = transfers((0, 1, 2, 100), (3, 2, 3, 90), (7, 3, 1, 80))


@pytest.mark.parametrize(
    ("bounds", "found"),
    [
        (Bounds(3, 7, 0.8), True), (Bounds(2, 7, 0.8), False), (Bounds(3, 6, 0.8), False), (Bounds(3, 7, 0.81), False),
    ],
)  # fmt: skip
def test_a_cycle_is_found_up_to_its_bounds(bounds: Bounds, found: bool) -> None:
    assert cycles_by_search(TRIANGLE, bounds) == ([tuple(TRIANGLE)] if found else [])


def test_the_search_takes_no_step_back_in_time_none_that_grows_and_no_account_twice() -> None:
    assert cycles_by_search(transfers((1, 2, 3, 5), (2, 1, 2, 5), (3, 3, 1, 5)), LOOSE) == []
    assert cycles_by_search(transfers((3, 1, 2, 5), (4, 2, 1, 6)), LOOSE) == []
    eight = transfers((1, 1, 2, 5), (2, 2, 3, 5), (3, 3, 2, 5), (4, 2, 1, 5))
    assert [[one.number for one in way] for way in cycles_by_search(eight, LOOSE)] == [[0, 3], [1, 2]]


def test_a_finder_is_judged_by_the_labels_and_by_what_it_was_asked_for() -> None:
    bank = Bank([1, 2, 3, 4], frozenset({1, 2}), TRIANGLE)
    found = judge(lambda bank, bounds: {1, 3}, bank, LOOSE, frozenset({1, 2, 3, 4}))
    assert found == Found(2, 0.5, 0.5, found.seconds)
    assert judge(lambda bank, bounds: set(), bank, LOOSE, frozenset())[:3] == (0, 0.0, 0.0)


def test_each_transfer_is_a_payment_that_is_paid_out_and_then_the_transfer_itself() -> None:
    events = list(events_of(Bank([1, 2, 3], frozenset(), [*TRIANGLE, Transfer(3, 7, 1, 3, 5)])))
    links, told = events[:3], events[3:]
    assert all(isinstance(link, AccountLink) and link.owner_type == "user" for link in links)
    assert [type(event) for event in told] == [Payment, PaymentStatus, Payout, TransferEvent] * 4
    payment, status, payout, transfer = told[4:8]
    assert isinstance(payment, Payment)
    assert isinstance(status, PaymentStatus)
    assert isinstance(payout, Payout)
    assert isinstance(transfer, TransferEvent)
    assert (payment.user_id, payment.merchant_id, payment.amount, payment.pay_with) == ("u2", "m3", 90, "credit")
    assert (status.payment_id, status.status) == (payment.event_id, "completed")
    assert (payout.merchant_id, payout.account_id, payout.amount) == ("m3", "a3", 90)
    assert (transfer.from_account_id, transfer.to_account_id, transfer.amount) == ("a2", "a3", 90)
    times = [event.time for event in told]
    assert times == sorted(set(times))
    assert [decode_event(msgspec.json.encode(event)) for event in events] == events


def test_newest_money_first_brings_a_followed_payment_round_in_that_order() -> None:
    """What follows money must be able to find a cycle in these events: here by the shortest law there is."""
    held: dict[str, list[tuple[str, int]]] = {}
    payer: dict[str, str] = {}
    home = []
    for event in events_of(Bank([1, 2, 3], frozenset(), transfers((0, 1, 2, 9), (1, 2, 3, 9), (2, 3, 1, 9)))):
        if isinstance(event, Payment):
            payer[event.event_id] = f"a{event.user_id[1:]}"
            paid = event.event_id
        elif isinstance(event, Payout):
            held.setdefault(event.account_id, []).append((paid, event.amount))
        elif isinstance(event, TransferEvent) and held.get(event.from_account_id):
            tag, amount = held[event.from_account_id].pop()
            assert amount == event.amount
            held.setdefault(event.to_account_id, []).append((tag, amount))
            home += [tag] if payer[tag] == event.to_account_id else []
    assert home == ["p0"]


def test_the_public_data_set_holds_no_cycle_in_time() -> None:
    if not DATA.exists():
        pytest.skip("the public dataset amlsim is not here")
    bank = read_bank(DATA)
    cycles = planted_cycles(bank)
    assert (len(bank.labelled), len(bank.transfers)) == (945, 117_805)
    assert sum(len(cycle.legs) for cycle in cycles) == 479
    assert sum(cycle.closes for cycle in cycles) == 21
    assert not any(cycle.in_time for cycle in cycles)
    assert sum(cycle.in_time for cycle in planted_cycles(put_in_time(bank, cycles))) == 21


def test_the_kernel_and_its_twin_name_the_accounts_of_a_cycle_in_time() -> None:
    bank = Bank([1, 2, 3, 8, 9], frozenset({1, 2, 3}), transfers(
        (1, 1, 2, 1_000), (2, 2, 3, 950), (3, 3, 1, 900), (4, 8, 9, 5_000), (4, 9, 1, 2_000)
    ))  # fmt: skip
    assert by_funds(bank, SHIPPED) == by_funds_twin(bank, SHIPPED) == by_search(bank, SHIPPED) == {1, 2, 3}
    assert by_funds_twin(bank, SHIPPED._replace(hops=2)) == set()


def test_the_kernel_has_its_own_bounds() -> None:
    assert Bounds(4, 14, 0.5) == SHIPPED
    with pytest.raises(ValueError, match="the kernel has"):
        by_funds(Bank([], frozenset(), []), LOOSE)
