"""What a figure was measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from msgspec import Struct

LIBRARIES: Final = (
    "numpy", "numba", "msgspec", "polars", "duckdb", "river", "rule-engine", "zen-engine", "lightgbm", "xgboost-cpu",
)  # fmt: skip
BUSY_LOAD: Final = 0.6
"""Processes that run or wait before anything is measured: above it the machine has other work to do."""
_CPU_INFO: Final = Path("/proc/cpuinfo")


class Machine(Struct, frozen=True):
    """The processor, the system, and the versions of what was measured."""

    cpu: str
    cores: int
    load: float | None
    """Processes that ran or waited to run, on average over the last minute: how busy the machine was otherwise."""
    system: str
    python: str
    libraries: dict[str, str]

    @property
    def identity(self) -> tuple[str, int, str]:
        """What makes two runs those of one machine."""
        return self.cpu, self.cores, self.system

    @property
    def busy(self) -> bool:
        """Whether other work ran."""
        return self.load is not None and self.load > BUSY_LOAD

    def line(self) -> str:
        """Everything in one line."""
        load = "" if self.load is None else f", load {self.load:.1f}"
        libraries = ", ".join(f"{name} {number}" for name, number in self.libraries.items())
        return f"{self.cpu}, {self.cores} cores{load}; {self.system}; Python {self.python}; {libraries}"


def this_machine() -> Machine:
    """This machine, as it is now."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    found = {name: number for name in LIBRARIES if (number := installed(name)) is not None}
    system = f"{platform.system()} {platform.machine()}"
    return Machine(_cpu(), os.cpu_count() or 1, load, system, platform.python_version(), found)


def installed(library: str) -> str | None:
    """The version of a library; None where it is not installed."""
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _cpu() -> str:
    if _CPU_INFO.exists():
        for line in _CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
