"""The wheel carries the package, what it ships beside its modules, and nothing else."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from tests.house.tree import ROOT

DATA = {"benches": "bonafide/_benches", "bundles": "bonafide/_bundles", "mappings": "bonafide/_mappings"}


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The paths inside a wheel built from this tree, without its metadata."""
    built = list(WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"]))
    names = set(zipfile.ZipFile(built[0]).namelist())
    return {name for name in names if ".dist-info/" not in name}


def test_the_wheel_carries_the_package(packed: set[str]) -> None:
    sources = ROOT / "src" / "bonafide"
    assert {f"bonafide/{path.relative_to(sources)}" for path in sources.rglob("*.py")} <= packed
    assert "bonafide/py.typed" in packed


@pytest.mark.parametrize("folder", sorted(DATA))
def test_the_wheel_carries_every_file_of_the_data_folders(packed: set[str], folder: str) -> None:
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file() and path.name[0] != ".")
    files = {path for path in found if path.suffix != ".pyc"}
    assert files, f"{folder}/ is empty"
    assert {f"{DATA[folder]}/{path.relative_to(ROOT / folder)}" for path in files} <= packed


def test_the_wheel_carries_nothing_else(packed: set[str]) -> None:
    assert {Path(name).parts[0] for name in packed} == {"bonafide"}
    private = {"/".join(Path(name).parts[:2]) for name in packed if Path(name).match("bonafide/_*/**")}
    assert private <= set(DATA.values())
