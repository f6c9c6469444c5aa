"""Trees in a file: numpy's npz without pickle, the same bytes for the same trees, every index checked on the way in."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bonafide.core.errors import ConfigError
from bonafide.engine.trees.arrays import MalformedError, Nodes, Trees, assemble, nodes_of_trees

_NAMES: Final = "names"
_KINDS: Final = {**dict.fromkeys(Nodes._fields, np.dtype("<f8")), "words": np.dtype("<i8"), _NAMES: np.dtype("u1")}
"""The arrays of a file. `names` are UTF-8, a zero byte between two."""
_DAMAGED: Final = (OSError, ValueError, EOFError, KeyError, TypeError, MemoryError, RuntimeError,
                   SyntaxError, struct.error, zipfile.BadZipFile)  # fmt: skip
"""What zipfile and numpy raise at bytes that they cannot read."""


def to_npz(trees: Trees) -> bytes:
    """The content of a file that holds these trees; the same for the same trees."""
    nodes = nodes_of_trees(trees)
    names = np.frombuffer("\0".join(trees.names).encode(), dtype=np.uint8)
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **nodes._asdict(), **{_NAMES: names})
    return file.getvalue()


def from_npz(content: bytes, path: str = "model.npz") -> Trees:
    """The trees of a file, which answer without leaving their arrays. Raises ConfigError for anything else."""
    try:
        arrays = _read(content)
        names = arrays.pop(_NAMES).tobytes().decode().split("\0")
        return assemble(Nodes(**arrays), names)
    except MalformedError as e:
        raise ConfigError(path, str(e)) from None
    except _DAMAGED:
        raise ConfigError(path, "no file of trees; let bonafide train write it anew") from None


def _read(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of the file, of the kinds that belong there; whatever is wrong is raised as something of _DAMAGED."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        members = file.zip.infolist()
        # What is packed could be a thousand times larger than the file.
        if any(member.compress_type != zipfile.ZIP_STORED or member.file_size > len(content) for member in members):
            raise ValueError("packed")
        if sorted(member.filename for member in members) != sorted(f"{name}.npy" for name in _KINDS):
            raise ValueError("other arrays")
        arrays = {name: file[name] for name in _KINDS}
    if any(array.dtype != _KINDS[name] or array.ndim != 1 for name, array in arrays.items()):
        raise ValueError("other kinds")
    return arrays
