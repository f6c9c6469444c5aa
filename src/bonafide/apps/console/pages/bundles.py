"""Bundles: what decides, what is proposed in its place, what that changes and whom it may harm, and who said so."""

from __future__ import annotations

from typing import Any, Final

from nicegui import ui

from bonafide.apps.console import show
from bonafide.apps.console.api import ApiError, SignedOutError, part
from bonafide.apps.console.frame import View, empty
from bonafide.apps.console.pages.bundles_parts import HASH_SHOWN, changes_and_harms, stage, steps_of
from bonafide.apps.console.parts import button, cell, chip, facts, link, panel, table, text

COLUMNS: Final = ("time", "action", "bundle", "person", "note", "outcome")
STEPS_SHOWN: Final = 200
FILE: Final = "rules.yaml"
DAYS: Final = 7
"""Over which hits of rules are told."""
STOPPED: Final = ("warn", "verify", "hold", "decline")


async def build(view: View) -> None:
    """The page."""
    texts = view.texts
    told = await view.get("/v1/bundles")
    text("h1", texts("place.bundles"))
    files = await _deciding(view, told)
    standing = [one for one in reversed(told["proposals"]) if stage(one) in ("proposed", "approved")]
    if not standing:
        empty(view, "bundles.none")
    for one in standing:
        proposal(view, one)
    if files is not None:
        await rules_panel(view, files)
    await backtests_panel(view)
    if told["steps"]:
        with panel(texts("bundles.history")):
            rows = [_row(view, step) for step in reversed(told["steps"][-STEPS_SHOWN:])]
            table({name: texts(f"bundles.{name}") for name in COLUMNS}, rows, label=texts("bundles.history"))


async def _deciding(view: View, told: dict[str, Any]) -> dict[str, Any] | None:
    """The bundle that decides; returns what stands in it, where that can be read."""
    texts, decides = view.texts, told["decides"]
    files = None if decides is None else await _files(view, decides)
    with panel(texts("bundles.in_force"), "" if told["in_force"] or decides is None else texts("bundles.by_setting")):
        if decides is None:
            text("p", texts("bundles.nothing_decides"), "muted")
            return None
        with ui.element("div").classes("title"):
            text("span", "" if files is None else files["name"], "step")
            link(decides, f"/bundles/{decides}", "link hash")
        with ui.element("div").classes("actions"):
            if files is not None and view.may("POST /v1/bundles"):
                link(texts("bundles.edit"), f"/bundles/edit?from={decides}", "button main")
            if view.may("POST /v1/backtests"):
                button(texts("backtest.ask_alone"), lambda: judge(view, decides))
            if told["steps"] and view.may("POST /v1/bundles/rollback"):
                button(texts("act.rollback"), lambda: view.step("/v1/bundles/rollback", "rollback"), "danger")
    return files


async def _files(view: View, content: str) -> dict[str, Any] | None:
    """What stands in a bundle; None where its copy cannot be read, which keeps nobody from rolling back."""
    try:
        found: dict[str, Any] = await view.get(f"/v1/bundles/{part(content)}/files")
    except SignedOutError:
        raise
    except ApiError:
        return None
    return found


async def judge(view: View, content: str) -> None:
    """Have a kept bundle judged over the log, to its end: beside the one that decides, or that one alone."""
    asked = await view.do("/v1/backtests", {"base": content, "files": {}, "fresh": True})
    if asked is not None:
        ui.navigate.to(f"/bundles/backtests/{asked['id']}?from={content}")


async def backtests_panel(view: View, content: str | None = None) -> None:
    """The back-tests that are kept: all of them, or those of one bundle."""
    texts = view.texts
    every = (await view.get("/v1/backtests"))["backtests"]
    found = [one for one in every if content in (None, one["challenger"])]
    if not found:
        return
    rows = [
        {"time": cell(show.moment(one["asked"]), to=f"/bundles/backtests/{one['id']}"),
         "bundle": cell(one["name"] or show.NOTHING), "hash": cell(one["challenger"][:HASH_SHOWN], kind="mono"),
         "person": cell(one["person"]), "state": cell(texts.word("backtest_state", one["state"]))}
        for one in found
    ]  # fmt: skip
    heads = {"time": texts("bundles.time"), "bundle": texts("bundles.bundle"), "hash": texts("bundles.hash"),
             "person": texts("bundles.person"), "state": texts("bundles.state")}  # fmt: skip
    with panel(texts("backtest.kept"), texts("backtest.kept_told")):
        table(heads, rows, label=texts("backtest.kept"))


async def rules_panel(view: View, files: dict[str, Any]) -> None:
    """The rules of a bundle, each a link to its text, with how often it held lately."""
    texts, content = view.texts, files["bundle"]
    tried = len(files["rules"]) - sum(rule["file"] == FILE for rule in files["rules"])
    told = await view.get(f"/v1/bundles/{part(content)}/hits", days=DAYS)
    held = {one["id"]: one for one in told["rules"]}
    rows = [_rule_row(view, content, rule, held.get(rule["id"]), told["decided"]) for rule in files["rules"]
            if rule["file"] == FILE]  # fmt: skip
    names = ["rule", "typology", "weight", "effect", "reason"]
    if told["decided"]:
        names += ["hits", "share", "alerts"]
    with panel(texts("bundles.rules"), texts("bundles.rules_count", n=len(rows))):
        heads = {name: texts(f"bundles.{name}") for name in names}
        table(heads, rows, right=("weight", "hits", "share", "alerts"), label=texts("bundles.rules"))
        key = "bundles.hits_told" if told["decided"] else "bundles.no_hits"
        decided, first, last = show.count(told["decided"]), told["first_day"], told["last_day"]
        text("p", texts(key, n=decided, first=first, last=last, days=DAYS), "muted")
        if tried:
            text("p", texts("bundles.tried", n=tried), "muted")
    trial_panel(view, told)


