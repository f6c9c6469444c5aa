"""A bundle to play the ladder with: what hits is written into the event, so that any history can be told."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import yaml

from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.bundles.rules import TYPOLOGIES
from bonafide.engine.shipped import find_bundle
from bonafide.testing.ladder.twin import LadderTwin

SHIPPED: Final = "paylater"
_HEAD: Final = "name: playground\ncurrency: CNY\nzone: '+08:00'\npurpose: [contract]\nlateness: 30d\n"
_FEATURES: Final = (
    "- {name: user_verdicts, event: verdict, by: user_id, take: count, where: \"label == 'cash_out'\", over: 90d}\n"
)
_POLICY: Final = """
outcomes:
  [{from: 0, outcome: allow}, {from: 0.3, outcome: warn}, {from: 0.6, outcome: verify}, {from: 0.9, outcome: hold}]
risk_levels: [{from: 0, level: low}, {from: 0.6, level: high}]
hold_for: 24h
"""
HEARSAY: Final = "S-TOLD"
"""A rule that repeats what verdicts said; it hits payments with this traffic source."""


@cache
def shipped_ladder() -> str:
    """The text of the shipped ladder.yaml."""
    return (find_bundle(SHIPPED) / "ladder.yaml").read_text(encoding="utf-8")


@cache
def brisk_ladder() -> str:
    """The shipped ladder with short terms, short episodes and nothing that limits hardness: what rarely happens under
    the shipped one happens often."""
    ladder: dict[str, Any] = copy.deepcopy(yaml.safe_load(shipped_ladder()))
    ladder["counts_for"] = {"suspected": "2d", "corroborated": "5d", "confirmed": "12d", "adjudicated": "30d"}
    ladder["partner"]["measure"] = "notice"
    for kind in ("user", "merchant"):
        ladder[kind]["episode"] = "2h"
        ladder[kind]["from"] = "warn"
        ladder[kind]["limits"] = [{"at_most": "refer"}]
    ladder["user"]["steps"] = [
        {"offences": {"to": 1}, "grade": ["suspected", "corroborated"], "measure": "notice"},
        {"offences": {"to": 1}, "grade": ["confirmed", "adjudicated"], "measure": "freeze_credit"},
        {"offences": {"from": 2}, "outcome": ["allow", "warn"], "measure": "freeze_credit"},
        {"offences": {"from": 2}, "outcome": ["verify", "hold", "decline"], "measure": "refer"},
    ]
    return yaml.safe_dump(ladder, sort_keys=False, allow_unicode=True)


def write_playground(folder: Path, ladder: str | None) -> Path:
    """Write the bundle; `ladder` is the text of its ladder.yaml, None: none."""
    reasons = (find_bundle(SHIPPED) / "reasons.yaml").read_text(encoding="utf-8")
    files = {
        "bundle.yaml": _HEAD, "features.yaml": _FEATURES, "policy.yaml": _POLICY, "reasons.yaml": reasons,
        "rules.yaml": yaml.safe_dump(_rules(), sort_keys=False),
    }  # fmt: skip
    if ladder is not None:
        files["ladder.yaml"] = ladder
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@cache
def playground(ladder: str | None) -> Bundle:
    """The bundle, read."""
    with TemporaryDirectory(prefix="bonafide-playground-") as folder:
        return load_bundle(write_playground(Path(folder) / "bundle", ladder))


def twin_of(ladder: str) -> LadderTwin:
    """The twin of the bundle's ladder."""
    return LadderTwin(yaml.safe_load(ladder), typologies(), (HEARSAY,))


@cache
def typologies() -> dict[str, str]:
    """The typology of each rule of the playground."""
    return {rule["id"]: rule["typology"] for rule in _rules()}


def hits(typology: str, more: str | None = None, *, strict: str | None = None) -> Mapping[str, str]:
    """The fields of a payment that is found by a rule of this typology, and by another; `strict` makes the outcome
    verify or hold instead of warn."""
    told = {
        "category": typology,
        "traffic_source": more,
        "goods": {"verify": "virtual", "hold": "service"}.get(strict or ""),
    }
    return {name: value for name, value in told.items() if value is not None}


def _rules() -> list[dict[str, Any]]:
    common = {"reason": "RC04", "source": "the playground"}
    found = [
        {"id": f"{mark}-{name.upper().replace('_', '-')}", "when": f"type == 'payment' and {field} == '{name}'",
         "typology": name, "weight": 0.35, **common}
        for mark, field in (("C", "category"), ("T", "traffic_source")) for name in TYPOLOGIES
    ]  # fmt: skip
    for mark, goods, weight in (("V", "virtual", 0.55), ("H", "service", 0.9)):
        found += [
            {"id": f"{mark}-{name.upper().replace('_', '-')}",
             "when": f"type == 'payment' and category == '{name}' and goods == '{goods}'",
             "typology": name, "weight": weight, **common}
            for name in TYPOLOGIES
        ]  # fmt: skip
    when = "type == 'payment' and traffic_source == 'told' and user_verdicts >= 0"
    return [*found, {"id": HEARSAY, "when": when, "typology": "broker_ring", "weight": 0.35, **common}]
