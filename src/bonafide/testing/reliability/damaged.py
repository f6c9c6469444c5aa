"""Bytes of the store come back other than they were written."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Final

from bonafide.testing.faults.damage import DAMAGES, damage, plan_damage
from bonafide.testing.reliability.disks import CANNOT_GO_ON
from bonafide.testing.reliability.result import Row
from bonafide.testing.reliability.setting import Drill, Setting
from bonafide.testing.reliability.site import Site

EVENTS: Final = 2_500
PATTERNS: Final = ("journal.db", "journal.db-wal", "ids.db", "snapshots/*")
SHOWN_MAX: Final = 6


def torn(setting: Setting) -> Row:
    """Each trial damages one file of a copy, in turn of kinds; the server must refuse it, or hold everything."""
    how = "one bit, one zeroed or moved sector or a cut end, in a copy of the store after a kill"
    row = Row("torn and flipped bytes", how, "damaged copies")
    random = setting.random("damage")
    seen: Counter[str] = Counter()
    with setting.site(row, "whole", often=True) as site:
        site.start()
        site.load(events=EVENTS)
        site.server.kill_all()
        whole = site.folder / "kept"
        site.data.rename(whole)
        files = [path.relative_to(whole) for pattern in PATTERNS for path in sorted(whole.glob(pattern))]
        files = [path for path in files if (whole / path).stat().st_size]
        for trial in range(setting.trials(200, 8)):
            shutil.copytree(whole, site.data)
            path, kind = files[trial % len(files)], DAMAGES[trial // len(files) % len(DAMAGES)]
            what = plan_damage((whole / path).stat().st_size, kind, random)
            if damage(site.data / path, what):
                outcome = _judged(site, f"{path}: {what.shown()}")
                seen[f"{_pattern(path)} {outcome}"] += 1
                row.trials += 1
            site.server.kill_all()
            shutil.rmtree(site.data)
    row.note("; ".join(f"{name} {count}" for name, count in sorted(seen.items())))
    return row


def _judged(site: Site, what: str) -> str:
    """What the server made of a damaged copy, in a word; counts in the row what it must not make of it."""
    row, words = site.row, len(site.row.notes)
    site.forget_counts()
    if not site.start():
        code = site.server.wait()
        if code != CANNOT_GO_ON:
            row.failed += 1
            row.broke(f"{what}: exit {code}: {site.server.last_words(1)}")
        return "refused"
    good = site.check().good
    site.server.kill()
    good = good and site.check_log().good
    if not good:
        row.failed += 1
        if len(row.notes) > words and len(row.notes) <= SHOWN_MAX:
            row.notes[-1] = f"{what}: {row.notes[-1]}"
    return "whole" if good else "WRONG"


def _pattern(path: Path) -> str:
    return path.parts[0]


DRILLS: Final = (Drill("damage", torn),)
