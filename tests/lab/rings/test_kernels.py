"""Compiled loops come from the cache, or are compiled for this process alone where there can be none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bonafide.lab.rings import kernels
from bonafide.lab.rings.graph import neighbours


@pytest.fixture
def compiled_anew() -> Iterator[None]:
    kernels.load_kernels.cache_clear()
    yield
    kernels.load_kernels.cache_clear()


def test_kernels_are_kept_in_the_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled_anew: None
) -> None:
    monkeypatch.setenv("BONAFIDE_CACHE", str(tmp_path / "cache"))
    kernels.load_kernels()
    assert any((tmp_path / "cache").rglob("*.nbc"))


def test_without_a_cache_kernels_are_compiled_for_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiled_anew: None
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BONAFIDE_CACHE", str(tmp_path / "file"))
    parent = np.arange(3)
    kernels.load_kernels().join(np.array([1]), np.array([2]), parent)
    assert parent.tolist() == [0, 1, 1]


def test_every_edge_stands_at_both_its_ends() -> None:
    near = neighbours(np.array([0, 0, 2]), np.array([1, 2, 3]), np.array([5, 6, 7]), 5)
    assert near.begins.tolist() == [0, 2, 3, 5, 6, 6]
    assert near.other.tolist() == [1, 2, 0, 0, 3, 2]
    assert near.weight.tolist() == [5, 6, 5, 6, 7, 7]
