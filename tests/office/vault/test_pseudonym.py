"""The office's pseudonyms are the engine's hashes, with the same secret, for every id."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bonafide.engine.bundle import load_bundle
from bonafide.engine.engine import Engine
from bonafide.engine.kernels import load_kernels
from bonafide.engine.siphash import HashKey
from bonafide.office.vault.pseudonym import pseudonym_of, siphash
from tests.engine.tiny import TINY

IDS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1, max_size=128)
VECTORS = {0: 0x726FDB47DD0E0E31, 1: 0x74F839C593DC67FD, 7: 0xAB0200F58B01D137, 8: 0x93F5F5799A932462,
           15: 0xA129CA6149BE45E5, 63: 0x958A324CEB064572}  # fmt: skip


@pytest.mark.parametrize("length", VECTORS)
def test_the_authors_vectors(length: int) -> None:
    assert siphash(bytes(range(length)), bytes(range(16))) == VECTORS[length]


def engines_hash(subject_id: str, key: HashKey) -> int:
    out = np.zeros((1, 1), dtype=np.int64)
    load_kernels().hash_texts(subject_id.encode() + b"\0", out, 0, key)
    return int(out[0, 0])


@given(subject_id=IDS, secret=st.binary(min_size=16, max_size=16))
@example(subject_id="u1", secret=bytes(16))
@example(subject_id="店" * 42, secret=bytes(range(16)))
def test_they_are_the_engines(subject_id: str, secret: bytes) -> None:
    key = np.frombuffer(secret, dtype="<u8")
    assert pseudonym_of(subject_id, secret) == engines_hash(subject_id, key)


def test_an_engine_made_with_the_secret_has_that_key() -> None:
    secret = bytes(range(100, 116))
    engine = Engine(load_bundle(TINY), secret=secret)
    assert engines_hash("u1", engine.state.bound.key) == pseudonym_of("u1", secret)
