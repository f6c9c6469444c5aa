"""The pages of drift, tune and review-sample name every option and every figure of theirs."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from bonafide.apps.cli.main import app
from bonafide.lab.drift.compare import Drift, Moved
from bonafide.lab.review.shown import WHYS

DOCS = Path(__file__).parents[2] / "docs"
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
SHARED = {"--bundle", "--mapping", "--now", "--force", "--out", "--truth"}
"""Explained by --help, the same for many commands."""
PAGES = {"drift": "drift.md", "tune": "tune.md", "review-sample": "review-sample.md"}


def text(name: str) -> str:
    return (DOCS / PAGES[name]).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_every_option_is_explained(name: str) -> None:
    options = {option for p in COMMANDS[name].params for option in p.opts if option.startswith("--")} - SHARED
    assert {"--json"} < options
    missing = [option for option in sorted(options) if option not in text(name)]
    assert not missing


def test_every_figure_of_drift_is_explained() -> None:
    told = text("drift")
    names = {*Drift.__struct_fields__, *Moved.__struct_fields__} - {"name", "features", "score", "only_in_one"}
    assert not [name for name in sorted(names) if f"`{name}`" not in told and name.replace("_", " ") not in told]


def test_every_cause_of_a_pick_is_explained() -> None:
    assert all(f"`{why}`" in text("review-sample") for why in WHYS)
