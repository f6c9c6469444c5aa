"""Evidence of which nothing follows is laid aside: nobody can tell, not even from what is saved."""

from __future__ import annotations

import zlib
from typing import NamedTuple

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bonafide.core.decision import OUTCOMES
from bonafide.core.fields import ABSENT, FIELDS, TYPE_CODE
from bonafide.core.moment import DAY_MS, HOUR_MS, MINUTE_MS
from bonafide.engine.ladder.ladder import Ladder
from bonafide.engine.ladder.rules import LadderRules
from bonafide.engine.ladder.standing import BESIDE_MAX
from bonafide.engine.ladder.standings import Standings
from bonafide.engine.policy import Ruling
from bonafide.engine.rules.operations import ROW_WIDTH, TYPE
from bonafide.engine.shipped import shipped_bundle
from bonafide.engine.templates import Template


class Step(NamedTuple):
    """An event that tells against a user and a shop."""

    later: int
    amount: int
    user: int | None
    """What tells against the user, as bits; None: nothing does."""
    merchant: int | None
    outcome: int
    is_verdict: bool = False
    """A person has judged an earlier event of the user instead."""


class Unhurried(Standings):
    """A table that goes through everything each time."""

    def adds(self, *_: object) -> bool:
        return False


def ladder_of(standings: Standings) -> Ladder:
    ladder = Ladder(lambda text: zlib.crc32(text.encode()) + 1)
    ladder.standings, ladder.rules = standings, rules()
    return ladder


def rules() -> LadderRules:
    ladder = shipped_bundle("paylater").ladder
    assert ladder is not None
    return ladder


def row_of(number: int, time: int, step: Step) -> np.ndarray:
    row = np.full((1, ROW_WIDTH), ABSENT, dtype=np.int64)
    told = {"event_id": 10_000 + number, "time": time, "amount": step.amount, "user_id": 5, "merchant_id": 6}
    for name, value in told.items():
        row[0, FIELDS[name].place] = value
    row[0, TYPE] = TYPE_CODE["payment"]
    return row


def template_of(step: Step) -> Template:
    ruling = Ruling(OUTCOMES[step.outcome], "low", False, None, None)
    return Template(ruling, (), (), (), "user", "b", outcome=step.outcome, evidence=(step.user, step.merchant))


bits = st.one_of(st.none(), st.sampled_from([0, 1, 2, 3, 64, 65]))
steps = st.lists(
    st.builds(
        Step,
        st.sampled_from([0, MINUTE_MS, HOUR_MS, 30 * HOUR_MS, 9 * DAY_MS, 40 * DAY_MS]),
        st.sampled_from([0, 1, 500, 90_000, 3_000_000]),
        bits,
        bits,
        st.integers(1, len(OUTCOMES) - 1),
        st.sampled_from([False] * 9 + [True]),
    ),
    max_size=12,
)


@given(steps.flatmap(lambda some: st.permutations(some * 4)))
def test_nobody_can_tell_that_evidence_was_laid_aside(some: list[Step]) -> None:
    quick, plain, now = ladder_of(Standings()), ladder_of(Unhurried()), 0
    for number, step in enumerate(some):
        now += step.later
        if step.is_verdict:
            for ladder in (quick, plain):
                standing = ladder.standings.get((0, 5), ladder.rules, now)
                standing.waits = bool(standing.offences)
                ladder.standings.put((0, 5), standing, ladder.rules, now)
        said = [
            ladder.decided(row_of(number, now, step), 0, number + 1, template_of(step), now)
            for ladder in (quick, plain)
        ]
        assert said[0] == said[1]
        assert quick.in_force((0, 5), now) == plain.in_force((0, 5), now)
    assert quick.save() == plain.save()


def test_what_repeats_is_laid_aside_until_there_is_too_much_of_it() -> None:
    table, step = Standings(), Step(0, 1, 1, None, 1)
    ladder, beside = ladder_of(table), []
    for number in range(2 * BESIDE_MAX):
        ladder.decided(row_of(number, MINUTE_MS, step), 0, number, template_of(step), MINUTE_MS)
        calm = table._kept[0, 5].calm
        beside.append(0 if calm is None else len(calm.beside))
    assert max(beside) == BESIDE_MAX * 5
    assert beside.count(0) == 2
