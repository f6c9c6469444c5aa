"""Recorded baselines are readable, bear their file's name, and their format is described word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bonafide.lab.baseline import Baseline, read_baseline

FOLDER = Path(__file__).parents[2] / "benches" / "decisions"
RECORDED = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("path", RECORDED, ids=[path.stem for path in RECORDED])
def test_a_recorded_baseline_is_readable_and_bears_its_name(path: Path) -> None:
    assert read_baseline(path).name == path.stem


def test_the_format_that_is_described_is_the_format_that_is_read(tmp_path: Path) -> None:
    (described,) = re.findall(r"```yaml\n(.*?)```", (FOLDER / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "b.yaml").write_text(described, encoding="utf-8")
    read = read_baseline(tmp_path / "b.yaml")
    assert (read.n, read.figures["auc"].tolerance, read.per_hard_negative["flash_sale"].value) == (39053, 0.005, 2.5)
    assert all(f"{name}:" in described for name in Baseline.__struct_fields__)
