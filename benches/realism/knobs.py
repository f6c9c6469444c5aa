"""The simulator's knobs turned one at a time: `python -m benches.realism.knobs` prints the table of docs/realism.md.

Each change is a large one; the gates are measured on development seeds and told by their means. It takes some six
seconds for each change and seed.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any, Final, NamedTuple
from unittest.mock import patch

from bonafide.apps.cli.engines import ready_kernels
from bonafide.apps.cli.gates import read_seeds
from bonafide.apps.cli.screen import errors_told, progress_bar
from bonafide.lab.simulate import Scenario, scenario
from bonafide.testing.realism import Several, measure_seeds
from bonafide.testing.realism.gates_text import markdown_table, shown
from bonafide.testing.realism.independence import SIMULATOR

SEEDS: Final = "61,62,63"
MEASURED: Final = ("fraudar_auc", "antico_auc", "antico_ks", "utilisation_auc", "worst_auc")
_OF_SCENARIO: Final = "Knobs"


class Change(NamedTuple):
    """A knob and another value of it."""

    knob: str
    """`Knobs.NAME` of a scenario, or the constant NAME of a module of the simulator as `module.NAME`."""
    value: object

    def shipped(self) -> object:
        """The value that it has as shipped."""
        owner, name = self.knob.rsplit(".", 1)
        return getattr(scenario("small").knobs if owner == _OF_SCENARIO else _module(owner), name)


CHANGES: Final = (
    Change("Knobs.users", 0.028),
    Change("Knobs.intensity", 0.6),
    Change("Knobs.camouflage", 0.9),
    Change("Knobs.knowledge", 0.9),
    Change("Knobs.once", 0.8),
    Change("Knobs.visible", 0.2),
    Change("Knobs.fees", 3.0),
    Change("Knobs.delays", 5.0),
    Change("Knobs.go_betweens", 1.5),
    Change("Knobs.advanced", 0.9),
    Change("Knobs.combined", 0.9),
    Change("Knobs.split", 0.5),
    Change("shops.POPULARITY_SIGMA", 1.4),
    Change("schemes.rings.SIZES", (0.05, 0.3)),
    Change("schemes.rings.BAD_SHOPS_MIN", 6),
    Change("life.shopping.CLIENTELE", 1.0),
    Change("people.REVOLVER_FRACTION", 0.05),
    Change("life.lookalikes.AT_LIMIT_PER_USER_DAY", 0.0),
    Change("labels.RECALL", 0.9),
)


@contextmanager
def changed(asked: Scenario, change: Change) -> Iterator[Scenario]:
    """The scenario with one knob turned; a constant is turned for as long as the block lasts."""
    owner, name = change.knob.rsplit(".", 1)
    if owner == _OF_SCENARIO:
        turned: dict[str, Any] = {name: change.value}
        yield replace(asked, knobs=replace(asked.knobs, **turned))
        return
    with patch.object(_module(owner), name, change.value):
        yield asked


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the scenario `small` as shipped, then with each change, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benches.realism.knobs", description=__doc__)
    parser.add_argument("--seeds", default=SEEDS, help="development seeds, with commas between (default: %(default)s)")
    with errors_told():
        seeds = read_seeds(parser.parse_args(arguments).seeds)
        asked, kernels = scenario("small"), ready_kernels()
        rows: list[list[str]] = []
        with progress_bar(f"Measuring {len(CHANGES)} changes on {len(seeds)} seeds each") as bar:
            bar(0, 1 + len(CHANGES))
            rows.append(["as shipped", "", *_figures(measure_seeds(asked, seeds, kernels=kernels, models=False))])
            for number, change in enumerate(CHANGES, 1):
                bar(number, 1 + len(CHANGES))
                with changed(asked, change) as turned:
                    several = measure_seeds(turned, seeds, kernels=kernels, models=False)
                turn = f"{_value(change.shipped())} to {_value(change.value)}"
                rows.append([f"`{change.knob}`", turn, *_figures(several)])
    header = ["knob", "from, to", *(f"`{name}`" for name in MEASURED), "whose"]
    print(markdown_table(header, rows, "ll" + "r" * len(MEASURED) + "l"))


def _figures(several: Several) -> list[str]:
    """The means that are told of a change, and the signal that tells most."""
    found = {one.name: one for gate in several.mean.gates for one in gate.measurements}
    return [*(shown(found[name]) for name in MEASURED), f"`{several.mean.signals[0].name}`"]


def _value(value: object) -> str:
    return " and ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _module(name: str) -> object:
    return import_module(f"{SIMULATOR}.{name}")


if __name__ == "__main__":
    main()
