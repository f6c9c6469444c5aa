"""What the README shows is what happens: its commands run, its output is real, its Python example is the example."""

from __future__ import annotations

import re
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
        words = command.removeprefix("$ bonafide ").replace("--out results", f"--out {tmp_path / 'results'}").split()
        ran = subprocess.run([*COMMAND_LINE, *words], cwd=ROOT, capture_output=True, text=True, check=False)
        assert ran.stdout.startswith(output.rstrip("\n")), ran.stdout + ran.stderr
        assert ran.returncode == 3


def test_python_example_runs_and_prints_what_the_readme_shows() -> None:
    (code,) = blocks("README.md", "python")
    (output,) = blocks("README.md", "text")
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout == output
    example = ROOT / "examples" / "decide.py"
    again = subprocess.run([sys.executable, str(example)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert again.stdout == output


@pytest.mark.parametrize("readme", READMES)
def test_every_command_in_the_table_exists(readme: str) -> None:
    from bonafide.apps.cli.main import app, bundle_app

    commands = {c.callback.__name__ for c in app.registered_commands}  # type: ignore[union-attr]
    commands |= {f"bundle {c.callback.__name__}" for c in bundle_app.registered_commands}  # type: ignore[union-attr]
    text = (ROOT / readme).read_text(encoding="utf-8")
    named = set(re.findall(r"^\| `bonafide (bundle show|[a-z]+)", text, re.MULTILINE))
    assert named == commands
