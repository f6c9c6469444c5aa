"""A bundle before it is proposed: checked, its examples played, held against the one in force, and kept by its hash."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from bonafide.core.errors import ConfigError, UsageError
from bonafide.core.mistakes import show_mistakes
from bonafide.core.text import shorten
from bonafide.engine.bundle import Bundle, read_bundle
from bonafide.engine.bundles.check import examine_bundle
from bonafide.engine.bundles.diff import Change, diff_bundles
from bonafide.engine.bundles.files import CHALLENGER, FILES_MAX, Sources, read_sources
from bonafide.engine.bundles.harm import harm_between
from bonafide.engine.kernels import Kernels, load_kernels
from bonafide.engine.swap import SwapKind, swap_kind
from bonafide.office.bundles.kept import BUNDLES, keep_bundle, kept_folder

LINES_MAX: Final = 200
"""Changes and harms that a proposal lists; the diff of both folders shows all."""
LINE_LENGTH_MAX: Final = 200
UPLOAD_BYTES_MAX: Final = 6 << 20
"""Of all files of an upload together."""
NAME_BYTES_MAX: Final = 200


class Staged(NamedTuple):
    """A bundle that may be proposed."""

    hash: str
    name: str
    replaces: str
    """The bundle that it was held against."""
    changes: tuple[str, ...]
    harms: tuple[str, ...]
    """Why it may harm; empty where it cannot."""
    takes_over: SwapKind


def stage(folder: Path, data: Path, active: str, kernels: Callable[[], Kernels] = load_kernels) -> Staged:
    """Check a bundle's folder, play its examples, and keep a copy of it.

    Raises ConfigError with every mistake, UsageError where an example does not hold or there is none, or where it is in
    force already, and StateError where the kept copy of either is not what it was.
    """
    sources, bundle = _checked(folder, kernels)
    if bundle.hash == active:
        raise UsageError(f"{folder}: this bundle is in force already")
    found = compared(sources, bundle, data, active)
    keep_bundle(folder, data, bundle.hash)
    return found


def compared(sources: Sources, bundle: Bundle, data: Path, active: str) -> Staged:
    """A bundle that loads, held against the one in force. StateError where the kept copy of that is not what it was."""
    running = _read(kept_folder(data, active))
    changes = diff_bundles(running, (sources, bundle))
    harms = harm_between(running, (sources, bundle))
    kind = swap_kind(running[1], bundle)
    return Staged(bundle.hash, bundle.name, active, _lines(map(_line, changes)), _lines(harms), kind)


class Sent(NamedTuple):
    """A bundle as somebody sends it: whole, or what differs from one that is kept."""

    files: Mapping[str, str]
    """Path -> text."""
    binary: Mapping[str, str] = {}
    """Path -> base64, for what is no text."""
    base: str | None = None
    """The hash of the kept bundle that the files change; None where they are all there is."""
    removed: Sequence[str] = ()
    """Files of the base that are not in it."""


def stage_files(sent: Sent, data: Path, active: str, kernels: Callable[[], Kernels] = load_kernels) -> Staged:
    """The same for a bundle that was sent.

    Raises UsageError for all that is wrong with what was sent, also for what is no path in a bundle, or too much; it
    names no place on this machine.
    """
    with laid_out(sent, data) as made:
        try:
            return stage(made, data, active, kernels)
        except (UsageError, ConfigError) as error:
            told = error.message if isinstance(error, UsageError) else f"files: {error.message}"
            raise UsageError(told.replace(str(made), "files").replace(f"{data}/", "")) from None


@contextmanager
def laid_out(sent: Sent, data: Path) -> Iterator[Path]:
    """A folder with the files of a bundle that was sent, while it is looked at. UsageError as `stage_files` says."""
    contents = _contents(sent, data)
    (data / BUNDLES).mkdir(exist_ok=True)
    with TemporaryDirectory(dir=data / BUNDLES, prefix=".sent.") as made:
        for name, content in contents.items():
            path = Path(made) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        yield Path(made)


def _contents(sent: Sent, data: Path) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    if sent.base is not None:
        contents |= read_sources(kept_folder(data, sent.base)).contents
    elif sent.removed:
        raise UsageError("removed: say of which bundle with base")
    for name in sent.removed:
        if contents.pop(name, None) is None:
            raise UsageError(f"removed: {shorten(name)} is no file of the bundle that base names")
    contents |= {name: text.encode() for name, text in sent.files.items()}
    contents |= {name: _bytes(name, text) for name, text in sent.binary.items()}
    if len(contents) > FILES_MAX or sum(map(len, contents.values())) > UPLOAD_BYTES_MAX:
        raise UsageError(f"files: at most {FILES_MAX} files of {UPLOAD_BYTES_MAX >> 20} MiB together")
    for name in contents:
        parts = name.split("/")
        deepest = 3 if parts[0] == CHALLENGER else 2
        is_inside = any("/".join(parts[:depth]) in contents for depth in range(1, len(parts)))
        if len(parts) > deepest or not all(map(_is_name, parts)) or is_inside:
            raise UsageError(f"files: {shorten(name)} is no path of a bundle's file")
    return contents


def _is_name(part: str) -> bool:
    """Whether a part of a path may lie on any disk, and in this folder."""
    return 0 < len(part.encode()) <= NAME_BYTES_MAX and part[0] != "." and "\\" not in part and "\0" not in part


def _bytes(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UsageError(f"files: {shorten(name)} is not base64") from None


def _checked(folder: Path, kernels: Callable[[], Kernels]) -> tuple[Sources, Bundle]:
    checked = examine_bundle(folder, kernels)
    errors = [mistake for mistake in checked.sources.mistakes if mistake.severity == "error"]
    if errors or checked.bundle is None:
        told = show_mistakes(errors, checked.sources.texts)
        raise ConfigError(errors[0].path if errors else str(folder), told, None, tuple(errors))
    if not checked.results:
        raise UsageError(f"{folder}: has no examples; write some that show what it does before it is proposed")
    failed = [result for result in checked.results if not result.passed]
    if failed:
        raise UsageError(f"{folder}: the example {failed[0].name!r:.80} does not hold: {failed[0].message:.200}")
    return checked.sources, checked.bundle


def _read(folder: Path) -> tuple[Sources, Bundle]:
    sources, bundle = read_bundle(folder)
    sources.raise_mistakes()
    if bundle is None:
        raise ConfigError(str(folder), "cannot be read")
    return sources, bundle


def _line(change: Change) -> str:
    told = change.kind == "changed" and change.section in ("rules", "features")
    keys = f" ({', '.join(change.keys)})" if told else ""
    return f"{change.section}: {change.name} {change.kind}{keys}"


def _lines(found: object) -> tuple[str, ...]:
    lines = [str(line)[:LINE_LENGTH_MAX] for line in found]  # type: ignore[attr-defined]
    more = len(lines) - LINES_MAX
    return (*lines[:LINES_MAX], f"and {more} more") if more > 0 else tuple(lines)
