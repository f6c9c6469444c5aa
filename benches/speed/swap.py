"""Another bundle for a running engine: other thresholds, and new features over what is already kept."""

from __future__ import annotations

import gc
import hashlib
import shutil
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np

from bonafide.core.moment import show_span
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.codes import READ
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import find_bundle, shipped_bundle
from bonafide.lab.columns import columns_of, kinds_of
from bonafide.lab.decision_rows import canonical_lines

from .bundles import SHIPPED
from .single import fill
from .stage import Bound, Measured, Ran, Side, Size, Stage
from .trade import Trade

THRESHOLD: Final = 3_000
NEW_RULE: Final = """
- id: R-MEASURED
  when: "type == 'payment' and amount >= {threshold} and {more}"
  typology: drain_the_line
  weight: 0.31
  reason: RC04
  source: "made for measuring"
"""
NEW_FEATURE: Final = "\n- {{name: measured, event: {event}, by: {by}, take: sum, of: {of}, over: {over}}}\n"
"""A sum over what a mean of the shipped bundle keeps already."""
VARIANTS: Final = {"rules": "user_payment_count_24h >= 2", "features": "measured >= 2000"}
"""What is new, and the condition of the rule that reads it."""


def new_feature() -> str:
    """The line to add to features.yaml."""
    found = (f for f in shipped_bundle(SHIPPED).features if f.take == "mean" and f.where is None and not f.completed)
    mean = next(f for f in found if f.over_ms is not None and len(f.by) == len(f.types) == 1)
    return NEW_FEATURE.format(event=mean.types[0], by=mean.by[0], of=mean.of, over=show_span(mean.over_ms or 0))


def make_inputs(folder: Path, size: Size) -> None:
    """The shipped bundle with one more rule, and with one more feature besides."""
    for name, more in VARIANTS.items():
        feature = new_feature() if name == "features" else ""
        shutil.copytree(find_bundle(SHIPPED), folder / name)
        shutil.rmtree(folder / name / "examples", ignore_errors=True)  # they tell what the shipped rules hit
        for file, text in (("features.yaml", feature), ("rules.yaml", NEW_RULE.format(more=more, threshold=THRESHOLD))):
            with (folder / name / file).open("a", encoding="utf-8") as told:
                told.write(text)


def run(variant: str, folder: Path, size: Size) -> Ran:
    """Swap with events in state, again and again; then compare with an engine that had the bundle from the start."""
    before, after = size["events in state"], size["events after"]
    trade = Trade(before + after)
    old = _alone(find_bundle(SHIPPED))
    begin = perf_counter()
    new = _alone(folder / variant)
    loading_ms = (perf_counter() - begin) * 1e3
    engine = _filled(old, trade, before)
    bundles, taken = _thresholds(folder / variant, size["swaps"]), []
    gc.collect()
    gc.freeze()  # as a server does once it has started
    for bundle in bundles:
        begin = perf_counter()
        engine.swap(bundle)
        taken.append((perf_counter() - begin) * 1e3)
    gc.unfreeze()
    engine.swap(new)
    swapped, first = _digest(engine, trade, before), _digest(_filled(new, trade, before), trade, before)
    told = _told(variant)
    return Ran(
        {told[0]: float(np.median(taken)), told[1]: max(taken), told[2]: loading_ms}, equal=swapped == first
    )  # fmt: skip


def _thresholds(folder: Path, count: int) -> list[Bundle]:
    """The bundle of a folder with so many other thresholds: whoever swaps has a bundle that was never there before."""
    rules = folder / "rules.yaml"
    text = rules.read_text(encoding="utf-8")
    found = []
    for number in range(1, count + 1):
        rules.write_text(text.replace(f">= {THRESHOLD} ", f">= {THRESHOLD + number} "), encoding="utf-8")
        found.append(_alone(folder))
    rules.write_text(text, encoding="utf-8")
    return found


def _alone(folder: Path) -> Bundle:
    """A bundle without its ladder: where people stand depends on what the bundle before decided, as it should."""
    return load_bundle(folder)._replace(ladder=None)


def _told(variant: str) -> tuple[str, str, str]:
    return f"{variant}, p50", f"{variant}, worst", f"{variant}: the new bundle read and checked, before"


def _filled(bundle: Bundle, trade: Trade, count: int) -> Engine:
    engine = Engine(bundle)
    fill(engine, trade, 0, count)
    return engine


def _digest(engine: Engine, trade: Trade, first: int) -> str:
    """Over all decisions on the rest of the trade."""
    digest = hashlib.sha256()
    for piece in trade.pieces(first, trade.length):
        part = trade.frame(*piece)
        how = np.full(part.height, READ, dtype=np.int64)
        batch = engine.decide_columns(kinds_of(part), columns_of(part), how)
        decided = batch.decided()
        for lines in canonical_lines(part[decided.row], decided, batch.templates):
            digest.update(lines)
    return digest.hexdigest()


def _side(variant: str) -> Side:
    p50, worst, loading = _told(variant)
    figures = {p50: Measured("ms"), worst: Measured("ms", target=Bound("<=", 50)), loading: Measured("ms")}
    return Side(partial(run, variant), figures)


STAGE: Final = Stage(
    "swap",
    f"another bundle for a running engine: the shipped bundle {SHIPPED} with one rule, or one feature and a rule, more",
    make_inputs,
    {variant: _side(variant) for variant in VARIANTS},
    {
        "quick": {"events in state": 20_000, "events after": 5_000, "swaps": 20},
        "normal": {"events in state": 1_000_000, "events after": 100_000, "swaps": 100},
    },
    rounds=1,
)
