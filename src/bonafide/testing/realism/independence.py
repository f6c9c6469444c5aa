"""Gate 7: the attacker does not know the defence, and the defence has not seen what it is judged on."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from bonafide.testing.imports import PACKAGE, imported, is_inside
from bonafide.testing.realism.gates import Gate, gate, measured
from bonafide.testing.realism.seeds import SCORING_SEEDS, seeds_in_both

SIMULATOR: Final = "bonafide.lab.simulate"
SHARED: Final = "bonafide.core"
"""The words that both sides use: what an event is. Nothing of it tells how events are judged."""


def independence_gate() -> Gate:
    """Judge the installed simulator and the lists of seeds."""
    sources = list(simulator_sources())
    known = detector_imports(sources)
    both = seeds_in_both()
    return gate(
        7,
        "The simulator knows nothing of the detector, and judging seeds are sealed",
        measured("simulator_modules_read", len(sources), low=1),
        measured("imports_of_the_detector", len(known), high=0, note=", ".join(known[:3])),
        measured("scoring_seeds", len(SCORING_SEEDS), low=1),
        measured("seeds_in_both_lists", len(both), high=0, note=", ".join(map(str, both[:3]))),
    )


def simulator_sources() -> Iterator[tuple[str, ast.Module]]:
    """(package that the module stands in, syntax tree) of every module of the simulator."""
    spec = find_spec(SIMULATOR)
    places = spec.submodule_search_locations if spec else None
    for root in map(Path, places or ()):
        for path in sorted(root.rglob("*.py")):
            inner = path.relative_to(root).parts[:-1]
            yield ".".join((SIMULATOR, *inner)), ast.parse(path.read_text(encoding="utf-8"), str(path))


def detector_imports(sources: list[tuple[str, ast.Module]]) -> list[str]:
    """Names of ours that modules import beside the simulator's own and the shared words: "module's package: name"."""
    return [
        f"{package}: {name}"
        for package, tree in sources
        for name, _ in imported(tree, package.split("."))
        if is_inside(name, PACKAGE) and not is_inside(name, SIMULATOR) and not is_inside(name, SHARED)
    ]
