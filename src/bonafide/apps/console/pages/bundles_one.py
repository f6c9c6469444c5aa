"""One bundle: what differs from the one that decides, its rules, its files, and what was done with it."""

from __future__ import annotations

from typing import Any

from nicegui import ui

from bonafide.apps.console.api import ApiError, SignedOutError, part
from bonafide.apps.console.diff import diff_files
from bonafide.apps.console.frame import View
from bonafide.apps.console.pages.bundles import FILE, backtests_panel, judge, proposal, rules_panel
from bonafide.apps.console.pages.bundles_parts import HASH_SHOWN, difference, numbered, stage
from bonafide.apps.console.parts import button, chip, link, panel, pills, text


async def build(view: View, hash: str) -> None:
    """The page."""
    texts = view.texts
    files = await view.get(f"/v1/bundles/{part(hash)}/files")
    every = await view.get("/v1/bundles")
    decides, here = every["decides"], f"/bundles/{hash}"
    found = [one for one in every["proposals"] if one["bundle"] == hash]
    text("h1", texts("bundles.title", name=files["name"] or hash[:HASH_SHOWN]))
    with ui.element("div").classes("title"):
        if hash == decides:
            chip(texts("bundles.in_force"), "state-assigned")
        elif found:
            chip(texts.word("stage", stage(found[-1])))
        text("code", hash, "hash")
    with ui.element("div").classes("actions"):
        if view.may("POST /v1/bundles"):
            told = texts("bundles.edit") if hash == decides else texts("bundles.edit_from")
            link(told, f"/bundles/edit?from={hash}", "button main" if hash == decides else "button")
        if view.may("POST /v1/backtests"):
            told = texts("backtest.ask_alone") if hash == decides else texts("backtest.ask")
            button(told, lambda: judge(view, hash))
        link(texts("bundles.back"), "/bundles", "button quiet")
    if found and stage(found[-1]) in ("proposed", "approved"):
        proposal(view, found[-1])
    if view.query.get("rule"):
        _rule(view, files, view.query["rule"])
    if decides not in (None, hash):
        await _against(view, files, decides)
    await backtests_panel(view, hash)
    await rules_panel(view, files)
    _files(view, files, here)


async def _against(view: View, files: dict[str, Any], decides: str) -> None:
    """What differs from the bundle that decides."""
    texts = view.texts
    with panel(texts("bundles.against"), decides[:HASH_SHOWN]):
        try:
            running = await view.get(f"/v1/bundles/{part(decides)}/files")
        except SignedOutError:
            raise
        except ApiError as error:
            text("p", error.detail, "muted")
            return
        found = diff_files(running["files"], files["files"])
        for one in found:
            difference(view, one)
        if not found:
            text("p", texts("bundles.no_difference"), "muted")
        text("p", texts("bundles.others_left_out"), "muted")


def _rule(view: View, files: dict[str, Any], name: str) -> None:
    """The text of one rule."""
    texts = view.texts
    rule = next((one for one in files["rules"] if one["id"] == name), None)
    with panel(texts("bundles.rule_title", name=name)):
        content = "" if rule is None else files["files"].get(rule["file"], "")
        if rule is None or not content:
            text("p", texts("bundles.no_rule"), "muted")
            return
        later = [one["line"] for one in files["rules"] if one["file"] == rule["file"] and one["line"] > rule["line"]]
        lines = content.splitlines()[rule["line"] - 1 : min(later) - 1 if later else None]
        numbered("\n".join(lines).rstrip(), rule["line"], name)
        if view.may("POST /v1/bundles"):
            to = f"/bundles/edit?from={files['bundle']}&file={part(rule['file'])}&line={rule['line']}"
            link(texts("bundles.edit_rule"), to, "button")


def _files(view: View, files: dict[str, Any], here: str) -> None:
    texts = view.texts
    names = list(files["files"])
    chosen = view.query.get("file", "")
    if chosen not in files["files"]:
        chosen = FILE if FILE in files["files"] else names[0]
    with panel(texts("bundles.files"), texts("bundles.files_count", n=len(names) + len(files["others"]))):
        pills(texts("bundles.files"), {name: (name, f"{here}?file={part(name)}") for name in names}, chosen)
        numbered(files["files"][chosen], label=chosen)
        for name, size in files["others"].items():
            text("p", texts("bundles.other", name=name, size=f"{size:,}"), "muted")
