"""`python -m benches.model.calibrate FOLDER`: what a model's margins mean on platforms that it did not learn from.

A calibration does not travel: how many honest people buy at a shop that also cashes out, and how many labels people
find, differ from platform to platform, and a map learnt on one city is too sure on others. So the shipped bundle's map
is counted out on development platforms of other sizes and habits, by their latent truth, all payments pooled. Whoever
trains on a log of their own has their own map.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import polars as pl

from benches.model.compare import SHIFTS, matrix_of
from bonafide.apps.cli.engines import ready_kernels
from bonafide.apps.cli.screen import errors_told
from bonafide.core.errors import UsageError
from bonafide.engine.bundle import Bundle, load_bundle, untrained
from bonafide.engine.trees.rows import raw_scores
from bonafide.lab.base_rates import EVENTS, TRUTH
from bonafide.lab.curves import Flags, Floats
from bonafide.lab.simulate import Simulation, scenario
from bonafide.lab.simulated import write_run
from bonafide.lab.train.calibrate import calibrate
from bonafide.lab.train.train import latent_labels
from bonafide.lab.train.written import CALIBRATION, CARD, PAGE, calibration_yaml

_END: Final = "</main>"
PLATFORMS: Final = (
    ("small", 71, "as shipped"), ("small", 72, "hidden better"), ("small", 73, "other money"),
    ("small", 74, "rarer, milder"), ("festival", 75, "as shipped"), ("new-scheme", 76, "as shipped"),
)  # fmt: skip
"""Scenario, development seed and turned knobs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Write a bundle's calibration anew."""
    parser = argparse.ArgumentParser(prog="python -m benches.model.calibrate", description=__doc__)
    parser.add_argument("folder", type=Path, help="a trained bundle; its calibration is replaced")
    asked = parser.parse_args(arguments)
    with errors_told():
        ready_kernels()
        bundle = load_bundle(asked.folder)
        margins, bad = zip(*margins_of(bundle), strict=True)
        told = calibrate(np.concatenate(margins), np.concatenate(bad), 1.0)
        names = ", ".join(f"{name} {seed}" for name, seed, _ in PLATFORMS)
        note = f"# Counted out on development platforms by their truth ({names}): python -m benches.model.calibrate\n"
        text = note + calibration_yaml(bundle.compiled.scheme.rules_weight, told)
        (asked.folder / CALIBRATION).write_text(text, encoding="utf-8")
        tell_in_card(asked.folder, names)
    return 0


def tell_in_card(folder: Path, names: str) -> None:
    """Say at the end of both forms of the card where the calibration is from."""
    heading, text = "The calibration of this bundle", (
        "What the sections above say of scores is of the map that training found. The one in this bundle was counted "
        f"out afterwards on development platforms, by their truth: {names}. There a score means what it says; on "
        "another platform only its own labels can tell."
    )  # fmt: skip
    card, page = folder / CARD, folder / PAGE
    card.write_text(f"{card.read_text(encoding='utf-8')}\n## {heading}\n\n{text}\n", encoding="utf-8")
    ended = page.read_text(encoding="utf-8")
    if _END not in ended:
        raise UsageError(f"{page}: is no card that bonafide train wrote")
    page.write_text(ended.replace(_END, f"<h2>{heading}</h2>\n<p>{text}</p>\n{_END}"), encoding="utf-8")


def margins_of(bundle: Bundle) -> Iterator[tuple[Floats, Flags]]:
    """The margins of each platform's payments, and which of them are cash-out."""
    scheme = bundle.compiled.scheme
    if scheme.trees is None:
        raise UsageError("the bundle has no model to calibrate; bonafide train makes one")
    for name, seed, shift in PLATFORMS:
        about = scenario(name)
        turned = replace(about, knobs=replace(about.knobs, **SHIFTS[shift]))
        with TemporaryDirectory(prefix="bonafide-calibrate-") as place:
            write_run(Simulation(turned, seed), Path(place), lambda done, total: None)
            matrix = matrix_of(untrained(bundle), Path(place) / EVENTS)
            label = latent_labels(matrix.rows, pl.read_parquet(Path(place) / TRUTH))
        margin = raw_scores(scheme.trees, matrix.x) + scheme.rules_weight * matrix.evidence
        yield margin[label >= 0], label[label >= 0] == 1
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
