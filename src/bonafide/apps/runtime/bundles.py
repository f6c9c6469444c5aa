"""The bundles that have decided, kept beside the journal: what was decided can be explained and replayed later."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from bonafide.core.errors import StateError
from bonafide.engine.bundles.files import content_hash, read_sources


def keep_bundle(source: Path, data: Path, content: str) -> Path:
    """Copy a bundle's folder to where its hash names it, unless it is there already; returns that folder.

    Raises StateError where the folder is not, or no longer, the bundle of this hash.
    """
    kept = data / "bundles" / content
    if kept.is_dir():
        if content_hash(read_sources(kept).contents) != content:
            raise StateError(f"{kept}: this copy of a bundle was changed; remove it, and start again")
        return kept
    files = read_sources(source).contents
    if content_hash(files) != content:
        raise StateError(f"{source}: the bundle changed while it was read; start again")
    unfinished = data / "bundles" / f".{content}.{os.getpid()}"
    shutil.rmtree(unfinished, ignore_errors=True)  # of a start that was cut short, whose process had the same number
    try:
        for name, text in files.items():
            path = unfinished / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
        # What a power cut left empty under the final name would have the next start refuse the bundle.
        for path in (*unfinished.rglob("*"), unfinished):
            _sync(path)
        unfinished.rename(kept)
        _sync(kept.parent)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not kept.is_dir():
            raise
    return kept


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
