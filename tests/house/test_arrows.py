"""Arrows point down only, wings on one floor do not import each other, and the ground floor stands on little."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from bonafide.testing.imports import imported, is_inside
from bonafide.testing.realism.independence import SIMULATOR
from tests.house.tree import ROOT, SRC, Module, listed, modules, place, wing_of

# What a wing may import of ours, and of others beside the standard library (None: whatever pyproject.toml declares).
OURS = {
    "core": {"core"},
    "engine": {"engine", "core"},
    "office": {"office", "engine", "core"},
    "lab": {"lab", "engine", "core"},
    "testing": {"testing", "office", "lab", "engine", "core"},
    "apps": {"apps", "office", "lab", "engine", "core"},
}
EXCUSED = {
    ("bonafide.apps.cli.gates", "bonafide.testing.realism"): "the gates judge the simulator by detectors that judge "
    "nothing else, which is testing; whoever has only the wheel runs them by `bonafide simulate --gates`",
}
"""(module, package it may import all the same) -> why; an excuse that nothing needs any more fails."""
THEIRS = {"core": {"msgspec"}, "engine": {"msgspec", "yaml", "numpy", "numba", "llvmlite"}}
# The attacker must not know the defence (SIMULATOR); it needs little of others either.
SIMULATE_THEIRS = {"msgspec", "yaml", "numpy", "polars"}
HEAVY = {"numpy", "numba", "llvmlite", "polars", "typer", "rich", "yaml", "duckdb"}


def imports(module: Module) -> list[tuple[str, ast.AST]]:
    """Dotted names that a module imports, wherever the import stands, relative ones resolved."""
    package = module.name.split(".") if module.path.name == "__init__.py" else module.name.split(".")[:-1]
    return list(imported(module.tree, package))


def wrong_arrows(module: Module) -> list[str]:
    """What is wrong with a module's imports, one sentence each."""
    if module.wing not in OURS:
        return (
            []
            if module.name in {"bonafide", "bonafide.__main__"}
            else [f"{module.path.relative_to(ROOT)}: stands in no known wing"]
        )
    simulating = is_inside(module.name, SIMULATOR)
    theirs = SIMULATE_THEIRS if simulating else THEIRS.get(module.wing)
    wrong = []
    for name, node in imports(module):
        top = name.split(".")[0]
        if top == "bonafide":
            beyond = simulating and not is_inside(name, SIMULATOR) and wing_of(name) != "core"
            allowed = excused(module, name) or (wing_of(name) in OURS[module.wing] and not beyond)
        else:
            allowed = top in sys.stdlib_module_names or theirs is None or top in theirs
        if not allowed:
            wrong.append(f"{place(module, node)}: {module.name} must not import {name}")
    return wrong


def excused(module: Module, name: str) -> bool:
    """Whether a module may import a name in spite of the arrows."""
    return any(module.name == who and is_inside(name, package) for who, package in EXCUSED)


def sample(name: str, source: str) -> Module:
    return Module(name, ROOT / "src" / "sample.py", ast.parse(source))


def test_arrows_point_down() -> None:
    found = [fault for module in modules() for fault in wrong_arrows(module)]
    assert not found, listed(found)


@pytest.mark.parametrize(("who", "package"), EXCUSED)
def test_an_excuse_is_needed(who: str, package: str) -> None:
    named = [name for module in modules() if module.name == who for name, _ in imports(module)]
    assert any(is_inside(name, package) for name in named)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("bonafide.core.a", "import numpy"),
        ("bonafide.core.a", "from bonafide.engine import b"),
        ("bonafide.engine.a", "def f():\n    import polars"),
        ("bonafide.engine.rules.a", "from ...lab import replay"),
        ("bonafide.lab.a", "from bonafide.office.store import Store"),
        ("bonafide.office.a", "from bonafide import lab"),
        ("bonafide.lab.simulate.a", "from bonafide.engine import b"),
        ("bonafide.lab.simulate", "from bonafide.lab import metrics"),
        ("bonafide.testing.a", "import bonafide.apps.cli"),
        ("bonafide.apps.cli.demo", "from bonafide.testing.realism import measure_gates"),
        ("bonafide.apps.cli.gates", "from bonafide.testing.windows_twin import WindowTwin"),
        ("bonafide.cellar.a", ""),
    ],
)
def test_a_wrong_arrow_is_caught(name: str, source: str) -> None:
    assert wrong_arrows(sample(name, source))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("bonafide.core.a", "import msgspec, datetime\nfrom bonafide.core.money import Currency\nfrom . import moment"),
        ("bonafide.engine.a", "import numba\nfrom bonafide.core import money"),
        ("bonafide.lab.simulate.a", "import numpy\nfrom bonafide.lab.simulate.people import Person"),
        ("bonafide.apps.cli.a", "import typer\nfrom bonafide.lab import replay\nfrom ..runtime import run"),
    ],
)
def test_a_right_arrow_passes(name: str, source: str) -> None:
    assert wrong_arrows(sample(name, source)) == []


def loaded_by(statement: str) -> set[str]:
    """Which heavy libraries a fresh interpreter has loaded after a statement."""
    program = f"import sys\nsys.path.insert(0, {str(SRC)!r})\n{statement}\nprint(*({HEAVY} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_importing_bonafide_loads_no_heavy_library() -> None:
    assert loaded_by("import bonafide") == set()


def test_a_heavy_import_is_caught() -> None:
    assert "yaml" in loaded_by("import yaml")
