"""The entry points that Python calls, compiled once per machine and loaded from a cache folder afterwards."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from numba import types

from bonafide.core.fields import FIELDS, NO_PERSON, WORD_CODE
from bonafide.engine.kernel import entry, inner, pointer, shift, source_stamp
from bonafide.engine.rules.machine import run
from bonafide.engine.siphash import hash_bytes, hash_personal

Progress = Callable[[str, int, int], None]
Made = TypeVar("Made")
_COMPLETE: Final = "complete"
STAMPS_KEPT: Final = 3
"""Cache folders of earlier sources that are kept, newest first."""
SUBJECT_TYPE: Final = FIELDS["subject_type"].place
SUBJECT_ID: Final = FIELDS["subject_id"].place
EVENT: Final = WORD_CODE[NO_PERSON]
"""Of a subject that is an event the id is no personal text, and never a token."""


def cache_folder() -> Path:
    """Where compiled kernels lie: $BONAFIDE_CACHE, else $XDG_CACHE_HOME/bonafide, else ~/.cache/bonafide.

    The only thing the engine asks its environment; what is compiled does not depend on it.
    """
    given = os.environ.get("BONAFIDE_CACHE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "bonafide"


@inner
def _write_hash(texts, begin, end, row, place, personal, k0, k1):
    if end > begin:
        if personal and not (place == SUBJECT_ID and row[SUBJECT_TYPE] == EVENT):
            row[place] = hash_personal(texts, begin, end, k0, k1)
        else:
            row[place] = hash_bytes(texts, begin, end, k0, k1)


def hash_texts(texts, out, place, key):
    """Hash the parts of `texts` (bytes, divided by zero bytes) into column `place` of `out`; empty parts are left.

    Returns the number of parts, which the caller compares with the rows it meant to fill.
    """
    rows, width = out.shape
    return _hash_parts(pointer(texts), len(texts), pointer(out), rows, width, place, 0, key[0], key[1])


def hash_personal_texts(texts, out, place, key):
    """The same for a personal field: a part that is a token is the hash that it says. The types of subjects are in
    `out` already."""
    rows, width = out.shape
    return _hash_parts(pointer(texts), len(texts), pointer(out), rows, width, place, 1, key[0], key[1])


@inner
def _hash_parts(texts, size, out, rows, width, place, personal, k0, k1):
    begin, i = 0, 0
    for at in range(size):
        if texts[at] == 0:
            if i < rows:
                _write_hash(texts, begin, at, shift(out, i * width), place, personal, k0, k1)
            begin = at + 1
            i += 1
    if i < rows:
        _write_hash(texts, begin, size, shift(out, i * width), place, personal, k0, k1)
    return i + 1


def evaluate(code, words, row, answers, registers):
    """Run a program over one event: its row of ROW_WIDTH words and its answers. The registers (fresh ones of the
    program) hold every value afterwards."""
    for i in range(answers.size):
        registers[i] = answers[i]
    run(pointer(code), 0, code.shape[0], pointer(words), pointer(row), pointer(registers))


class Kernels(NamedTuple):
    """The compiled entry points."""

    hash_texts: Callable[..., int]
    hash_personal_texts: Callable[..., int]
    read_pack: Callable[..., int]
    write_tokens: Callable[..., int]
    write_answers: Callable[..., None]
    pack_numbers: Callable[..., None]
    open_state: Callable[..., None]
    evaluate: Callable[..., None]
    walk: Callable[..., int]


_BYTES: Final = types.Bytes(types.uint8, 1, "C", readonly=True)
"""Whatever holds bytes in one piece: `bytes` go in as they are."""
_LINE: Final = types.int64[::1]
_TABLE: Final = types.int64[:, ::1]
_FLOATS: Final = types.float64[::1]
_KEY: Final = types.Array(types.uint64, 1, "C", readonly=True)
_STAGES: Final = (
    ("hashing", types.int64(_BYTES, _TABLE, types.int64, _KEY)),
    ("hashing with tokens", types.int64(_BYTES, _TABLE, types.int64, _KEY)),
    ("reading", types.int64(_LINE, _BYTES, _TABLE, _KEY)),
    ("writing tokens", types.int64(_LINE, _BYTES, _TABLE, _LINE, types.uint8[::1], _LINE, _LINE, _TABLE, _TABLE)),
    (
        "writing answers",
        types.void(
            *(_BYTES, _TABLE, _TABLE, _LINE, _BYTES, _TABLE),
            *(types.uint8[::1], _LINE, types.uint8[::1], _LINE, types.uint32[::1]),
        ),
    ),
    ("packing numbers", types.void(_FLOATS, _LINE, _LINE, types.uint8[::1], _LINE)),
    ("indexes", types.void(_LINE)),
    ("conditions", types.void(_TABLE, _LINE, _LINE, _FLOATS, _FLOATS)),
    (
        "windows, funds and rules",
        types.int64(
            *(_LINE, _LINE, _TABLE, _LINE, _FLOATS, _LINE),
            *(_TABLE, _LINE, types.float64[:, ::1], _TABLE, _LINE),
        ),
    ),
)


def are_compiled() -> bool:
    """Whether `load_kernels` will find everything in the cache."""
    return (cache_folder() / source_stamp() / _COMPLETE).exists()


def load_kernels(progress: Progress | None = None) -> Kernels:
    """Compile what is not in the cache (tens of seconds, once per machine) and load the rest (about half a second).

    `progress` is told the name of each stage before it begins, its number from 0 and the number of stages. Where two
    processes start at once, the second waits for the first; what is there already waits for nobody, such as one that
    compiles more beside. Where the cache cannot be written, the kernels are compiled for this process alone.
    """
    if not _loaded:
        _loaded.append(_load(progress))
    return _loaded[0]


_loaded: Final[list[Kernels]] = []


def _load(progress: Progress | None) -> Kernels:
    def compile_all(folder: Path) -> Kernels:
        kernels = _compile(folder, progress)
        (folder / _COMPLETE).touch()
        return kernels

    folder = cache_folder() / source_stamp()
    if are_compiled() and os.access(folder, os.W_OK):  # numba loads from where it might write
        with suppress(OSError):  # gone meanwhile: compile them anew
            return compile_all(folder)
    return _in_cache(compile_all)


def compile_alone(functions: Sequence[tuple[Any, Callable[..., Any]]]) -> list[Any]:
    """Entry points besides those of `Kernels`, each with its signature, for what only some processes do; they lie in
    the same cache."""
    return _in_cache(lambda folder: [entry(signature, folder)(function) for signature, function in functions])


def _in_cache(make: Callable[[Path], Made]) -> Made:
    """What is made in the cache folder of these sources, one process at a time, or in a folder of its own where that
    cannot be written."""
    folder = cache_folder() / source_stamp()
    try:
        _make_room(folder)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return make(folder)
    except OSError:
        with tempfile.TemporaryDirectory(prefix="bonafide-kernels-") as alone:
            return make(Path(alone))


def _compile(folder: Path, progress: Progress | None) -> Kernels:
    from bonafide.engine.basis import pack_numbers
    from bonafide.engine.bodies import write_answers
    from bonafide.engine.packed import read_pack
    from bonafide.engine.pseudonyms import write_tokens
    from bonafide.engine.walk import open_state, walk

    functions: tuple[Any, ...] = (
        *(hash_texts, hash_personal_texts, read_pack, write_tokens, write_answers, pack_numbers),
        *(open_state, evaluate, walk),
    )
    made: list[Any] = []
    for number, ((name, signature), function) in enumerate(zip(_STAGES, functions, strict=True)):
        if progress is not None:
            progress(name, number, len(_STAGES))
        made.append(entry(signature, folder)(function))
    return Kernels(*made)


def _make_room(folder: Path) -> None:
    """Make the cache folder, and remove those of older sources beyond STAMPS_KEPT."""
    folder.mkdir(parents=True, exist_ok=True)
    others = [p for p in folder.parent.iterdir() if p != folder and (p / _COMPLETE).exists()]
    for old in sorted(others, key=lambda p: (p / _COMPLETE).stat().st_mtime, reverse=True)[STAMPS_KEPT - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
