"""What was kept comes back: from a backup, and after a crash of a server with much in its journal."""

from __future__ import annotations

import shutil
from typing import Final

from bonafide.testing.reliability.result import Row
from bonafide.testing.reliability.setting import Drill, Setting
from bonafide.testing.reliability.site import Site

ARRAY: Final = 256
EVENTS: Final = 2_000
FILLED_S: Final = 600.0
"""How long the journal may take to be filled."""


def backup(setting: Setting) -> Row:
    """A backup made under load, restored into an empty folder: holds what was acknowledged before it began."""
    row = Row(
        "backup and restore", "made while the server decides, restored elsewhere, logs and digests compared", "backups"
    )
    for trial in range(setting.trials(10, 1)):
        with setting.site(row, f"backup-{trial}") as site:
            site.start()
            site.load(events=EVENTS)
            kept, restored = site.folder / "kept", site.folder / "restored"
            site.launch.run("backup", "--data", str(site.data), "--out", str(kept))
            before = len(site.ledger.marks)
            site.load(events=EVENTS // 4)
            site.server.kill_all()
            site.launch.run("restore", str(kept), "--data", str(restored))
            site.ledger.marks = dict(list(site.ledger.marks.items())[:before])
            row.failed += not site.check_log(restored).good
            site.server.data = restored
            site.start(recovery=True)
            row.failed += not site.check().good
            row.trials += 1
    return row


def recovery(setting: Setting) -> Row:
    """Killed with many events in its journal; ready again with its snapshot, and without any."""
    events = 20_000 if setting.sampled else 1_000_000
    row = Row("recovery of a full journal", f"SIGKILL with {events:,} events in the journal, restarted", "restarts")
    with setting.site(row, "recovery", array=ARRAY) as site:
        empty_s = site.server.start() or 0.0
        site.load(events=events, seconds=FILLED_S)
        held = site.ledger.acknowledged
        site.server.kill()
        with_snapshot = _restarted(site)
        shutil.rmtree(site.data / "snapshots", ignore_errors=True)
        without = _restarted(site)
        row.failed += not site.check_log().good
    for what, took_s in (("with its newest snapshot", with_snapshot), ("without a snapshot", without)):
        more_s = max(0.0, took_s - empty_s)
        row.note(
            f"{what}: {took_s:.1f} s with {held:,} events, {more_s:.1f} s more than an empty server takes: "
            f"{more_s / max(held, 1) * 1e6:.1f} s per million events"
        )
    return row


def _restarted(site: Site) -> float:
    """Start, check, kill; in how many seconds it was ready."""
    row = site.row
    row.trials += 1
    if not site.start(recovery=True):
        row.failed += 1
        row.broke(f"exit {site.server.wait()} at the restart: {site.server.last_words(1)}")
        return 0.0
    row.failed += not site.check().good
    site.server.kill()
    return row.recoveries_ms[-1] / 1e3


DRILLS: Final = (Drill("backup", backup), Drill("recovery", recovery))
