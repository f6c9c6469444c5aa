"""What a back-test found, as people read it: before and after, the difference, swap sets, days, and rule by rule."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, NamedTuple

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import part
from bonafide.apps.console.frame import View
from bonafide.apps.console.pages.bundles_days import days_plot
from bonafide.apps.console.parts import cell, figure, panel, table, text

MINUS: Final = "\N{MINUS SIGN}"
_INTERVALS: Final = {
    "caught_share": "money_caught_fraction", "precision": "precision", "recall": "recall",
    "disturbed": "honest_disturbed_per_10000", "stopped": "honest_stopped_per_10000",
}  # fmt: skip
"""Figures whose difference has an interval."""
_SWAPPED: Final = ("warn", "verify", "hold", "decline")


class _Row(NamedTuple):
    """A figure that both bundles have."""

    name: str
    of: Callable[[dict[str, Any]], float | None]
    shown: Callable[[float], str]


def figures_of(view: View, told: dict[str, Any]) -> None:
    """All of it: the answer about a back-test says `told` as its figures."""
    texts = view.texts
    first, last = told["bundles"][0], told["bundles"][-1]
    text("p", _on_what(view, told), "muted")
    with ui.element("div").classes("figures"):
        for key, of, shown in _rows(told["currency"]):
            if key in ("money_caught", "honest_disturbed", "alerts_a_day"):
                before, after = of(first), of(last)
                value = show.NOTHING if after is None else shown(after)
                more = "" if first is last else _change(view, before, after, shown)
                figure(texts(f"backtest.{key}"), value, more)
    with panel(texts("backtest.compared")):
        table(_heads(view, alone=first is last), [_compared(view, row, first, last) for row in _rows(told["currency"])],
              right=("before", "after", "change", "sure"), each=40, label=texts("backtest.compared"))  # fmt: skip
        text("p", texts("backtest.ladder"), "muted")
    with panel(texts("backtest.days"), texts("backtest.budget", n=f"{told['budget_per_day']:,}")):
        days_plot(view, told)
    for swaps in told["swap_sets"]:
        _swaps(view, told, swaps)
    _rules(view, told, first, last)


def _on_what(view: View, told: dict[str, Any]) -> str:
    texts = view.texts
    said = [texts("backtest.over", events=f"{told['events']:,}", decided=f"{told['decided']:,}",
                  first=told["first_day"] or show.NOTHING, last=told["last_day"] or show.NOTHING)]  # fmt: skip
    if told["labels"]:
        honest = told["labelled"] - told["cash_out"]
        said.append(
            texts("backtest.judged", n=f"{told['labelled']:,}", bad=f"{told['cash_out']:,}", good=f"{honest:,}")
        )
    else:
        said.append(texts("backtest.not_judged"))
    if told["cached"]:
        said.append(texts("backtest.cached"))
    return ("" if texts.language == "zh" else " ").join(said)


def _rows(currency: str | None) -> list[_Row]:
    def money(minor: float) -> str:
        return show.money(round(minor), currency)

    return [
        _Row("money_caught", lambda one: _judged(one, "money_caught"), money),
        _Row("money_missed", lambda one: _judged(one, "money_missed"), money),
        _Row("caught_share", lambda one: _judged(one, "money_caught_fraction"), show.share),
        _Row("precision", lambda one: _judged(one, "precision"), show.share),
        _Row("recall", lambda one: _judged(one, "recall"), show.share),
        _Row("honest_disturbed", lambda one: _judged(one, "honest_disturbed"), show.count),
        _Row("disturbed", lambda one: _judged(one, "honest_disturbed_per_10000"), _parts),
        _Row("stopped", lambda one: _judged(one, "honest_stopped_per_10000"), _parts),
        _Row("users_disturbed", lambda one: _judged(one, "honest_users_disturbed"), show.count),
        _Row("alerts_a_day", lambda one: one["days"]["mean"], _parts),
        _Row("most_a_day", lambda one: one["days"]["most"], show.count),
        _Row("over_budget", lambda one: one["days"]["over_budget"], show.count),
        *(_Row(f"n_{name}", partial(_counted, outcome=name), show.count) for name in _SWAPPED),
    ]


def _parts(value: float) -> str:
    return f"{value:,.2f}"


def _counted(one: dict[str, Any], outcome: str) -> float:
    return float(one["by_outcome"][outcome])


def _judged(one: dict[str, Any], name: str) -> float | None:
    if one["judged"] is None:
        return None
    found = one["judged"][name]
    value: float | None = found["value"] if isinstance(found, dict) else found
    return value


def _heads(view: View, *, alone: bool) -> dict[str, str]:
    names = ("what", "after") if alone else ("what", "before", "after", "change", "sure")
    return {name: view.texts("backtest.now" if alone and name == "after" else f"backtest.{name}") for name in names}


def _compared(view: View, row: _Row, first: dict[str, Any], last: dict[str, Any]) -> dict[str, Any]:
    before, after = row.of(first), row.of(last)
    shown = [cell(show.NOTHING if value is None else row.shown(value)) for value in (before, after)]
    return {
        "what": cell(view.texts(f"backtest.{row.name}")), "before": shown[0], "after": shown[1],
        "change": cell(_change(view, before, after, row.shown)),
        "sure": cell(_sure(row, last)),
    }  # fmt: skip


def _sure(row: _Row, last: dict[str, Any]) -> str:
    """The 95 % interval of a difference, where one was drawn."""
    found = None if last["judged"] is None else last["judged"].get(_INTERVALS.get(row.name, ""))
    ends = None if not isinstance(found, dict) else found["change_interval"]
    return show.NOTHING if ends is None else " … ".join(_signed(end, row.shown) for end in ends)


def _signed(value: float, shown: Callable[[float], str]) -> str:
    return f"{'+' if value > 0 else MINUS if value < 0 else ''}{shown(abs(value))}"


def _change(view: View, before: float | None, after: float | None, shown: Callable[[float], str]) -> str:
    if before is None or after is None:
        return show.NOTHING
    if before == after:
        return view.texts("backtest.same")
    return _signed(after - before, shown)


def _swaps(view: View, told: dict[str, Any], swaps: dict[str, Any]) -> None:
    texts = view.texts
    said = texts("backtest.swaps_told", changed=f"{swaps['changed']:,}", new=f"{swaps['alerts_new']:,}",
                 gone=f"{swaps['alerts_gone']:,}")  # fmt: skip
    with panel(texts("backtest.swaps"), said):
        rows = [
            {"swap": cell(f"{texts.word('outcome', one['before'])} → {texts.word('outcome', one['after'])}"),
             "events": cell(f"{one['events']:,}"), "money": cell(show.money(one["money"], told["currency"])),
             "cash_out": cell(f"{one['cash_out']:,}"), "honest": cell(f"{one['honest']:,}"),
             "example": cell(one["examples"][0]["event_id"] if one["examples"] else show.NOTHING, kind="mono")}
            for one in swaps["swaps"]
        ]  # fmt: skip
        if not rows:
            text("p", texts("backtest.no_swaps"), "muted")
            return
        heads = {name: texts(f"backtest.{name}") for name in ("swap", "events", "money", "cash_out", "honest")}
        table(heads | {"example": texts("backtest.example")}, rows, right=("events", "money", "cash_out", "honest"),
              label=texts("backtest.swaps"))  # fmt: skip


def _rules(view: View, told: dict[str, Any], first: dict[str, Any], last: dict[str, Any]) -> None:
    """What each rule does after, beside how often it held before; those that differ come first."""
    texts = view.texts
    before, after = ({one["id"]: one for one in bundle["rules"]} for bundle in (first, last))
    names = sorted({*before, *after}, key=lambda name: _order(before.get(name), after.get(name), name))
    rows = [_rule(first["hash"], name, before.get(name), after.get(name)) for name in names]
    heads = {name: texts(f"backtest.{name}") for name in (
        "rule", "hits_before", "hits", "hits_alone", "rule_alerts", "rule_precision", "alerts_lost", "cash_out_lost",
        "honest_spared")}  # fmt: skip
    if first is last:
        del heads["hits_before"]
    with panel(texts("backtest.rules"), texts("backtest.rules_told")):
        table(heads, rows, right=[*heads][1:], label=texts("backtest.rules"))


def _order(before: dict[str, Any] | None, after: dict[str, Any] | None, name: str) -> tuple[bool, int, str]:
    was, now = (0 if one is None else int(one["hits"]) for one in (before, after))
    return was == now, -now, name


def _rule(content: str, name: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, Any]:
    """A row; the rule's name leads to its text where the bundle that decides has it."""
    told = {
        key: cell(show.count(None if after is None else after[field]))
        for key, field in (("hits", "hits"), ("hits_alone", "hits_alone"), ("rule_alerts", "alerts"),
                           ("alerts_lost", "alerts_lost"), ("cash_out_lost", "cash_out_lost"),
                           ("honest_spared", "honest_spared"))
    }  # fmt: skip
    return told | {
        "rule": cell(name, to=None if before is None else f"/bundles/{content}?rule={part(name)}"),
        "hits_before": cell(show.count(None if before is None else before["hits"])),
        "rule_precision": cell(show.share(None if after is None else after["precision"])),
    }
