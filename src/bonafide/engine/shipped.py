"""Where what ships with Bonafide lies: inside the installed package, or at the top of a checkout."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from bonafide.core.errors import ConfigError
from bonafide.core.text import did_you_mean
from bonafide.engine.bundle import Bundle, load_bundle

_PACKAGE: Final = Path(__file__).parent.parent
_CHECKOUT: Final = _PACKAGE.parent.parent


def shipped_folder(kind: str) -> Path:
    """The folder of shipped `bundles` or `mappings`."""
    packaged = _PACKAGE / f"_{kind}"
    return packaged if packaged.is_dir() else _CHECKOUT / kind


def find_bundle(name: str) -> Path:
    """The folder that a `--bundle` names: a path, or the name of a shipped bundle."""
    folder = Path(name)
    if folder.is_dir():
        return folder
    shipped = shipped_folder("bundles")
    if (shipped / name / "bundle.yaml").is_file() and "/" not in name:
        return shipped / name
    known = sorted(p.name for p in shipped.iterdir() if p.is_dir()) if shipped.is_dir() else []
    raise ConfigError(name, f"there is no such folder, and no shipped bundle of this name{did_you_mean(name, known)}")


@lru_cache(maxsize=8)
def shipped_bundle(name: str) -> Bundle:
    """A shipped bundle by its name."""
    return load_bundle(find_bundle(name))
