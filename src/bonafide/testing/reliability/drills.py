"""Every drill by its name, in the order in which they run."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Final

from bonafide.testing.reliability import crashes, damaged, disks, kept, pressure, stops
from bonafide.testing.reliability.result import Report, Row
from bonafide.testing.reliability.setting import Drill, Setting
from bonafide.testing.reliability.text import line

DRILLS: Final[dict[str, Drill]] = {
    drill.name: drill for module in (crashes, disks, damaged, pressure, stops, kept) for drill in module.DRILLS
}


def run_drill(drill: Drill, setting: Setting) -> Row:
    """One drill in a folder of its own, which is removed when it held; a drill that cannot be run here says why."""
    reason = drill.cannot()
    if reason:
        return Row(drill.name, "not run", skipped=reason)
    folder = setting.folder / drill.name
    folder.mkdir(parents=True)
    setting.tell(f"{drill.name}: seed {setting.seed}")
    began = perf_counter()
    row = drill.run(setting._replace(folder=folder))
    row.seconds = perf_counter() - began
    setting.tell(line(row))
    if row.passed:
        shutil.rmtree(folder)
    else:
        setting.tell(f"  what is left of it: {folder}")
        for note in row.notes:
            setting.tell(f"  {note}")
    return row


def run_drills(names: Sequence[str], setting: Setting, keep: Callable[[Report], None] = lambda report: None) -> Report:
    """Some drills, one after another; `keep` is given the report after each, since all of them take hours."""
    began = perf_counter()
    report = Report(_release(), _commit(), machine(), setting.seed, setting.sampled, [])
    for name in names:
        report.rows.append(run_drill(DRILLS[name], setting))
        report.seconds = perf_counter() - began
        keep(report)
    return report


def machine() -> str:
    """Processor, cores, system and Python in one line; no names of hosts."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        named = [
            one.split(":", 1)[1].strip() for one in info.read_text(encoding="utf-8").splitlines() if "model name" in one
        ]
        model = named[0] if named else model
    kernel = ".".join(platform.release().split(".")[:2])
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {kernel}, Python {platform.python_version()}"


def _release() -> str:
    try:
        return version("bonafide")
    except PackageNotFoundError:
        return "unreleased"


def _commit() -> str:
    """Of the checkout that this file lies in, with a plus when files differ from it; unknown outside of one."""
    here = Path(__file__).resolve().parent
    try:
        told = [
            subprocess.run(["git", *words], cwd=here, capture_output=True, text=True, check=True).stdout.strip()
            for words in (("rev-parse", "--short=12", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
        ]
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return told[0] + ("+" if told[1] else "")
