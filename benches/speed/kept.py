"""Earlier runs: kept as JSON in the cache folder, the latest few, and found again by machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec

from .machine import Machine
from .report import FORM, Report

RUNS_KEPT: Final = 20


def plain(report: Report) -> Any:
    """A run as plain values."""
    return msgspec.to_builtins(report)


def write(report: Report, path: Path) -> None:
    """Write a run as JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def read(path: Path) -> Report:
    """A run that was kept; ValueError in one sentence where the file is none."""
    try:
        report = msgspec.json.decode(path.read_bytes(), type=Report)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a file of `bonafide bench --out` ({error})") from None
    if report.form != FORM:
        raise ValueError(f"{path}: written in form {report.form}, and this version reads form {FORM}")
    return report


def keep(report: Report, folder: Path) -> Path:
    """Keep a run in a folder, and remove the oldest beyond RUNS_KEPT."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = report.at.replace(":", "").replace("+0000", "Z")
    path = folder / f"{stem}.json"
    write(report, path)
    for old in sorted(folder.glob("*.json"))[:-RUNS_KEPT]:
        old.unlink(missing_ok=True)
    return path


def previous(folder: Path, machine: Machine, stages: set[str]) -> Report | None:
    """The latest kept run of a machine that measured any of these stages; files that cannot be read are passed over."""
    for path in sorted(folder.glob("*.json"), reverse=True):
        try:
            report = read(path)
        except (ValueError, OSError):
            continue
        if report.machine.identity == machine.identity and stages & {stage.name for stage in report.stages}:
            return report
    return None
