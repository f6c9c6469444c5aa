"""The bundles that are proposed or have decided, kept by their hash: what was decided can be explained and replayed."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from threading import get_ident
from typing import Final

from bonafide.core.errors import StateError
from bonafide.engine.bundle import Bundle, load_bundle
from bonafide.engine.bundles.files import content_hash, read_sources
from bonafide.office.store.datadir import sync

BUNDLES: Final = "bundles"
_HASH: Final = re.compile("[0-9a-f]{64}")


def kept_folder(data: Path, content: str) -> Path:
    """The folder of a kept bundle, after every file of it was hashed. Raises StateError where it is not there, or is
    not the bundle of this hash any more."""
    kept = data / BUNDLES / content
    if not _HASH.fullmatch(content) or not kept.is_dir():
        raise StateError(f"{kept}: the bundle is not kept here; put it back from a backup")
    if content_hash(read_sources(kept).contents) != content:
        raise StateError(f"{kept}: this copy of a bundle was changed; put it back from a backup")
    return kept


def load_kept(data: Path, content: str) -> Bundle:
    """A kept bundle, which is the one of this hash. Raises what `kept_folder` and `load_bundle` raise."""
    bundle = load_bundle(kept_folder(data, content))
    if bundle.hash != content:  # changed between the two readings
        raise StateError(f"{data / BUNDLES / content}: this copy of a bundle was changed; put it back from a backup")
    return bundle


def keep_bundle(source: Path, data: Path, content: str) -> Path:
    """Copy a bundle's folder to where its hash names it, unless it is there already; returns that folder.

    Raises StateError where the folder is not, or no longer, the bundle of this hash.
    """
    kept = data / BUNDLES / content
    if kept.is_dir():
        if content_hash(read_sources(kept).contents) != content:
            raise StateError(f"{kept}: this copy of a bundle was changed; remove it, and start again")
        return kept
    files = read_sources(source).contents
    if content_hash(files) != content:
        raise StateError(f"{source}: the bundle changed while it was read; start again")
    return keep_files(files, data, content)


def keep_files(files: Mapping[str, bytes], data: Path, content: str) -> Path:
    """Write files, whose hash `content` is, to where it names them; whole and durable, or not at all."""
    kept = data / BUNDLES / content
    unfinished = data / BUNDLES / f".{content}.{os.getpid()}.{get_ident()}"
    shutil.rmtree(unfinished, ignore_errors=True)  # of a start that was cut short, whose process had the same number
    try:
        for name, text in files.items():
            path = unfinished / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
        # What a power cut left empty under the final name would have the next start refuse the bundle.
        for path in (*unfinished.rglob("*"), unfinished):
            sync(path)
        unfinished.rename(kept)
        sync(kept.parent)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not kept.is_dir():
            raise
    return kept