def _rule_row(
    view: View, content: str, rule: dict[str, Any], held: dict[str, Any] | None, decided: int
) -> dict[str, Any]:  # fmt: skip
    texts = view.texts
    hits, alerts = (0, 0) if held is None else (held["hits"], held["alerts"])
    return {
        "rule": cell(rule["id"], to=f"/bundles/{content}?rule={part(rule['id'])}"),
        "typology": cell(texts.word("typology", rule["typology"])),
        "weight": cell(f"{rule['weight']:g}"), "effect": cell(_effect(view, rule)), "reason": cell(rule["reason"]),
        "hits": cell(show.count(hits)), "share": cell(f"{100 * hits / decided:.2f} %" if decided else show.NOTHING),
        "alerts": cell(show.count(alerts)),
    }  # fmt: skip


def trial_panel(view: View, told: dict[str, Any]) -> None:
    """What both bundles of a trial said, where one runs: pairs of outcomes of a shadow, or the arms of a rollout."""
    texts = view.texts
    if told["shadow"]:
        both = sum(one["decisions"] for one in told["shadow"])
        rows = [
            {"outcome": cell(texts.word("outcome", one["outcome"])),
             "challenger": cell(texts.word("outcome", one["challenger"])),
             "decisions": cell(show.count(one["decisions"])), "share": cell(show.share(one["decisions"] / both)),
             "alike": cell(texts("trial.same" if one["outcome"] == one["challenger"] else "trial.other"))}
            for one in sorted(told["shadow"], key=lambda one: -one["decisions"])
        ]  # fmt: skip
        with panel(texts("trial.shadow"), texts("trial.since_start")):
            heads = {name: texts(f"trial.{name}") for name in ("outcome", "challenger", "decisions", "share", "alike")}
            table(heads, rows, right=("decisions", "share"), label=texts("trial.shadow"))
            text("p", texts("trial.more"), "muted")
    if told["arms"]:
        rows = [
            {"arm": cell(texts.word("trial_arm", one["arm"])), "decisions": cell(show.count(one["decided"])),
             "alerts": cell(show.count(one["alerts"])), "share": cell(show.share(one["alerts"] / one["decided"])),
             **{name: cell(show.count(one["by_outcome"].get(name, 0))) for name in STOPPED}}
            for one in told["arms"]
        ]  # fmt: skip
        with panel(texts("trial.arms"), texts("bundles.days", n=DAYS)):
            heads = {name: texts(f"trial.{name}") for name in ("arm", "decisions", "alerts", "share")}
            heads |= {name: texts.word("outcome", name) for name in STOPPED}
            table(heads, rows, right=("decisions", "alerts", "share", *STOPPED), label=texts("trial.arms"))
            text("p", texts("trial.arms_told"), "muted")


def _effect(view: View, rule: dict[str, Any]) -> str:
    """The mildest outcome that a rule leaves, where it asks for one."""
    return show.NOTHING if rule["effect"] == "allow" else view.texts.word("outcome", rule["effect"])


def proposal(view: View, one: dict[str, Any]) -> None:
    """A proposal that stands: what it changes, whom it may harm, and the steps that this person may take."""
    texts = view.texts
    title = texts("bundles.proposal", name=one["name"] or one["bundle"][:HASH_SHOWN])
    with panel(title, texts("bundles.by", name=one["person"], time=show.moment(one["time"]))):
        with ui.element("div").classes("title"):
            chip(texts.word("stage", stage(one)))
            to = f"/bundles/{one['bundle']}"
            if view.path != to:
                link(one["bundle"][:HASH_SHOWN], to, "link mono")
                link(texts("bundles.look"), to)
            if one["ready"]:
                text("span", texts("bundles.ready", time=show.moment(one["ready"])), "muted")
        if one["note"]:
            text("p", one["note"], "note")
        changes_and_harms(view, one)
        facts([(texts("bundles.takes_over"), texts.word("takes_over", one["takes_over"] or show.NOTHING))])
        steps_of(view, one)


def _row(view: View, step: dict[str, Any]) -> dict[str, Any]:
    texts = view.texts
    outcome = step["why_not"] or (texts.word("done", step["outcome"]) if step["outcome"] else show.NOTHING)
    return {
        "time": cell(show.moment(step["time"])),
        "action": cell(texts.word("stage", step["action"])),
        "bundle": cell(step["bundle"][:HASH_SHOWN], to=f"/bundles/{step['bundle']}", kind="link mono"),
        "person": cell(step["person"]),
        "note": cell(step["note"] or show.NOTHING, kind="wrap"),
        "outcome": cell(outcome),
    }
