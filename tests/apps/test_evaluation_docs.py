"""docs/evaluation.md explains every figure and every option of `bonafide evaluate`."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from bonafide.apps.cli.main import app
from bonafide.lab.baseline import _OF_FIGURE
from bonafide.lab.metrics import Evaluation, HardNegativeFigures, TypologyFigures

DOCUMENT = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
FIGURES = sorted(
    {name for kind in (Evaluation, TypologyFigures, HardNegativeFigures) for name in kind.__struct_fields__}
)
COMMAND = typer.main.get_command(app)
OPTIONS = [
    name
    for parameter in COMMAND.commands["evaluate"].params  # type: ignore[attr-defined]
    for name in parameter.opts
    if name.startswith("--")
]


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_explained(name: str) -> None:
    assert f"`{name}`" in DOCUMENT


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_is_explained(option: str) -> None:
    assert option in DOCUMENT


def test_options_and_figures_are_found() -> None:
    assert {"--decisions", "--as-of", "--html", "--baseline"} <= set(OPTIONS)
    assert {"auc", "recall_interval", "stopped_per_10000"} <= set(FIGURES)
    assert all(name in FIGURES or name.startswith("tpr_at_fpr_") for name in _OF_FIGURE)
