"""Bundles that are made for measuring: the shipped one's settings, policy and texts with other features and rules."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, Final

import yaml

from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.compiled import compile_bundle
from bonafide.engine.shipped import find_bundle

SHIPPED: Final = "paylater"
_KEPT: Final = ("bundle.yaml", "policy.yaml", "reasons.yaml")


def make_bundle(folder: Path, features: list[dict[str, Any]], rules: list[dict[str, Any]]) -> Path:
    """Write a bundle of these features and rules into a new folder."""
    folder.mkdir(parents=True)
    for name in _KEPT:
        shutil.copy(find_bundle(SHIPPED) / name, folder / name)
    for name, told in (("features.yaml", features), ("rules.yaml", rules)):
        (folder / name).write_text(yaml.safe_dump(told, allow_unicode=True, sort_keys=False, width=1_000))
    return folder


def rule(number: int, when: str, weight: float = 0.01) -> dict[str, Any]:
    """A rule of a made bundle."""
    return {
        "id": f"R-{number:03}", "when": when, "typology": "drain_the_line", "weight": weight, "reason": "RC04",
        "source": "made for measuring",
    }  # fmt: skip


def open_made(folder: Path) -> Bundle:
    """Read a made bundle as every other is read."""
    return load_bundle(folder)


def without_model(bundle: Bundle) -> Bundle:
    """A bundle as it would be if its rules alone gave the score."""
    scheme = bundle.compiled.scheme._replace(model_inputs=(), input_reasons=(), trees=None, knots=())
    return bundle._replace(compiled=compile_bundle(bundle.features, bundle.conditions, bundle.settings, scheme=scheme))
