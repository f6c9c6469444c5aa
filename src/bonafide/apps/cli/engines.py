"""Bundles and engines for commands, with the notice that a first start deserves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bonafide.apps.cli.screen import stages_shown
from bonafide.core.errors import StateError, UsageError

if TYPE_CHECKING:
    from bonafide.engine.bundle import Bundle
    from bonafide.engine.engine import Engine
    from bonafide.engine.kernels import Kernels

SECRET_HEX_DIGITS = 32


def ready_kernels() -> Kernels:
    """The kernels; where they are not compiled yet, says so and shows progress."""
    from bonafide.engine.kernels import are_compiled, load_kernels

    if are_compiled():
        return load_kernels()
    with stages_shown("Compiling kernels, once on this machine (about 20 s)") as stage:
        return load_kernels(stage)


def open_bundle(name: str) -> Bundle:
    """The bundle that `--bundle` names."""
    from bonafide.engine.bundle import load_bundle
    from bonafide.engine.shipped import find_bundle

    return load_bundle(find_bundle(name))


def open_alone(name: str) -> Bundle:
    """The same of a bundle beside which nothing is tried: what works on one set of rules cannot say whose it means."""
    return need_alone(open_bundle(name), name)


def need_alone(bundle: Bundle, name: str) -> Bundle:
    """Raises UsageError where something is tried beside a bundle."""
    if bundle.trial is not None:
        told = f"{name}: {bundle.trial.challenger.name} is tried beside it; name the champion or the challenger alone"
        raise UsageError(told)
    return bundle


def open_engine(bundle: Bundle, secret: bytes | None = None) -> Engine:
    """An engine for a bundle; without a secret it takes the one of runs that keep nothing."""
    from bonafide.engine.engine import DEFAULT_SECRET, Engine

    return Engine(bundle, secret=secret or DEFAULT_SECRET, kernels=ready_kernels())


def read_secret(text: str | None) -> bytes | None:
    """The 16 bytes that `--secret` gave in hex; None when it was not given."""
    if text is None:
        return None
    try:
        secret = bytes.fromhex(text)
    except ValueError:
        secret = b""
    if len(secret) * 2 != SECRET_HEX_DIGITS:
        raise UsageError(f"--secret: give {SECRET_HEX_DIGITS} hex digits (16 bytes)")
    return secret


def secret_of(text: str | None, file: Path | None) -> bytes | None:
    """The secret that `--secret` or `--secret-file` gave; None where neither was given."""
    if file is None:
        return read_secret(text)
    if text is not None:
        raise UsageError("--secret-file: give this or --secret, not both")
    try:
        found = file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise UsageError(f"--secret-file {file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        found = ""
    try:
        return read_secret(found)
    except UsageError:
        raise UsageError(f"--secret-file {file}: holds no {SECRET_HEX_DIGITS} hex digits") from None


def new_folder(out: Path, *, force: bool) -> Path:
    """The folder of `--out`: made, or refused when something is in it and `--force` was not given."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: this is a file; name a folder")
    if out.is_dir() and any(out.iterdir()) and not force:
        raise UsageError(f"--out {out}: the folder is not empty; name another, or add --force to write into it")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(f"--out {out}: cannot be made: {error.strerror}; name another folder") from None
    return out
