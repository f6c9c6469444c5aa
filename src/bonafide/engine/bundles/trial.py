"""A trial: another bundle in the folder challenger/, which only watches or decides for some of the subjects.

Both read one log and one state, and both feed one ladder, so what these depend on must be the same in both. Their
features may differ: what is kept answers the features of both, and one of the same declaration is counted once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from bonafide.core.errors import ConfigError
from bonafide.engine.bundles.files import CHALLENGER, Sources
from bonafide.engine.bundles.head import HEAD, TrialHead
from bonafide.engine.compiled import compile_bundle
from bonafide.engine.shared.union import ApartError, check_homes, merged, why_apart

if TYPE_CHECKING:
    from bonafide.engine.bundle import Bundle

UNITS: Final = 10_000
"""Parts of the whole in which shares of subjects are told: hundredths of a percent."""
_IN_A_PERCENT: Final = UNITS // 100


class Trial(NamedTuple):
    """How a challenger is tried."""

    mode: Literal["shadow", "rollout"]
    challenger: Bundle
    columns: tuple[int, ...]
    """Where its features stand among the answers, in its own order."""
    follows: tuple[bool, bool]
    """Whether champion and challenger, each alone, would follow money."""
    share: int = 0
    """Of UNITS subjects, how many the challenger decides."""
    control: int = 0
    """Of UNITS subjects, how many stay with the champion whatever the share grows to."""
    salt: str = ""

    @property
    def percent(self) -> str:
        """The challenger's share, of a hundred."""
        return f"{self.share / _IN_A_PERCENT:g}"

    @property
    def percent_control(self) -> str:
        """The control group's share, of a hundred."""
        return f"{self.control / _IN_A_PERCENT:g}"

    @property
    def is_rollout(self) -> bool:
        """Whether the challenger decides for anybody."""
        return self.mode == "rollout"


def note_trial(sources: Sources, told: TrialHead | None) -> None:
    """Note what is wrong with how a trial is told, whatever the two bundles say."""
    has_one = sources.has(CHALLENGER)
    if told is None:
        if has_one:
            text = "is there, and bundle.yaml says of no trial: add trial: {mode: shadow}, or take the folder away"
            sources.note("trial", text, f"{CHALLENGER}/{HEAD}")
        return
    if not has_one:
        _note(sources, f"there is no folder {CHALLENGER}/ with the bundle that is tried")
    if told.mode == "shadow":
        for key in ("percent", "control", "salt"):
            if getattr(told, key) is not None:
                _note(sources, "a shadow decides for nobody; leave this out", key)
        return
    if told.percent is None or told.salt is None:
        _note(sources, "a rollout needs percent and salt")
        return
    for key in ("percent", "control"):
        value = getattr(told, key) or 0.0
        if abs(value * _IN_A_PERCENT - round(value * _IN_A_PERCENT)) > 1e-9:
            _note(sources, "at most two digits behind the point", key)
    if told.percent + (told.control or 0.0) > 100:
        _note(sources, "with control this is more than 100", "percent")


def join(sources: Sources, told: TrialHead, champion: Bundle, challenger: Bundle) -> Bundle | None:
    """A champion with its challenger as one bundle; None where they cannot stand together, which is then noted."""
    before = len(sources.mistakes)
    if challenger.ladder != champion.ladder:
        _note(sources, "ladder.yaml of both must say the same: there is one ladder")
    for name in sorted({*champion.entries, *challenger.entries}):
        if champion.entries.get(name) != challenger.entries.get(name):
            _note(sources, f"the list {name} must be the same in both: what the log changes on it holds for both")
    if (why := why_apart((champion, challenger))) is not None:
        _note(sources, f"the challenger cannot decide from the champion's state: {why}")
    if len(sources.mistakes) > before:
        return None
    return _joined(sources, told, champion, challenger)


def _joined(sources: Sources, told: TrialHead, champion: Bundle, challenger: Bundle) -> Bundle | None:
    features, places = merged((champion, challenger))
    # Declared features before hidden ones, as in any bundle.
    order = sorted(range(len(features)), key=lambda i: features[i].name.startswith("_"))
    place = {old: new for new, old in enumerate(order)}
    features = [features[i] for i in order]
    try:
        compiled = compile_bundle(
            features, champion.conditions, champion.settings, scheme=champion.compiled.scheme,
            besides=challenger.compiled.features.layout.followed,
        )  # fmt: skip
        check_homes(compiled.features.layout)
    except (ConfigError, ApartError) as error:
        why = error.message if isinstance(error, ConfigError) else str(error)
        _note(sources, f"the challenger cannot decide from the champion's state: {why}")
        return None
    columns = tuple(place[i] for i in places[1].tolist())
    follows = (champion.compiled.features.layout.followed.funds, challenger.compiled.features.layout.followed.funds)
    trial = Trial(
        told.mode, challenger, columns, follows, round((told.percent or 0.0) * _IN_A_PERCENT),
        round((told.control or 0.0) * _IN_A_PERCENT), told.salt or "",
    )  # fmt: skip
    return champion._replace(features=tuple(features), compiled=compiled, trial=trial)


def _note(sources: Sources, text: str, *keys: str) -> None:
    document = sources.document(HEAD)
    path = ("trial", *keys)
    place = None if document is None else document.place(path)
    sources.note("trial", f"{'.'.join(path)}: {text}", HEAD, place)
