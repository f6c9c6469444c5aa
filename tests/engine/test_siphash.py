"""SipHash-2-4 against its authors' vectors: key 00 01 .. 0f, message 00 01 .. of each length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import types

from bonafide.engine.kernels import load_kernels
from bonafide.engine.siphash import ABSENT, finish, hash_bytes
from tests.engine.kit import SECRET, compiled

KEY = np.frombuffer(SECRET, dtype="<u8")
VECTORS = (
    0x726FDB47DD0E0E31, 0x74F839C593DC67FD, 0x0D6C8009D9A94F5A, 0x85676696D7FB7E2D, 0xCF2794E0277187B7,
    0x18765564CD99A68D, 0xCBC9466E58FEE3CE, 0xAB0200F58B01D137, 0x93F5F5799A932462, 0x9E0082DF0BA9E4B0,
    0x7A5DBBC594DDB9F3, 0xF4B32F46226BADA7, 0x751E8FBC860EE5FB, 0x14EA5627C0843D90, 0xF723CA908E7AF2EE,
    0xA129CA6149BE45E5,
)  # fmt: skip
"""Of the messages of 0 to 15 bytes (Aumasson and Bernstein, 2012, appendix A and the reference implementation)."""


def run_hash(data, begin, end, k0, k1):
    return hash_bytes(data, begin, end, k0, k1)


def run_finish(v0, v1, v2, v3):
    return finish(v0, v1, v2, v3)


@pytest.fixture(scope="module")
def hash_of() -> Any:
    data = types.Array(types.uint8, 1, "C", readonly=True)
    return compiled(types.int64(data, types.int64, types.int64, types.uint64, types.uint64), run_hash)


@pytest.mark.parametrize("length", range(len(VECTORS)))
def test_the_authors_vectors(hash_of: Any, length: int) -> None:
    data = np.arange(length + 1, dtype=np.uint8)
    data.flags.writeable = False
    assert hash_of(data, 0, length, *KEY) % 2**64 == VECTORS[length]


def test_a_hash_does_not_depend_on_where_the_bytes_stand(hash_of: Any) -> None:
    data = np.frombuffer(b"xxx" + bytes(range(15)) + b"y", dtype=np.uint8)
    assert hash_of(data, 3, 18, *KEY) % 2**64 == VECTORS[15]


def test_texts_are_hashed_one_by_one_and_empty_ones_left_absent() -> None:
    out = np.full((4, 2), ABSENT)
    texts = b"\x01\x02\0\0abc\0\x01\x02"
    assert load_kernels().hash_texts(texts, out, 1, KEY) == 4
    assert (out[:, 0] == ABSENT).all()
    assert out[1, 1] == ABSENT
    assert out[0, 1] == out[3, 1] != out[2, 1]


def test_more_texts_than_rows_are_counted_and_not_written() -> None:
    out = np.full((2, 1), ABSENT)
    assert load_kernels().hash_texts(b"a\0b\0c\0d", out, 0, KEY) == 4
    assert load_kernels().hash_texts(b"a", out, 0, KEY) == 1


def test_no_hash_stands_for_an_absent_field_or_an_empty_slot() -> None:
    """Whatever the four words come to: 0 and the mark of absence both become 1."""
    run = compiled(types.int64(*[types.uint64] * 4), run_finish)
    words = np.random.default_rng(3).integers(0, 2**64, (1_000, 4), dtype=np.uint64)
    assert not {0, int(ABSENT)} & {run(*row) for row in words}
