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

# Without numba's runtime (_nrt) arrays are not reference-counted: two atomic instructions less for each call, which
# took 40 % of the time. The price: kernels cannot make arrays; all they need is handed to them.
_SETTINGS: Final = {"nogil": True, "error_model": "numpy", "_nrt": False}
inner: Final[Any] = numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **_SETTINGS)
"""An inner function of a kernel: compiled into the entry points that call it."""

_ENGINE: Final = Path(__file__).parent


def source_stamp() -> str:
    """16 hex digits that change with any engine source, and with the versions and the CPU it compiles for."""
    digest = hashlib.sha256(
        f"{numba.__version__} {llvmlite.__version__} {np.__version__} {platform.python_version()} "
        f"{llvmlite.binding.get_host_cpu_name()}".encode()
    )
    for path in sorted(p for p in _ENGINE.rglob("*.py") if b"engine.kernel import" in p.read_bytes()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def entry(signature: Any, cache_folder: Path) -> Callable[[Callable[..., Any]], Any]:
    """Compile an entry point eagerly, or load it from `cache_folder` when it was compiled before."""

    def compile_now(function: Callable[..., Any]) -> Any:
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(cache_folder)
        try:
            return numba.njit(signature, cache=True, **_SETTINGS)(function)
        finally:
            numba.config.CACHE_DIR = before

    return compile_now
