"""The files of a trial: a champion's, a challenger's in the folder challenger/, and how it is tried in bundle.yaml."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from bonafide.engine.bundles.files import CHALLENGER
from bonafide.engine.bundles.head import HEAD, TrialHead

_TRIAL: Final = re.compile(r"^trial:[^\n]*\n?(?:(?:[ \t]+[^\n]*|)\n)*", re.MULTILINE)
"""The key with all that is set in below it."""


def champion_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """A bundle's files without those of what is tried beside it."""
    kept = {name: text for name, text in files.items() if not name.startswith(f"{CHALLENGER}/")}
    if HEAD in kept:
        kept[HEAD] = _TRIAL.sub("", kept[HEAD].decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    return kept


def challenger_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of what is tried beside a bundle, under their own names."""
    begin = f"{CHALLENGER}/"
    return {name.removeprefix(begin): text for name, text in files.items() if name.startswith(begin)}


def trial_files(champion: Mapping[str, bytes], challenger: Mapping[str, bytes], told: TrialHead) -> dict[str, bytes]:
    """The files of both as one bundle."""
    files = champion_files(champion)
    head = files[HEAD].rstrip() + b"\n"
    files[HEAD] = head + trial_line(told).encode() + b"\n"
    return files | {f"{CHALLENGER}/{name}": text for name, text in champion_files(challenger).items()}


def trial_line(told: TrialHead) -> str:
    """What bundle.yaml says of a trial.

    >>> trial_line(TrialHead("rollout", 20.0, 2.5, "2026-11: fewer alarms"))
    'trial: {mode: rollout, percent: 20, control: 2.5, salt: "2026-11: fewer alarms"}'
    """
    if told.mode == "shadow":
        return "trial: {mode: shadow}"
    salt = json.dumps(told.salt, ensure_ascii=False)
    return f"trial: {{mode: rollout, percent: {told.percent:g}, control: {told.control or 0.0:g}, salt: {salt}}}"
