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
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from bonafide.core.fields import FIELDS, TYPE_CODE, WORDS

try:
    from bonafide.engine.parts import PartCompiler, WholeCompiler, once_for_all_constants
except ImportError:  # a numba that it does not know
    PartCompiler = WholeCompiler = None  # type: ignore[assignment, misc]

# Without numba's runtime (_nrt) arrays are not reference-counted: two atomic instructions less for each call, which
# took 40 % of the time. The price: kernels cannot make arrays; all they need is handed to them.
_SETTINGS: Final = {"nogil": True, "error_model": "numpy", "_nrt": False}
_INNER: Final = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, **_SETTINGS}


def inner_by_numba(function: Callable[..., Any]) -> Any:
    """An inner function as numba alone compiles it, which takes three times as long."""
    return numba.njit(**_INNER)(function)


def inner_as_part(function: Callable[..., Any]) -> Any:
    """An inner function as a part of the entry points that call it; bonafide.engine.parts tells how and why."""
    return once_for_all_constants(numba.njit(pipeline_class=PartCompiler, **_INNER)(function))


inner: Final = inner_by_numba if PartCompiler is None else inner_as_part
"""An inner function of a kernel: compiled into the entry points that call it."""

_ENGINE: Final = Path(__file__).parent
_NUMBERS: Final = ("codes.py", "features/layout.py", "funds/layout.py", "rules/operations.py", "trees/layout.py")
"""Modules without kernels whose constants are compiled into kernels; the schema's places and codes are, too."""
_MAKERS: Final = ("kernel.py", "parts.py")
"""Modules that say how kernels are compiled."""


# Inside kernels arrays are handed on as pointers: an array is seven arguments to every call, and each access asks
# whether its index counts from the end. Entry points take arrays and pass pointers down.


@intrinsic
def pointer(_context: Any, array: Any) -> Any:
    """The address of an array's first element; `pointer(a)[i]` reads and writes without any check."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), generate


@intrinsic
def shift(_context: Any, address: Any, count: Any) -> Any:
    """The address `count` elements further on."""

    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.gep(arguments[0], [arguments[1]])

    return address(address, types.int64), generate


@intrinsic(prefer_literal=True)
def room(_context: Any, count: Any) -> Any:
    """Room for `count` floats, a constant, on the stack; its content is unknown, and it is gone when the function that
    asked for it returns."""
    if not isinstance(count, types.IntegerLiteral):
        return None  # numba goes on to say that it finds no such function

    def generate(context: Any, builder: Any, _signature: Any, _arguments: Any) -> Any:
        return cgutils.alloca_once(builder, context.get_value_type(types.float64), size=count.literal_value)

    return types.CPointer(types.float64)(count), generate


@intrinsic
def copy_bytes(_context: Any, to: Any, text: Any, count: Any) -> Any:
    """Copy so many bytes from one address to another; the two do not overlap."""

    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        cgutils.raw_memcpy(builder, arguments[0], arguments[1], arguments[2], 1)
        return cgutils.true_bit

    return types.boolean(to, text, types.int64), generate


def source_stamp() -> str:
    """16 hex digits that change with whatever is compiled into kernels, and with what compiles it for which CPU."""
    schema = [(f.name, f.place, f.kind) for f in FIELDS.values()], TYPE_CODE, WORDS
    digest = hashlib.sha256(
        f"{numba.__version__} {llvmlite.__version__} {np.__version__} {platform.python_version()} "
        f"{llvmlite.binding.get_host_cpu_name()} {schema}".encode()
    )
    for path in sorted(_ENGINE.rglob("*.py")):
        source = path.read_bytes()
        if b"engine.kernel import" in source or path.relative_to(_ENGINE).as_posix() in (*_NUMBERS, *_MAKERS):
            digest.update(source)
    return digest.hexdigest()[:16]


def entry(signature: Any, cache_folder: Path) -> Callable[[Callable[..., Any]], Any]:
    """Compile an entry point eagerly, or load it from `cache_folder` when it was compiled before."""

    def compile_now(function: Callable[..., Any]) -> Any:
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(cache_folder)
        try:
            made = numba.njit(signature, cache=True, pipeline_class=WholeCompiler, **_SETTINGS)(function)
        finally:
            numba.config.CACHE_DIR = before
        return _alone(made)

    return compile_now


def _alone(made: Any) -> Callable[..., Any]:
    """The one version of an entry point. Called through numba's dispatcher each call would first find out which version
    fits, some 0.1 us an argument; this one looks at types only as it takes them, and refuses others just so."""
    (version,) = made.overloads.values()
    return version.entry_point  # type: ignore[no-any-return]
