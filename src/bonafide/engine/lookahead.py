"""Looking ahead: ask for the memory that coming events will need, so that it is there when their turn comes.

A key's index slot, row and ring lie anywhere in memory, and each waits for the one before. While one event is worked
on, the keys of the event KEYS_AHEAD places later are hashed and their slots asked for, the rows of the one ROWS_AHEAD
later, and the ring entries of the one RINGS_AHEAD later. Nothing is changed and no answer depends on it.
"""

from __future__ import annotations

from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from bonafide.engine.arena import FAMILIES_MAX, LINE
from bonafide.engine.features.layout import (
    F_ENTRY, F_ROW_WORDS, F_STRIDE, F_WINDOWS, P_FAMILIES, P_FAMILY, ROW_CAPACITY, ROW_HEAD,
)  # fmt: skip
from bonafide.engine.features.segments import entry_of, tail_of
from bonafide.engine.index import S_SLOTS, SLOTS, find, segment_of
from bonafide.engine.kernel import inner

KEYS_AHEAD: Final = 12
ROWS_AHEAD: Final = 8
RINGS_AHEAD: Final = 4
AHEAD: Final = 16
"""Events whose hashes and rows are remembered: a power of two above KEYS_AHEAD."""
AHEAD_WORDS: Final = AHEAD * FAMILIES_MAX * 2
ROW_LINES_MAX: Final = 12
"""Cache lines of a row that are asked for."""


@intrinsic
def ask(typing_context: Any, memory: Any, index: Any) -> Any:
    """Ask for the cache line of memory[index], to be read soon (llvm.prefetch); never faults."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = builder.gep(arguments[0], [arguments[1]])
        byte = builder.bitcast(address, ir.IntType(8).as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [byte.type, *[ir.IntType(32)] * 3])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [byte, *(ir.Constant(ir.IntType(32), value) for value in (0, 3, 1))])
        return context.get_dummy_value()

    return types.void(memory, index), generate


@inner
def ask_slot(mem, ix, h, width):
    """Ask for an index's slot of a hash."""
    ask(mem, segment_of(mem, ix, h) + S_SLOTS + (h & (SLOTS - 1)) * width)


@inner
def ask_rows(mem, plan, ix, width, hashes, rows):
    """Ask for the rows of an event's keys; rows[f] is 0 where there is none yet."""
    for family in range(plan[P_FAMILIES]):
        rows[family] = 0
        if hashes[family] != 0:
            slot = find(mem, ix, hashes[family], width)
            if slot:
                row = mem[slot + 1]
                rows[family] = row
                words = plan[plan[P_FAMILY] + family * F_STRIDE + F_ROW_WORDS]
                for line in range(min(words // LINE, ROW_LINES_MAX)):
                    ask(mem, row + line * LINE)


@inner
def ask_rings(mem, plan, rows):
    """Ask for the entries at the head and at every tail of the rings of an event's keys."""
    for family in range(plan[P_FAMILIES]):
        row = rows[family]
        if row != 0 and mem[row + ROW_CAPACITY] != 0:
            fam = plan[P_FAMILY] + family * F_STRIDE
            width = plan[fam + F_ENTRY]
            ask(mem, entry_of(mem, row, mem[row + ROW_HEAD], width))
            for w in range(plan[fam + F_WINDOWS]):
                ask(mem, entry_of(mem, row, tail_of(mem, plan, fam, row, w), width))
