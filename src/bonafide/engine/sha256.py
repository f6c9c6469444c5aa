"""SHA-256 of many short texts at once, inside kernels: LANES of them side by side, a lane of the processor's vectors
each.

Python's own takes a microsecond a text, nearly all of it for making the object that hashes. The instructions are told
to LLVM as operations on vectors, which it has for every processor; none is asked for what it may not have.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from bonafide.engine.kernel import inner

LANES: Final = 8
"""Texts side by side."""
BLOCK: Final = 64
"""Bytes that are taken in at a time."""
DIGEST_WORDS: Final = 8
_END_BYTES: Final = 9
"""What stands behind a text at least: a bit, and its length."""
_ROUNDS: Final = 64
_WORD: Final = ir.IntType(32)
_VECTOR: Final = ir.VectorType(_WORD, LANES)
_MASK: Final = 2**32 - 1


def _roots() -> tuple[list[int], list[int]]:
    """The standard's constants: 32 bits behind the point of the square roots of the first primes, which a digest begins
    with, and of their cube roots, one for each round."""
    primes = [n for n in range(2, 312) if all(n % d for d in range(2, int(n**0.5) + 1))][:_ROUNDS]
    return [_root(p << 64, 2) & _MASK for p in primes[:DIGEST_WORDS]], [_root(p << 96, 3) & _MASK for p in primes]


def _root(value: int, power: int) -> int:
    """The largest whole number whose power is not above a value."""
    low, high = 0, 1 << 64
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**power <= value else (low, middle - 1)
    return low


_BEGINNING, _OF_ROUND = _roots()
_FIRST: Final = tuple(np.uint32(word) for word in _BEGINNING)


class _Rounds:
    """Writes down the instructions of one block."""

    def __init__(self, builder: Any) -> None:
        self._builder = builder
        self._turn = _built_in(builder, "fshr", 3)

    def all(self, state: list[Any], words: list[Any]) -> list[Any]:
        """The state after a block of sixteen words."""
        add, xor, both = self._builder.add, self._builder.xor, self._builder.and_
        words = list(words)
        a, b, c, d, e, f, g, h = state
        for number, constant in enumerate(_OF_ROUND):
            if number >= len(state) * 2:
                words.append(self._next_word(words))
            chosen = xor(g, both(e, xor(f, g)))
            told = add(add(h, self._turned(e, 6, 11, 25)), add(chosen, add(words[number], _every(constant))))
            most = xor(both(a, xor(b, c)), both(b, c))
            a, b, c, d, e, f, g, h = add(told, add(self._turned(a, 2, 13, 22), most)), a, b, c, add(d, told), e, f, g
        return [add(old, new) for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True)]

    def _next_word(self, words: list[Any]) -> Any:
        add, xor, drop = self._builder.add, self._builder.xor, self._builder.lshr
        early, late = words[-15], words[-2]
        low = xor(xor(self._turn_by(early, 7), self._turn_by(early, 18)), drop(early, _every(3)))
        high = xor(xor(self._turn_by(late, 17), self._turn_by(late, 19)), drop(late, _every(10)))
        return add(add(words[-16], low), add(words[-7], high))

    def _turned(self, value: Any, *by: int) -> Any:
        first, second, third = (self._turn_by(value, bits) for bits in by)
        return self._builder.xor(self._builder.xor(first, second), third)

    def _turn_by(self, value: Any, bits: int) -> Any:
        return self._builder.call(self._turn, [value, value, _every(bits)])


def _built_in(builder: Any, name: str, takes: int) -> Any:
    """An operation of LLVM's own on vectors."""
    kind = ir.FunctionType(_VECTOR, [_VECTOR] * takes)
    return cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}.v{LANES}i32")


def _every(value: int) -> Any:
    """The same number in every lane."""
    return ir.Constant(_VECTOR, [value] * LANES)


@intrinsic
def _take_blocks(_context: Any, state: Any, text: Any, places: Any) -> Any:
    """Take one block into each lane: state is DIGEST_WORDS times LANES words, and `places` say where in the text each
    lane's block begins."""

    def generate(_target: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        """The lanes' words, their bytes turned round, then all rounds."""
        kept, bytes_, begins = arguments
        kept = builder.bitcast(kept, _VECTOR.as_pointer())
        blocks = [
            builder.bitcast(builder.gep(bytes_, [builder.load(builder.gep(begins, [_at(lane)]))]), _WORD.as_pointer())
            for lane in range(LANES)
        ]
        swap = _built_in(builder, "bswap", 1)
        words = []
        for number in range(BLOCK // 4):
            word = ir.Constant(_VECTOR, ir.Undefined)
            for lane, block in enumerate(blocks):
                loaded = builder.load(builder.gep(block, [_at(number)]), align=1)
                word = builder.insert_element(word, loaded, ir.Constant(_WORD, lane))
            words.append(builder.call(swap, [word]))
        slots = [builder.gep(kept, [_at(number)]) for number in range(DIGEST_WORDS)]
        before = [builder.load(slot, align=4) for slot in slots]
        for slot, value in zip(slots, _Rounds(builder).all(before, words), strict=True):
            builder.store(value, slot, align=4)
        return cgutils.get_null_value(_target.get_value_type(types.int64))

    return types.int64(state, text, places), generate


def _at(number: int) -> Any:
    return ir.Constant(ir.IntType(64), number)


@inner
def padded_length(length):
    """How many bytes a text of this length takes with what stands behind it."""
    return (length + _END_BYTES + BLOCK - 1) // BLOCK * BLOCK


@inner
def begin_lanes(state):
    """What digests begin with, in every lane."""
    for lane in range(LANES):
        for number, word in enumerate(_FIRST):
            state[LANES * number + lane] = word


@inner
def pad(text, begin, length):
    """Write behind a text what SHA-256 wants there; returns how many blocks it takes with that."""
    end = begin + padded_length(length)
    text[begin + length] = 0x80
    for at in range(begin + length + 1, end - 8):
        text[at] = 0
    for i in range(8):
        text[end - 1 - i] = (8 * length >> 8 * i) & 0xFF
    return (end - begin) // BLOCK


@inner
def take_blocks(state, text, places):
    """Take one block into each lane: state is DIGEST_WORDS times LANES words, and `places` say where in the text each
    lane's block begins."""
    _take_blocks(state, text, places)


@inner
def put_digest(state, lane, out, to):
    """Write the digest of a lane as 64 hex digits."""
    for number in range(DIGEST_WORDS):
        word = np.int64(state[LANES * number + lane])
        for i in range(8):
            digit = (word >> (28 - 4 * i)) & 15
            out[to + 8 * number + i] = digit + (48 if digit < 10 else 87)
