"""`bonafide train --only merchants`: the merchants' card of a bundle fitted to a log, everything else left as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bonafide.apps.cli.engines import new_folder, open_engine
from bonafide.apps.cli.replay import bundle_folder, tell_unreadable
from bonafide.apps.cli.screen import progress_bar
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    from bonafide.lab.inputs import Mapping


def train_merchants(
    events: list[Path], out: Path, name: str, mapping: Mapping | None, now_ms: int | None, *, force: bool
) -> dict[str, Any]:
    """Write the named bundle with a merchants' card fitted to the log; what the fit came from.

    The card is the one that `bonafide train` writes for the same log. Raises UsageError where the bundle declares no
    inputs for it, or too few merchants were found out.
    """
    from bonafide.engine.bundle import load_bundle
    from bonafide.engine.bundles.files import read_sources
    from bonafide.lab.inputs import RejectWriter
    from bonafide.lab.train.graded_text import graded_text
    from bonafide.lab.train.graded_trial import fit_merchants
    from bonafide.lab.train.merchants import MERCHANT_TARGET
    from bonafide.lab.train.merchants_log import read_merchants
    from bonafide.lab.train.written import MERCHANT_SCORECARD, write_bundle

    source = bundle_folder(name)
    files = {path: content for path, content in read_sources(source).contents.items() if path != MERCHANT_SCORECARD}
    bundle = load_bundle(source)
    if not bundle.inputs.merchant_scorecard:
        raise UsageError(f"{name}: model/inputs.yaml declares no merchant_scorecard, so there is no card to fit")
    folder = new_folder(out, force=force)
    with RejectWriter() as rejects, progress_bar("Reading the log") as bar:
        log, last_ms = read_merchants(
            bundle, events, mapping, now_ms, rejects, open_engine, tell_unreadable,
            lambda chunk: bar(chunk.bytes_done, chunk.bytes_total),
        )  # fmt: skip
        refused = rejects.total
    fitted = fit_merchants(log, bundle.inputs.merchant_scorecard, last_ms)
    files[MERCHANT_SCORECARD] = graded_text(fitted, MERCHANT_TARGET).encode()
    write_bundle(folder, files, [path for path in read_sources(folder).contents if path not in files])
    return {
        "moments": fitted.rows, "found_out": fitted.bad, "base": fitted.graded.card.base,
        "inputs": [one.name for one in fitted.graded.card.inputs], "left_out": list(fitted.left_out),
        "doubles": fitted.scale.doubles, "refused": refused,
    }  # fmt: skip


def merchants_text(told: dict[str, Any], out: Path) -> str:
    """What was fitted, as people read it."""
    left = ", ".join(told["left_out"]) or "none"
    return (
        f"fitted to {told['moments']:,} moments of merchants; after {told['found_out']:g} of them they were found out\n"
        f"{len(told['inputs'])} inputs, left out: {left}; {told['doubles']:g} points more are twice the odds\n"
        f"bundle {out}; see {out / 'model' / 'merchant_scorecard.yaml'}"
    )
