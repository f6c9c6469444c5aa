"""`bonafide education`: the texts of a bundle, and the figures of a data directory."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from bonafide.apps.cli.main import app
from bonafide.office.store.database import Store
from bonafide.office.store.datadir import DataDir
from tests.office.education.kit import DAY, START, School

RUN = CliRunner()


def test_the_texts_are_shown_in_both_languages() -> None:
    got = RUN.invoke(app, ["education", "list", "--json"])
    assert got.exit_code == 0
    told = json.loads(got.stdout)
    assert {piece["level"] for piece in told["pieces"]} == {"L0", "L1", "L2", "L3"}
    assert all(piece["zh"] and piece["en"] for piece in told["pieces"])
    assert "TIP-LINE" in RUN.invoke(app, ["education", "list"]).stdout
    assert RUN.invoke(app, ["education", "list", "--bundle", "starter"]).exit_code == 1


def test_figures_say_who_was_shown_and_who_was_held_out(tmp_path: Path) -> None:
    data = DataDir.open(tmp_path / "d")
    with Store.open(data.office) as store:
        school = School(store, holdout_percent=50.0)
        school.tell(*(school.decided(user, START) for user in range(1, 41)))
        school.tell(school.decided(1, START + 2 * DAY, "hold"), school.decided(99, START + 40 * DAY, "allow"))
    got = RUN.invoke(app, ["education", "figures", "--data", str(data.folder), "--json"])
    assert got.exit_code == 0, got.output
    (drawing,) = json.loads(got.stdout)["drawings"]
    assert drawing["all"]["shown"]["subjects"] + drawing["all"]["held_out"]["subjects"] == 40
    text = RUN.invoke(app, ["education", "figures", "--data", str(data.folder)]).stdout
    assert "did it again" in text
    assert "~" not in text
