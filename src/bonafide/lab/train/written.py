"""A trained bundle on disk: the files of the bundle that it stands on, and the model."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from bonafide.engine.trees.files import to_npz
from bonafide.engine.trees.lightgbm_text import read_lightgbm
from bonafide.lab.train.calibrate import Calibration
from bonafide.lab.train.pu import Model

TEXT, ARRAYS, CALIBRATION = "model/model.txt", "model/model.npz", "model/calibration.yaml"
CARD, PAGE, SCORECARD = "model/card.md", "model/card.html", "model/scorecard.yaml"
MERCHANT_SCORECARD = "model/merchant_scorecard.yaml"
_WHOLE_MAX: Final = 2.0**53
MADE: Final = (TEXT, ARRAYS, CALIBRATION, CARD, PAGE, SCORECARD, MERCHANT_SCORECARD)
"""What training writes into a bundle."""


def model_files(model: Model, calibration: Calibration) -> dict[str, bytes]:
    """The model as text and as arrays, and its calibration, by their paths in a bundle."""
    text = model.trees.text()
    return {
        TEXT: text.encode(),
        ARRAYS: to_npz(read_lightgbm(text)),
        CALIBRATION: calibration_yaml(model.start.rules_weight, calibration).encode(),
    }


def calibration_yaml(rules_weight: float, calibration: Calibration) -> str:
    """The file that says how a margin becomes a chance; numbers are written so that they are read as they were."""
    knots = zip(calibration.margins.tolist(), calibration.chances.tolist(), strict=True)
    lines = [f"  - [{yaml_number(margin)}, {yaml_number(chance)}]" for margin, chance in knots]
    return "\n".join([
        "# margin = leaves of the trees + rules_weight * evidence; a score is read off the line through the knots.",
        f"rules_weight: {yaml_number(rules_weight)}", "knots:", *lines, "",
    ])  # fmt: skip


def yaml_number(value: float) -> str:
    """A number as YAML reads it back to the bit: its exponents need a dot before them."""
    if value.is_integer() and abs(value) < _WHOLE_MAX:
        return str(int(value))
    mantissa, mark, exponent = repr(value).partition("e")
    return f"{mantissa}{'' if '.' in mantissa else '.0'}{mark}{exponent}" if mark else mantissa


def write_bundle(folder: Path, files: dict[str, bytes], stale: list[str]) -> None:
    """Write a bundle's files into a folder; `stale` are files of a bundle before it that it no longer has."""
    for name in stale:
        (folder / name).unlink(missing_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
