"""The libraries that fit models: loaded when a model is fitted, and never by what decides."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from bonafide.core.errors import UsageError

_INSTALL = "training needs {name}, which is not installed: pip install 'bonafide[train]'"
_LIBGOMP = "training needs lightgbm, which cannot be loaded because the system has no libgomp: apt install libgomp1"


def lightgbm() -> Any:
    """The module; UsageError with the way out where it is missing or cannot be loaded."""
    return _loaded("lightgbm")


def sklearn(part: str) -> Any:
    """A module of scikit-learn; UsageError with the way out where it is missing."""
    return _loaded(f"sklearn.{part}")


def _loaded(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        told = "scikit-learn" if name.startswith("sklearn") else name
        missing = told if (error.name or name) in name else f"{told} and {error.name}"
        raise UsageError(_INSTALL.format(name=missing)) from None
    except OSError as error:
        told = _LIBGOMP if "gomp" in str(error) else f"training needs {name}, which cannot be loaded: {error}"
        raise UsageError(told) from None
