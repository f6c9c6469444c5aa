"""How inner functions of kernels are compiled: each once, as a part of the entry points that call it.

Left to itself, numba gives every function a library of its own: it links all that the function calls into it, optimises
the whole and makes machine code. A kernel is hundreds of small functions, and Python calls five of them: nearly all of
that is thrown away, and most of it is done once more at each level of calls. Here an inner function stops at LLVM's
language. An entry point gathers its parts, each once, and is optimised as a whole that nobody calls into: LLVM drops
arguments that it finds constant or unused, and compiles what is called from one place into that place.

numba does not promise to keep what this leans on. Importing this module fails where a name is missing; then
`bonafide.engine.kernel` leaves inner functions to numba: the same answers, and three times as long to compile.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
from numba import _dynfunc, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder, Flags
from numba.core.compiler_machinery import LoweringPass, register_pass
from numba.core.dispatcher import Dispatcher
from numba.core.typed_passes import NativeLowering

for _owner, _name in (
    (JITCodeLibrary, "finalize"), (JITCodeLibrary, "_finalized"), (JITCodeLibrary, "add_linking_library"),
    (JITCodeLibrary, "_optimize_final_module"), (Flags, "no_compile"), (Dispatcher, "get_call_template"),
    (_dynfunc, "make_function"),
):  # fmt: skip
    if not hasattr(_owner, _name):
        raise ImportError(f"numba has no {_owner.__name__}.{_name}")


class Part(JITCodeLibrary):  # type: ignore[misc]  # numba has no types
    """The code of one inner function, neither linked nor optimised as a whole nor made into machine code."""

    def __init__(self, codegen: Any, name: str) -> None:
        super().__init__(codegen, name)
        self.needs: dict[Any, None] = {}
        """The libraries of all that it calls, directly or not, in the order in which they were met."""

    def add_linking_library(self, library: Any) -> None:
        """Remember a library for the entry point."""
        self.needs[library] = None

    def finalize(self) -> None:
        """Leave the code as it is."""
        self._finalized = True


class Whole(JITCodeLibrary):  # type: ignore[misc]  # numba has no types
    """The code of one entry point and of all its parts."""

    def _optimize_final_module(self) -> None:
        """Keep the parts to itself, then optimise; numba's way leaves each callable for other libraries."""
        for function in self._final_module.functions:
            if function.linkage == llvm.Linkage.linkonce_odr and not function.is_declaration:
                function.linkage = "internal"
        super()._optimize_final_module()


@register_pass(mutates_CFG=False, analysis_only=False)
class OfferPart(LoweringPass):  # type: ignore[misc]  # numba has no types
    """Tells numba how callers link an inner function: its own part and those of all that it calls."""

    _name = "offer_part"

    def __init__(self) -> None:
        super().__init__()

    def run_pass(self, state: Any) -> bool:
        """Offer the part that was made; numba knows it by a function that Python never calls."""
        if any(isinstance(kind, types.RecursiveCall) for kind in state.typemap.values()):
            raise TypeError(f"{state.func_id.func_qualname}: functions of kernels do not call themselves")
        lowered, part = state.cr, state.library
        described = lowered.fndesc
        known = _dynfunc.make_function(described.lookup_module(), described.qualname, "", 0, lowered.env, (part,))
        state.targetctx.insert_user_function(known, described, [part, *part.needs])
        state.cr = lowered._replace(cfunc=known)
        return True


class PartCompiler(CompilerBase):  # type: ignore[misc]  # numba has no types
    """What numba does with a function, ending in a part instead of machine code."""

    def define_pipelines(self) -> list[Any]:
        """The usual passes, and the offer after the one that makes the code."""
        state = self.state
        state.library = Part(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        passes = DefaultPassBuilder.define_nopython_pipeline(state)
        passes.add_pass_after(OfferPart, NativeLowering)
        passes.finalize()
        return [passes]


class WholeCompiler(CompilerBase):  # type: ignore[misc]  # numba has no types
    """What numba does with a function, into a library that keeps its parts to itself."""

    def define_pipelines(self) -> list[Any]:
        """The usual passes."""
        state = self.state
        state.library = Whole(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return [DefaultPassBuilder.define_nopython_pipeline(state)]


def once_for_all_constants(made: Any) -> Any:
    """Make a compiled function see the types of its arguments only.

    numba would compile it anew for each constant that it is called with. Where one is worth knowing, LLVM sees it when
    it compiles the function into its caller's place.
    """
    ask = made.get_call_template

    def ask_for_types(arguments: Any, named: Any) -> Any:
        return ask([types.unliteral(a) for a in arguments], {n: types.unliteral(a) for n, a in named.items()})

    made.get_call_template = ask_for_types
    return made
