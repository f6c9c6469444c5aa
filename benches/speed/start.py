"""From nothing to the first output: whole processes, with what a first use compiled already in the cache."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from .stage import Bound, Measured, Ran, Side, Size, Stage, no_inputs, same_path

_COMMAND_LINE: Final = "from bonafide.apps.cli import main; main()"
_FIRST_DECISION: Final = """
from bonafide.core.events import Payment
from bonafide.engine.engine import Engine
from bonafide.engine.shipped import shipped_bundle
payment = Payment(event_id="p", time=1, user_id="u", merchant_id="m", order_id="o", amount=1, currency="CNY")
print(Engine(shipped_bundle("paylater")).decide_one(payment).outcome)
"""
_LOAD: Final = """
from time import perf_counter
begin = perf_counter()
from bonafide.engine.kernels import load_kernels
load_kernels()
print(perf_counter() - begin)
"""
_TO_OUTPUT: Final = {
    "bonafide --help": (_COMMAND_LINE, "--help"),
    "bonafide bundle show": (_COMMAND_LINE, "bundle", "show"),
    "a first decision from Python": (_FIRST_DECISION,),
}
KERNELS: Final = "of it, compiled kernels and what loads them"
COMPILE: Final = "compiling the kernels, once on a machine"


def run(folder: Path, size: Size) -> Ran:
    """Start each a few times; the median is told."""
    figures = {name: median(_to_output(*words) for _ in range(size["starts"])) for name, words in _TO_OUTPUT.items()}
    figures[KERNELS] = median(float(_output(_LOAD)) for _ in range(size["starts"]))
    if size["compilations"]:
        with TemporaryDirectory(dir=folder) as cache:
            begin = perf_counter()
            _output(_LOAD, {"BONAFIDE_CACHE": cache})
            figures[COMPILE] = perf_counter() - begin
    return Ran(figures)


def _to_output(program: str, *words: str) -> float:
    """Seconds until a process has written its first byte."""
    begin = perf_counter()
    command = [sys.executable, "-c", program, *words]
    with subprocess.Popen(command, env=_environment(), stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = process.stdout.read(1)
        seconds = perf_counter() - begin
        process.stdout.read()
    if not first or process.returncode != 0:
        raise RuntimeError(f"{' '.join(words) or 'the example'} ended with {process.returncode}")
    return seconds


def _output(program: str, settings: Mapping[str, str] | None = None) -> str:
    command = [sys.executable, "-c", program]
    environment = {**_environment(), **(settings or {})}
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": same_path()}


_SECOND: Final = Bound("<=", 1)
STAGE: Final = Stage(
    "start",
    "from nothing to the first output",
    no_inputs,
    {
        "engine": Side(
            run,
            {
                "bonafide --help": Measured("s", target=_SECOND),
                "bonafide bundle show": Measured("s", target=_SECOND),
                "a first decision from Python": Measured("s", target=_SECOND),
                KERNELS: Measured("s"),
                COMPILE: Measured("s", target=Bound("<=", 30)),
            },
        )
    },
    {"quick": {"starts": 1, "compilations": 0}, "normal": {"starts": 5, "compilations": 1}},
    rounds=1,
)
