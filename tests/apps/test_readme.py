"""What the README shows is what happens: its commands run, its output is real, its Python example is the example."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh.md")
WIDTH = {**os.environ, "COLUMNS": "80"}  # else that of whoever runs the tests, or none
COMMAND_LINE = [sys.executable, "-c", "from bonafide.apps.cli import main; main()"]


def blocks(readme: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / readme).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("readme", READMES)
def test_commands_print_what_the_readme_shows(readme: str, tmp_path: Path) -> None:
    shown = blocks(readme, "console")
    assert shown
    for block in shown:
        command, _, output = block.partition("\n")
        words = command.removeprefix("$ bonafide ").replace(" results", f" {tmp_path / 'results'}").split()
        ran = subprocess.run(
            [*COMMAND_LINE, *words], cwd=ROOT, env=WIDTH, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert ran.stdout.startswith(output.rstrip("\n")), ran.stdout + ran.stderr
        assert ran.returncode == (3 if "replay" in command else 0)


def test_python_example_runs_and_prints_what_the_readme_shows() -> None:
    (code,) = blocks("README.md", "python")
    output, _ = blocks("README.md", "text")
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == output
    example = ROOT / "examples" / "decide.py"
    again = subprocess.run([sys.executable, str(example)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert again.stdout == output


def test_a_mistake_is_shown_as_the_readme_shows_it(tmp_path: Path) -> None:
    _, shown = blocks("README.md", "text")
    shutil.copytree(ROOT / "bundles" / "paylater", tmp_path / "b")
    rule = """
- id: BUSY
  typology: intensive_burst
  weight: 0.2
  reason: RC03
  source: a try
  note: made for the README
  when: >-
      user_payment_cout_1h >= 4
"""
    (tmp_path / "b" / "rules.yaml").write_text(rule, encoding="utf-8")
    command = [*COMMAND_LINE, "bundle", "check", str(tmp_path / "b")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert shown.rstrip("\n") in ran.stdout + ran.stderr


def _names(app: Any, before: str = "") -> set[str]:
    """Every command of an application, those of its groups by their whole name."""
    own = {f"{before}{c.name or c.callback.__name__.replace('_', '-')}" for c in app.registered_commands}
    return own.union(*(_names(g.typer_instance, f"{before}{g.name} ") for g in app.registered_groups))


@pytest.mark.parametrize("readme", READMES)
def test_every_command_in_the_table_exists(readme: str) -> None:
    from bonafide.apps.cli.main import app

    commands = _names(app)
    named: set[str] = set()
    text = (ROOT / readme).read_text(encoding="utf-8")
    groups = (
        "bundle|rules|map|journal|access key|access user|access|audit|subject|outbox receiver|outbox|list|merchant|case"
    )
    groups += "|measure|appeal|education"
    for group, rest in re.findall(rf"^\| `bonafide ({groups}) ([^`]+)`", text, re.MULTILINE):
        named |= {f"{group} {name}" for name in re.findall(r"\b[a-z-]+\b", rest)}
    rows = [
        line
        for line in text.splitlines()
        if re.match(
            r"\| `bonafide (?!bundle|rules|map|journal|access|audit|subject|outbox|list|merchant|case|measure|appeal"
            r"|education)",
            line,
        )
    ]
    named |= {name for row in rows for name in re.findall(r"`bonafide ([a-z-]+)", row.split(" | ")[0])}
    assert named == commands


def test_the_service_answers_as_the_readme_says(tmp_path: Path) -> None:
    make_key, ask = blocks("README.md", "sh")[1:3]
    key = subprocess.run(
        [*COMMAND_LINE, *_words(make_key.splitlines()[0], tmp_path)], capture_output=True, text=True, check=True
    ).stdout.strip()  # fmt: skip
    serve = [*COMMAND_LINE, *_words(make_key.splitlines()[1], tmp_path), "--port", "0"]
    body = re.search(r"'(\{.*\})'", ask, re.DOTALL)
    assert body is not None
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().split()[1]
        asked = urllib.request.Request(
            f"{url}/v1/events", body[1].encode(),
            {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )  # fmt: skip
        first, again = (json.load(urllib.request.urlopen(asked)) for _ in range(2))
        server.terminate()
    assert (first["event_id"], first["seq"], first["outcome"]) == ("p1", 0, "allow")
    assert again == first
    assert server.returncode == 0


def _words(line: str, folder: Path) -> list[str]:
    """The words of a command of the README behind `bonafide`, its data directory in a folder of the test."""
    command = line.partition("bonafide ")[2].partition("#")[0].rstrip(" )")
    return command.replace("bonafide-data", str(folder / "data")).split()
