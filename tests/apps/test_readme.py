"""What the README shows is what happens: its commands run, its output is real, its Python example is the example."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh.md")
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
        ran = subprocess.run([*COMMAND_LINE, *words], cwd=ROOT, capture_output=True, text=True, check=False)
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


@pytest.mark.parametrize("readme", READMES)
def test_every_command_in_the_table_exists(readme: str) -> None:
    from bonafide.apps.cli.main import app

    commands = {c.callback.__name__.replace("_", "-") for c in app.registered_commands}  # type: ignore[union-attr]
    commands |= {
        f"{group.name} {c.name or c.callback.__name__}"  # type: ignore[union-attr]
        for group in app.registered_groups
        for c in group.typer_instance.registered_commands  # type: ignore[union-attr]
    }
    named: set[str] = set()
    text = (ROOT / readme).read_text(encoding="utf-8")
    for group, rest in re.findall(r"^\| `bonafide (bundle|rules|map|journal) ([^`]+)`", text, re.MULTILINE):
        named |= {f"{group} {name}" for name in re.findall(r"\b[a-z][a-z-]*\b", rest)}
    named |= set(re.findall(r"^\| `bonafide (?!bundle|rules|map|journal)([a-z-]+)", text, re.MULTILINE))
    assert named == commands
