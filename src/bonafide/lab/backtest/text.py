"""A back-test as plain text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bonafide.lab.backtest.told import Backtest, BundleTold, Figure, SwapSet
from bonafide.lab.report import numbers

NAME_MAX: Final = 26
SWAPS_MAX: Final = 8
RULES_MAX: Final = 10
HOW: Final = {
    "shared": "decided from one state with the champion", "own": "walked the log on its own",
    "cache": "judged from kept features", "table": "from a table of decisions",
}  # fmt: skip


def backtest_text(told: Backtest) -> str:
    """The result as people read it in a terminal."""
    lines = [
        f"{told.events:,} records, {told.decided:,} decided on"
        + (f", payments from {told.first_day} to {told.last_day} (UTC)" if told.first_day else ""),
    ]
    if told.labels is not None:
        kind = "the truth" if told.labels == "latent" else "labels that had arrived"
        lines.append(f"{told.labelled:,} payments judged by {kind}, {told.cash_out:,} of them cash-out")
    lines += ["", *_bundles(told), *_judged(told)]
    for one in told.swap_sets:
        lines += ["", *_swaps(told, one)]
    for bundle in told.bundles:
        lines += _rules(told, bundle)
    lines += ["", *(f"note: {note}" for note in told.notes)]
    return "\n".join(line.rstrip() for line in lines)


def short(name: str) -> str:
    """A name that fits a column: its end tells folders apart."""
    return name if len(name) <= NAME_MAX else f"...{name[-NAME_MAX + 3 :]}"


def interval(figure: Figure, digits: int, *, percent: bool) -> str:
    """An interval in brackets; nothing where there is none."""
    return "" if figure.interval is None else f"[{_ends(figure.interval, digits, percent=percent)}]"


def change(figure: Figure, digits: int, *, percent: bool) -> str:
    """What it is more than the champion's, with its interval."""
    if figure.change is None:
        return ""
    times = 100 if percent else 1
    ends = figure.change_interval
    told = "" if ends is None else f" [{times * ends[0]:+.{digits}f}, {times * ends[1]:+.{digits}f}]"
    return f"{times * figure.change:+.{digits}f}{told}"


def _ends(ends: tuple[float, float], digits: int, *, percent: bool) -> str:
    times = 100 if percent else 1
    return f"{times * ends[0]:.{digits}f}, {times * ends[1]:.{digits}f}"


def _bundles(told: Backtest) -> Iterator[str]:
    head = "".join(f"{name:>9}" for name in ("warn", "verify", "hold", "decline"))
    yield f"{'bundle':<28}{head}{'alerts/day':>12}{'most':>7}{'days over':>11}"
    for one in told.bundles:
        outcomes = "".join(f"{one.by_outcome[name]:>9,}" for name in ("warn", "verify", "hold", "decline"))
        yield (
            f"{short(one.name):<28}{outcomes}{one.days.mean:>12.1f}{one.days.most:>7,}{one.days.over_budget:>11,}"
            f"  {'champion' if one is told.bundles[0] else HOW[one.how]}"
        )
    yield f"budget {told.budget_per_day:,} alerts a day; days over it stand in the last column"


def _judged(told: Backtest) -> Iterator[str]:
    if all(one.judged is None for one in told.bundles):
        return
    yield ""
    yield (
        f"{'bundle':<28}{'money caught':>20}{'share':>8}{'95 %':>15}{'more':>24}{'precision':>11}"
        f"{'disturbed/10,000':>18}{'95 %':>15}{'more':>22}"
    )
    for one in told.bundles:
        if one.judged is not None:
            share, disturbed = one.judged.money_caught_fraction, one.judged.honest_disturbed_per_10000
            yield (
                f"{short(one.name):<28}{numbers.money(one.judged.money_caught, told.currency):>20}"
                f"{numbers.percent(share.value):>8}{interval(share, 1, percent=True):>15}"
                f"{change(share, 1, percent=True):>24}{numbers.percent(one.judged.precision.value):>11}"
                f"{_plain(disturbed.value):>18}{interval(disturbed, 1, percent=False):>15}"
                f"{change(disturbed, 1, percent=False):>22}"
            )


def _plain(value: float | None) -> str:
    return numbers.DASH if value is None else f"{value:.1f}"


def _swaps(told: Backtest, one: SwapSet) -> Iterator[str]:
    yield (
        f"{short(one.challenger)}: {one.changed:,} events with another outcome, {one.alerts_new:,} new alerts, "
        f"{one.alerts_gone:,} gone, {one.scores_changed:,} other scores"
    )
    for swap in one.swaps[:SWAPS_MAX]:
        known = f"{swap.cash_out:>6,} cash-out{swap.honest:>7,} honest" if told.labels else ""
        first = swap.examples[0]
        gained = sorted(set(first.challenger.hits) - set(first.champion.hits))
        lost = sorted(set(first.champion.hits) - set(first.challenger.hits))
        why = " ".join([*(f"+{name}" for name in gained), *(f"-{name}" for name in lost)])
        yield (
            f"  {swap.before:>11} -> {swap.after:<11}{swap.events:>8,}{numbers.money(swap.money, told.currency):>20}"
            f"{known}  e.g. {first.event_id} {first.champion.score:.2f} -> {first.challenger.score:.2f} {why}"
        )
    if len(one.swaps) > SWAPS_MAX:
        yield f"  and {len(one.swaps) - SWAPS_MAX} more kinds"


def _rules(told: Backtest, one: BundleTold) -> Iterator[str]:
    """The champion's rules, and those of a challenger that do otherwise than the champion's of the same name."""
    first = told.bundles[0]
    alike = [] if one is first else first.rules
    rules = [rule for rule in one.rules if rule not in alike]
    known = [rule for rule in rules if rule.alerts_lost is not None and rule.hits]
    if known:
        beside = "" if one is first else ", of rules that do otherwise than the champion's"
        yield ""
        yield f"{short(one.name)}: what is lost without a rule{beside}"
        yield f"  {'rule':<28}{'hits':>9}{'alone':>9}{'alerts':>9}{'cash-out':>10}{'money':>20}{'honest spared':>15}"
        known.sort(key=lambda r: (-(r.money_lost or 0), -(r.alerts_lost or 0), r.id))
        for rule in known[:RULES_MAX]:
            money = numbers.DASH if rule.money_lost is None else numbers.money(rule.money_lost, told.currency)
            yield (
                f"  {short(rule.id):<28}{rule.hits:>9,}{rule.hits_alone:>9,}{rule.alerts_lost:>9,}"
                f"{_count(rule.cash_out_lost):>10}{money:>20}{_count(rule.honest_spared):>15}"
            )
        if len(known) > RULES_MAX:
            yield f"  and {len(known) - RULES_MAX} more"
    never = [name for name in one.never if one is first or name not in first.never]
    if never:
        yield f"{short(one.name)}: never held: {', '.join(never)}"
    for pair in [pair for pair in one.overlaps if one is first or pair not in first.overlaps][:3]:
        yield (
            f"{short(one.name)}: {pair.one} and {pair.other} hold together {pair.both:,} times "
            f"({numbers.percent(pair.of_one, 0)} and {numbers.percent(pair.of_other, 0)} of their hits)"
        )


def _count(value: int | None) -> str:
    return numbers.DASH if value is None else f"{value:,}"
