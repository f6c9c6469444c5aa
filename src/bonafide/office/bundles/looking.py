"""Looking at bundles without changing anything: the texts of one that is kept, and what a proposal would be told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from bonafide.core.errors import ConfigError, UsageError
from bonafide.core.mistakes import SHOWN_MAX, Mistake, show_mistakes
from bonafide.engine.bundle import Bundle, read_bundle
from bonafide.engine.bundles.check import examine_bundle
from bonafide.engine.bundles.examples import ExampleResult
from bonafide.engine.bundles.files import CHALLENGER, Sources
from bonafide.engine.bundles.rules import RULES
from bonafide.engine.kernels import Kernels, load_kernels
from bonafide.office.bundles.kept import kept_folder
from bonafide.office.bundles.staging import Sent, Staged, compared, laid_out

TEXT_BYTES_MAX: Final = 256 << 10
"""Of a file whose text is shown: what people write is far shorter, a model is not."""
RULES_SHOWN_MAX: Final = 2_000


class RuleShown(NamedTuple):
    """A rule and where it stands."""

    id: str
    typology: str
    weight: float
    effect: str
    reason: str
    file: str
    line: int


class Texts(NamedTuple):
    """A kept bundle as people read it."""

    name: str
    files: dict[str, str]
    others: dict[str, int]
    """Path -> bytes, of files that are no text or too long to be shown."""
    rules: tuple[RuleShown, ...]


class Looked(NamedTuple):
    """What a proposal of these files would be told."""

    hash: str | None
    """None where it does not load."""
    mistakes: tuple[Mistake, ...]
    """Errors before warnings, at most SHOWN_MAX."""
    examples: tuple[ExampleResult, ...]
    staged: Staged | None
    """What it changes and whom that may harm; None where it does not load."""

    @property
    def may_be_proposed(self) -> bool:
        """Whether nothing stands against it."""
        errors = any(one.severity == "error" for one in self.mistakes)
        return self.staged is not None and self.staged.replaces != self.hash and bool(self.examples) and not errors


def texts_of(data: Path, content: str) -> Texts:
    """The texts of a kept bundle. Raises StateError where it is not there or not what it was."""
    folder = kept_folder(data, content)
    sources, bundle = read_bundle(folder)
    files, others = {}, {}
    for name, held in sorted(sources.contents.items()):
        text = _text(held)
        if text is None:
            others[name] = len(held)
        else:
            files[name] = text
    rules = [] if bundle is None else [*_rules(sources, bundle.parts[0], "")]
    if bundle is not None and bundle.trial is not None:
        rules += _rules(sources.inside(CHALLENGER), bundle.trial.challenger, f"{CHALLENGER}/")
    return Texts("" if bundle is None else bundle.name, files, others, tuple(rules[:RULES_SHOWN_MAX]))


def look_at(sent: Sent, data: Path, active: str, kernels: Callable[[], Kernels] = load_kernels) -> Looked:
    """Check what was sent as a proposal does, play its examples, and hold it against the bundle in force; keep nothing.

    Raises UsageError for what is no path in a bundle, or too much, StateError where a kept bundle is not what it was.
    """
    with laid_out(sent, data) as made:
        try:
            checked = examine_bundle(made, kernels)
        except ConfigError as error:
            told = error.mistakes or (Mistake("syntax", error.message, ""),)
            return Looked(None, tuple(told)[:SHOWN_MAX], (), None)
        bundle = checked.bundle
        staged = None if bundle is None else compared(checked.sources, bundle, data, active)
        mistakes = sorted(dict.fromkeys(checked.sources.mistakes), key=_place)[:SHOWN_MAX]
        return Looked(None if bundle is None else bundle.hash, tuple(mistakes), checked.results, staged)


def load_sent(sent: Sent, data: Path) -> tuple[str, str, dict[str, bytes]]:
    """The name, the hash and the files of a bundle that was sent and loads; its examples are not played.

    Raises UsageError with every mistake where it does not load, and as `look_at` does.
    """
    with laid_out(sent, data) as made:
        try:
            sources, bundle = read_bundle(made)
        except ConfigError as error:
            raise UsageError(f"files: {error.message}".replace(str(made), "files")) from None
        errors = [one for one in sources.mistakes if one.severity == "error"]
        if errors or bundle is None:
            raise UsageError(f"files: {show_mistakes(errors, sources.texts)}")
        return bundle.name, bundle.hash, sources.contents


def _place(mistake: Mistake) -> tuple[bool, str, int, int]:
    return mistake.severity != "error", mistake.path, mistake.line or 0, mistake.column or 0


def _text(content: bytes) -> str | None:
    if len(content) <= TEXT_BYTES_MAX and b"\0" not in content:
        with suppress(UnicodeDecodeError):
            return content.decode()
    return None


def _rules(sources: Sources, bundle: Bundle, before: str) -> Sequence[RuleShown]:
    document = sources.document(RULES)
    if document is None:
        return ()
    return [
        RuleShown(rule.id, rule.typology, rule.weight, rule.effect, rule.reason, f"{before}{RULES}",
                  document.place((at, "id")).line)
        for at, rule in enumerate(bundle.rules)
    ]  # fmt: skip
