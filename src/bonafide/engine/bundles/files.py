"""The files of a bundle: which belong to it, their content hash, and every mistake found in them so far."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from bonafide.core.errors import ConfigError
from bonafide.core.mistakes import Mistake, Severity, show_mistakes
from bonafide.core.text import did_you_mean, shorten
from bonafide.engine.rules.source import Document, Place, read_yaml_with_places
from bonafide.engine.bundles.shapes import fit

FILE_BYTES_MAX: Final = 8 * 2**20
FILES_MAX: Final = 1_000
NEEDED: Final = ("bundle.yaml", "features.yaml", "rules.yaml", "policy.yaml", "reasons.yaml")
OPTIONAL: Final = ("ladder.yaml", "education.yaml")
"""What a bundle may have."""
MODEL_FILES: Final = (
    "inputs.yaml", "model.npz", "model.txt", "calibration.yaml", "scorecard.yaml", "merchant_scorecard.yaml",
    "card.md", "card.html",
)  # fmt: skip
BESIDE: Final = ("README.md", "NOTICE")
"""What is for people only."""
LISTS: Final = "lists"
FOLDERS: Final = {LISTS: (".txt", ".yaml"), "examples": (".yaml",), "model": ("",)}
"""The folders of a bundle, and how the names of their files end."""
CHALLENGER: Final = "challenger"
"""The folder of a whole bundle that is on trial beside the one it lies in."""

_LIST_NAME: Final = re.compile("[a-z][a-z0-9_]{0,63}")
T = TypeVar("T")


class Sources:
    """A bundle's files by relative path, as they were read, and what is wrong with them."""

    def __init__(self, contents: dict[str, bytes]) -> None:
        self.contents = contents
        self.mistakes: list[Mistake] = []
        self._documents: dict[str, Document | None] = {}

    def note(
        self, code: str, message: str, name: str, place: Place | None = None, *, help_: str | None = None,
        severity: Severity = "error", subject: str | None = None,
    ) -> None:  # fmt: skip
        """Keep one mistake."""
        mistake = Mistake(code, message, name, help=help_, severity=severity, subject=subject)
        if place is not None:
            mistake = mistake._replace(line=place.line, column=place.column, width=place.width)
        self.mistakes.append(mistake)

    def document(self, name: str) -> Document | None:
        """A YAML file with its places, read once; None where it is absent or no YAML, which is then noted."""
        if name not in self._documents:
            self._documents[name] = self._read(name)
        return self._documents[name]

    def _read(self, name: str) -> Document | None:
        if name not in self.contents:
            self.note("missing-file", "the bundle has no such file", name)
            return None
        try:
            return read_yaml_with_places(self.contents[name], name)
        except ConfigError as error:
            self.mistakes += error.mistakes or (Mistake("syntax", error.message, name),)
            return None

    def fit(self, name: str, kind: type[T]) -> T | None:
        """A YAML file as a struct (or a dict of structs); None where it does not fit, which is then noted."""
        document = self.document(name)
        if document is None:
            return None
        value, mistakes = fit(document, kind, name)
        self.mistakes += mistakes
        return value

    def has(self, folder: str) -> bool:
        """Whether there is any file in a folder."""
        return any(name.startswith(f"{folder}/") for name in self.contents)

    def inside(self, folder: str) -> Sources:
        """The files of a folder as a bundle of their own, with mistakes of their own."""
        begin = f"{folder}/"
        return Sources(
            {name.removeprefix(begin): text for name, text in self.contents.items() if name.startswith(begin)}
        )

    def note_all(self, folder: str, inner: Sources) -> None:
        """Keep the mistakes of a folder's bundle as mistakes of this one."""
        self.mistakes += [mistake._replace(path=f"{folder}/{mistake.path}") for mistake in inner.mistakes]

    @property
    def texts(self) -> dict[str, str]:
        """The files that a mistake stands in, as text."""
        named = dict.fromkeys(mistake.path for mistake in self.mistakes)
        read = {name: self._documents.get(name) for name in named if name in self.contents}
        return {
            name: document.text if document else self.contents[name].decode("utf-8", "replace")
            for name, document in read.items()
        }

    def raise_mistakes(self) -> None:
        """ConfigError with everything noted, where anything was."""
        if self.mistakes:
            first = min(self.mistakes, key=lambda m: (m.path, m.line or 0, m.column or 0))
            raise ConfigError(first.path, show_mistakes(self.mistakes, self.texts), None, tuple(self.mistakes))


