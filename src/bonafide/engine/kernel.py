"""How kernels are made: one decorator for inner functions, one for entry points, one cache keyed by their source.

numba's own cache looks only at the file of the function it caches, not at the files of what that function calls. So
the cache folder is named by a hash over every engine source and the versions of what compiles it: whoever changes a
kernel compiles once, and nobody ever runs a stale one.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import llvmlite.binding
import numba
import numpy as np
from numba.cpython import slicing

from bonafide.core.fields import FIELDS, TYPE_CODE, WORDS

# Without numba's runtime (_nrt) arrays are not reference-counted: two atomic instructions less for each call, which
# took 40 % of the time. The price: kernels cannot make arrays; all they need is handed to them.
_SETTINGS: Final = {"nogil": True, "error_model": "numpy", "_nrt": False}
inner: Final[Any] = numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_SETTINGS)
"""An inner function of a kernel: compiled into the entry points that call it."""

_ENGINE: Final = Path(__file__).parent
_NUMBERS: Final = ("codes.py", "features/layout.py")
"""Modules without kernels whose constants are compiled into kernels; the schema's places and codes are, too."""


def _plain_index(_builder: Any, index: Any, _size: Any) -> Any:
    """An index as it is. Kernels never count from the end, and asking at each access whether they do took a third
    of the time. (numba.cpython.slicing.fix_index counts negative indexes from the end, as Python does.)"""
    return index


def source_stamp() -> str:
    """16 hex digits that change with whatever is compiled into kernels, and with what compiles it for which CPU."""
    schema = [(f.name, f.place, f.kind) for f in FIELDS.values()], TYPE_CODE, WORDS
    digest = hashlib.sha256(
        f"{numba.__version__} {llvmlite.__version__} {np.__version__} {platform.python_version()} "
        f"{llvmlite.binding.get_host_cpu_name()} {schema}".encode()
    )
    for path in sorted(_ENGINE.rglob("*.py")):
        source = path.read_bytes()
        if b"engine.kernel import" in source or path.relative_to(_ENGINE).as_posix() in _NUMBERS:
            digest.update(source)
    return digest.hexdigest()[:16]


def entry(signature: Any, cache_folder: Path) -> Callable[[Callable[..., Any]], Any]:
    """Compile an entry point eagerly, or load it from `cache_folder` when it was compiled before."""

    def compile_now(function: Callable[..., Any]) -> Any:
        before, fix_index = numba.config.CACHE_DIR, slicing.fix_index
        numba.config.CACHE_DIR = str(cache_folder)
        slicing.fix_index = _plain_index
        try:
            return numba.njit(signature, cache=True, **_SETTINGS)(function)
        finally:
            numba.config.CACHE_DIR, slicing.fix_index = before, fix_index

    return compile_now
