"""Recorded baselines are readable, bear their file's name, and their format is described word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benches.decisions.played import FOLDER, NAMES, play
from bonafide.lab.baseline import Baseline, compare, read_baseline

RECORDED = sorted(FOLDER.glob("*.yaml"))


def _heavy(name: str) -> object:
    """Every scenario by `make drill`; the platform of every typology by every test run."""
    return pytest.param(name, marks=() if name.startswith("small-") else pytest.mark.drill)


@pytest.mark.parametrize("name", [_heavy(name) for name in NAMES])
def test_detection_is_not_worse_than_recorded(name: str, tmp_path: Path) -> None:
    compared = compare(play(name, tmp_path), read_baseline(FOLDER / f"{name}.yaml"))
    assert not compared.worse


def test_every_scenario_but_the_large_one_is_recorded() -> None:
    assert {path.stem for path in RECORDED} == set(NAMES)


@pytest.mark.parametrize("path", RECORDED, ids=[path.stem for path in RECORDED])
def test_a_recorded_baseline_is_readable_and_bears_its_name(path: Path) -> None:
    assert read_baseline(path).name == path.stem


def test_the_format_that_is_described_is_the_format_that_is_read(tmp_path: Path) -> None:
    (described,) = re.findall(r"```yaml\n(.*?)```", (FOLDER / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "b.yaml").write_text(described, encoding="utf-8")
    read = read_baseline(tmp_path / "b.yaml")
    assert (read.n, read.figures["auc"].tolerance, read.per_hard_negative["flash_sale"].value) == (39053, 0.005, 2.5)
    assert all(f"{name}:" in described for name in Baseline.__struct_fields__)