def content_hash(files: dict[str, bytes]) -> str:
    """SHA-256, hex, over the sorted relative paths and contents, each preceded by its length in eight bytes."""
    digest = hashlib.sha256()
    for path in sorted(files):
        for part in (path.encode(), files[path]):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def read_sources(folder: Path) -> Sources:
    """The files of a bundle's folder; hidden ones (whose names begin with a dot) do not count.

    What does not belong is noted. Raises ConfigError where there is no such folder.
    """
    if not folder.is_dir():
        raise ConfigError(str(folder), "there is no such folder, and no shipped bundle of this name")
    sources = Sources({})
    found = _files_of(folder, sources)
    if _is_folder(folder / CHALLENGER):
        found += _files_of(folder / CHALLENGER, sources, f"{CHALLENGER}/")
    if len(found) > FILES_MAX:
        sources.note("out-of-range", f"{len(found)} files; a bundle has at most {FILES_MAX}", "bundle.yaml")
        return sources
    home = folder.resolve()
    for name in sorted(found):
        path = folder / name
        fault = _fault_of(path, home)
        if fault:
            sources.note("file", fault, name)
        else:
            sources.contents[name] = path.read_bytes()
    return sources


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _files_of(folder: Path, sources: Sources, before: str = "") -> list[str]:
    """The paths of a bundle's files, each begun with `before`; what else is there is noted."""
    found = list(_entries_of(folder, sources, before))
    for inner in FOLDERS:
        if _is_folder(folder / inner):
            found += _entries_of(folder / inner, sources, before, inner)
    return found


def _entries_of(folder: Path, sources: Sources, before: str, inner: str = "") -> Iterator[str]:
    """The paths of one folder's files that belong to a bundle; what else is there is noted."""
    folders = (*FOLDERS,) if before else (*FOLDERS, CHALLENGER)
    for name in sorted(os.listdir(folder)):
        if name.startswith("."):
            continue
        path = f"{before}{inner}/{name}" if inner else f"{before}{name}"
        if not _is_utf8(path):
            sources.note("file", "the name of the file is not UTF-8 in NFC", ascii(path)[1:-1])
        elif inner:
            fault = _fault_inside(inner, name, (folder / name).is_dir())
            if fault:
                sources.note("unknown-file", fault, path)
            yield from () if fault else (path,)
        elif name in folders and _is_folder(folder / name):
            continue
        elif name in folders and (folder / name).is_file():
            sources.note("unknown-file", f"is a file; a bundle has a folder {name}/", path)
        elif name in {*NEEDED, *BESIDE, *OPTIONAL, *folders}:
            yield path
        elif name == CHALLENGER:
            sources.note("unknown-file", "a challenger has no challenger of its own", path)
        else:
            known = [*NEEDED, *OPTIONAL, *(f"{f}/" for f in folders), *BESIDE]
            near = did_you_mean(name, known) or f"; a bundle has {', '.join(known)}"
            sources.note("unknown-file", f"unknown file{near}", shorten(path))


def _fault_inside(inner: str, name: str, is_folder: bool) -> str | None:
    """Why an entry of a bundle's inner folder is none of its files."""
    ending = next((one for one in FOLDERS[inner] if name.endswith(one)), None)
    if is_folder:
        return f"unknown folder; {inner}/ has files only"
    if ending is None:
        return f"unknown file; a file of {inner}/ ends in {' or '.join(FOLDERS[inner])}"
    if inner == "model" and name not in MODEL_FILES:
        near = did_you_mean(name, MODEL_FILES) or f"; model/ has {', '.join(MODEL_FILES)}"
        return f"unknown file{near}"
    if inner == LISTS and not _LIST_NAME.fullmatch(name.removesuffix(ending)):
        return "the name of a list has small letters, digits and _ only, at most 64, and begins with a letter"
    return None


def _fault_of(path: Path, home: Path) -> str | None:
    """Why a path is no file to read; a link may point to another file of the folder."""
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return "a link that leads nowhere"
    if not real.is_relative_to(home):
        return "a link that leaves the bundle's folder; put the file itself there"
    if not real.is_file():
        return "is no plain file"
    if real.stat().st_size > FILE_BYTES_MAX:
        return f"a file of a bundle has at most {FILE_BYTES_MAX >> 20} MiB"
    return None


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return unicodedata.is_normalized("NFC", name)


def read_yaml(content: bytes, name: str) -> Any:
    """A YAML document's value; ConfigError with line and column when it is none."""
    return read_yaml_with_places(content, name).value
