"""Whether the holdout design finds an effect that was planted, and none where none was: `python -m benches.education`.

People are made with a propensity of their own, alone or in rings whose members do the same. What each does when shown a
piece, and when held out, is both decided before anybody is drawn; so the effect on these very people is known exactly.
Then they are drawn as the office draws them, under a secret of the seed's, and the office's figures are asked. How
often the 95 % interval holds the planted effect should be 95 of 100 or a little more; how often it leaves out zero is
the power, and where nothing was planted the false alarms. The figures stand in docs/education.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from bonafide.core.pseudonym import show_token
from bonafide.engine.bundles.education import Education
from bonafide.engine.shipped import shipped_bundle
from bonafide.office.education.choosing import arm_of
from bonafide.office.education.figures import Count, Difference, difference

SEEDS: Final = 1_000
FIRST_SEED: Final = 20_000
"""Seeds below 100 are for developing; these are for scoring."""


class Plan(NamedTuple):
    """A population and what is planted in it."""

    name: str
    people: int
    holdout: float
    """Of a hundred."""
    again: float
    """How likely somebody does it again who is held out, on average."""
    helps: float
    """By how much of itself being shown lowers that."""
    gives_up: float = 0.02
    """How likely somebody gives an honest order up who is held out."""
    frightens: float = 0.0
    """By how much being shown raises that, in the same unit."""
    ring: int = 1
    """How many do the same together."""
    talks: float = 0.0
    """How likely a piece that one of a ring was shown reaches another of it: the design does not see that."""


PLANS: Final = (
    Plan("nothing planted", 2_000, 10, 0.20, 0.0),
    Plan("a third less", 2_000, 10, 0.20, 0.33),
    Plan("a third less, many people", 20_000, 10, 0.20, 0.33),
    Plan("a third less, half held out", 2_000, 50, 0.20, 0.33),
    Plan("a third less, rare", 20_000, 10, 0.02, 0.33),
    Plan("a third less, few people", 200, 10, 0.20, 0.33),
    Plan("frightens too", 20_000, 10, 0.20, 0.33, frightens=0.02),
    Plan("rings of five", 2_000, 10, 0.20, 0.33, ring=5),
    Plan("rings of five, nothing planted", 2_000, 10, 0.20, 0.0, ring=5),
    Plan("rings of five that talk", 20_000, 10, 0.20, 0.33, ring=5, talks=0.5),
)


class People(NamedTuple):
    """What each does, whether shown or not: columns of as many rows as there are people."""

    again_held: NDArray[np.bool_]
    again_shown: NDArray[np.bool_]
    gives_up_held: NDArray[np.bool_]
    gives_up_shown: NDArray[np.bool_]


class Found(NamedTuple):
    """What came of one seed: the planted effects on these people, and what the figures say."""

    again: tuple[float, Difference]
    gives_up: tuple[float, Difference]


def make(plan: Plan, seed: int) -> People:
    """The people of a seed."""
    rng = np.random.default_rng(seed)
    n = plan.people
    # Propensities differ widely: most hardly ever, some nearly always.
    propensity = rng.beta(0.5, 0.5 * (1 - plan.again) / plan.again, n)
    alone = rng.random(n)
    together = np.repeat(rng.random(-(-n // plan.ring)), plan.ring)[:n]
    propensity_ring = np.repeat(propensity[:: plan.ring], plan.ring)[:n] if plan.ring > 1 else propensity
    luck = together if plan.ring > 1 else alone
    again_held = luck < propensity_ring
    again_shown = luck < propensity_ring * (1 - plan.helps)
    fear = rng.random(n)
    return People(
        again_held, again_shown, (fear < plan.gives_up) & ~again_held,
        (fear < plan.gives_up + plan.frightens) & ~again_shown,
    )  # fmt: skip


def tokens(plan: Plan) -> list[str]:
    """What the people are called."""
    return [show_token(number + 1) for number in range(plan.people)]


def drawn(plan: Plan, seed: int, education: Education) -> NDArray[np.bool_]:
    """Who is shown pieces, as the office draws them under the seed's secret."""
    secret = np.random.default_rng(~np.uint64(seed)).bytes(16)
    ours = msgspec.structs.replace(education, holdout_percent=plan.holdout)
    return np.array([arm_of(secret, ours, token) == "shown" for token in tokens(plan)])


def play(plan: Plan, seed: int, education: Education) -> Found | None:
    """One seed; None where nobody was held out."""
    people, shown = make(plan, seed), drawn(plan, seed, education)
    reached = _reached(plan, seed, shown)
    again = np.where(reached, people.again_shown, people.again_held)
    gives_up = np.where(reached, people.gives_up_shown, people.gives_up_held)
    told, held = (
        Count(int(arm.sum()), int(again[arm].sum()), int(gives_up[arm].sum())) for arm in (shown, ~shown)
    )  # fmt: skip
    found = (difference(told.reoffended, told.n, held.reoffended, held.n),
             difference(told.abandoned, told.n, held.abandoned, held.n))  # fmt: skip
    if found[0] is None or found[1] is None:
        return None
    return Found(
        (float(people.again_shown.mean() - people.again_held.mean()), found[0]),
        (float(people.gives_up_shown.mean() - people.gives_up_held.mean()), found[1]),
    )


def _reached(plan: Plan, seed: int, shown: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whom a piece reaches: who is shown it, and who hears of it."""
    if not plan.talks:
        return shown
    rng = np.random.default_rng(seed + 10**9)
    of_ring = np.add.reduceat(shown, np.arange(0, plan.people, plan.ring)) > 0
    return shown | (np.repeat(of_ring, plan.ring)[: plan.people] & (rng.random(plan.people) < plan.talks))


def shares(found: Sequence[tuple[float, Difference]]) -> tuple[float, float, float, float]:
    """The planted effect and the one that was found, on average; how often the interval holds the planted one, and how
    often it leaves out zero."""
    return (
        float(np.mean([planted for planted, _ in found])), float(np.mean([one.value for _, one in found])),
        float(np.mean([one.low <= planted <= one.high for planted, one in found])),
        float(np.mean([not one.low <= 0 <= one.high for _, one in found])),
    )  # fmt: skip


def lines(plans: Sequence[Plan], seeds: Sequence[int], education: Education) -> Iterator[str]:
    """The table, a row for each plan."""
    yield "| population | people | held out | counted | planted | found | interval holds it | leaves out 0 |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for plan in plans:
        found = [one for seed in seeds if (one := play(plan, seed, education)) is not None]
        for what, part in (("again", [one.again for one in found]), ("given up", [one.gives_up for one in found])):
            planted, mean, holds, zero = shares(part)
            yield (f"| {plan.name} | {plan.people:,} | {plan.holdout:g} % | {what} | {planted:+.2%} | {mean:+.2%} | "
                   f"{holds:.1%} | {zero:.1%} |")  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many (default 1000)")
    parser.add_argument("--first", type=int, default=FIRST_SEED, help="the first (default 20000)")
    given = parser.parse_args()
    education = shipped_bundle("paylater").education
    assert education is not None, "the shipped bundle has people told"
    for line in lines(PLANS, range(given.first, given.first + given.seeds), education):
        print(line, flush=True)


if __name__ == "__main__":
    main()
