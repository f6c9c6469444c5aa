"""What simulated shops write into their applications: as the office asks for it, but for a few."""

from __future__ import annotations

from collections import Counter

import pytest

from bonafide.core.business_numbers.reading import read_number
from bonafide.lab.simulate.categories import CATEGORIES
from bonafide.lab.simulate.life.applications import Application, write_application
from bonafide.lab.simulate.shops import Shop
from bonafide.office.merchants.checklist import check_papers, needed

SHOPS = [Shop(n, CATEGORIES[n % len(CATEGORIES)]) for n in range(2_000)]


@pytest.fixture(scope="module")
def written() -> list[tuple[Shop, Application]]:
    return [(shop, write_application(7, shop)) for shop in SHOPS]


def test_nearly_all_have_a_number_that_holds(written: list[tuple[Shop, Application]]) -> None:
    states = Counter(read_number(told.registration_no).state for _, told in written)
    assert states["valid"] + states["typo"] == len(SHOPS)
    assert 8 <= states["typo"] <= 36
    numbers = {told.registration_no for _, told in written}
    assert len(numbers) == len(SHOPS)


def test_nearly_all_hand_in_what_their_category_asks_for(written: list[tuple[Shop, Application]]) -> None:
    missing = Counter[int]()
    for shop, told in written:
        kinds = [paper["kind"] for paper in told.documents]
        assert set(kinds) <= set(needed(shop.category.name))
        assert len({paper["id"] for paper in told.documents}) == len(kinds) > 0
        missing[len(check_papers(shop.category.name, kinds).missing)] += 1
    assert set(missing) == {0, 1}
    assert 60 <= missing[1] <= 145


def test_honest_shops_of_one_owner_bear_one_name_and_no_others_do(written: list[tuple[Shop, Application]]) -> None:
    again = Shop(9_999, CATEGORIES[3])
    again.owner = SHOPS[3].owner
    assert write_application(7, again).legal_name == written[3][1].legal_name
    assert write_application(7, again).registration_no != written[3][1].registration_no
    again.ring = 0
    assert write_application(7, again).legal_name != written[3][1].legal_name
    names = Counter(told.legal_name for _, told in written)
    assert names.most_common(1)[0][1] <= 2


def test_an_application_depends_on_the_seed_and_the_shop_alone(written: list[tuple[Shop, Application]]) -> None:
    assert [write_application(7, shop) for shop in reversed(SHOPS)] == [told for _, told in reversed(written)]
    assert write_application(8, SHOPS[0]) != written[0][1]
