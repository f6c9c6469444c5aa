"""Components are what a search along shared resources reaches, and a household is none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bonafide.lab.rings.components import MEMBERS_MAX, component_of, components
from bonafide.lab.rings.methods import find_groups
from tests.lab.rings.kit import Use, ties

SUBJECTS, RESOURCES = 14, 10


def reached(uses: set[Use]) -> list[int]:
    """The lowest subject that each subject can reach, by searching."""
    lowest = []
    for begin in range(SUBJECTS):
        seen, waiting = {begin}, [begin]
        while waiting:
            here = waiting.pop()
            resources = {resource for subject, resource in uses if subject == here}
            for subject in {subject for subject, resource in uses if resource in resources} - seen:
                seen.add(subject)
                waiting.append(subject)
        lowest.append(min(seen))
    return lowest


@given(st.sets(st.tuples(st.integers(0, SUBJECTS - 1), st.integers(0, RESOURCES - 1)), max_size=24))
def test_components_are_what_a_search_reaches(uses: set[Use]) -> None:
    tied = ties(uses=list(uses), users=9, merchants=5)
    assert component_of(tied).tolist() == reached(uses)


@given(st.sets(st.tuples(st.integers(0, SUBJECTS - 1), st.integers(0, RESOURCES - 1)), max_size=40))
def test_groups_are_whole_components_with_scores_between_0_and_1(uses: set[Use]) -> None:
    lowest = reached(uses)
    for one in components(ties(uses=list(uses), users=9, merchants=5)):
        members = one.members.tolist()
        assert members == [n for n in range(SUBJECTS) if lowest[n] == members[0]]
        assert (one.scores > 0).all()
        assert (one.scores < 1).all()


def test_a_household_is_no_group_and_a_shop_among_buyers_is() -> None:
    family = [(n, 0) for n in range(4)] + [(n, 1) for n in range(4)]
    farm = [(n, 2) for n in range(10, 22)]
    shop = [(5, 3), (30, 3)]
    found = components(ties(uses=family + farm + shop, users=25, merchants=6))
    assert [one.members.tolist() for one in found] == [[5, 30], list(range(10, 22))]
    assert [one.scores[0] for one in found] == [0.25, round(8 / 12 * (1 + 12 / 44) / 2, 6)]


def test_what_ties_too_many_is_left_out() -> None:
    chain = [(n, n) for n in range(MEMBERS_MAX)] + [(n + 1, n) for n in range(MEMBERS_MAX)]
    assert components(ties(uses=chain, users=MEMBERS_MAX + 1)) == []
    assert len(components(ties(uses=chain[1:], users=MEMBERS_MAX + 1))) == 1


def test_groups_stand_by_score() -> None:
    small, large = [(n, 0) for n in range(8)], [(n, 1) for n in range(10, 30)]
    found = find_groups("components", None, ties(uses=small + large, users=30), 7)  # type: ignore[arg-type]
    assert [one.members.size for one in found] == [20, 8]
