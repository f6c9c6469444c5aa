"""`make` finds a Python that works, and where it cannot go on says what to install."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.tree import ROOT, file_names

WORKS = f"""#!/bin/sh
case "$*" in '-m venv '*) echo 'the disk is full' >&2; exit 1;; esac
exec "{sys.executable}" "$@"
"""
"""A Python that will do, up to the moment when it would take seconds to make an environment."""
BROKEN = "#!/bin/sh\necho 'command not found' >&2\nexit 127\n"
BARE = f"""#!/bin/sh
case "$*" in *ensurepip*) exit 1;; esac
exec "{sys.executable}" "$@"
"""
OLD = "#!/bin/sh\nexit 1\n"
EXTRAS = ("dev", "bench", "postgres", "kafka", "oidc", "console")
"""What the tests need; `tools/lock.sh` resolves the same."""
TOOLS = ("sh", "dirname", "tr", "tail", "rm", "mkdir", "date")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder with a space in its name that holds the set-up script and nothing else."""
    folder = tmp_path / "a clone"
    (folder / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "setup.sh", folder / "tools")
    return folder


def set_up(clone: Path, pythons: dict[str, str], **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs the set-up with only these interpreters on PATH."""
    programs = clone / "programs"
    programs.mkdir()
    for tool in TOOLS:
        (programs / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
    for name, script in pythons.items():
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    environment = {"PATH": str(programs), "HOME": str(clone)} | settings
    return subprocess.run(
        ["sh", "tools/setup.sh", "runtime"], cwd=clone, env=environment, capture_output=True, text=True, check=False
    )


def test_a_python_without_venv_is_answered_with_what_to_install(clone: Path) -> None:
    done = set_up(clone, {"python3": BARE})
    assert done.returncode == 2
    assert "venv and ensurepip are missing" in done.stderr
    assert "apt-get install python3-venv" in done.stderr
    assert not (clone / ".venv").exists()


@pytest.mark.parametrize("pythons", [{}, {"python3": OLD}, {"python3.12": BROKEN, "python3": OLD}])
def test_no_supported_python_is_answered_with_the_versions(clone: Path, pythons: dict[str, str]) -> None:
    done = set_up(clone, pythons)
    assert done.returncode == 2
    assert "needs Python 3.11, 3.12 or 3.13" in done.stderr
    assert not (clone / ".venv").exists()


def test_names_that_only_fail_are_passed_over(clone: Path) -> None:
    done = set_up(clone, {"python3.13": BROKEN, "python3.12": BARE, "python3.11": WORKS})
    assert f"making .venv with {clone}/programs/python3.11" in done.stdout


def test_the_callers_choice_of_python_is_the_only_candidate(clone: Path) -> None:
    done = set_up(clone, {"python3.11": WORKS, "mine": OLD}, PYTHON="mine")
    assert done.returncode == 2
    assert "mine" in done.stderr


def test_a_failed_step_shows_the_end_of_the_log_and_leaves_no_stamp(clone: Path) -> None:
    done = set_up(clone, {"python3": WORKS})
    assert done.returncode == 1
    assert "the disk is full" in done.stderr
    assert ".venv/install.log" in done.stderr
    assert not (clone / ".venv" / ".runtime").exists()


def test_help_lists_every_target() -> None:
    done = subprocess.run(["make", "-C", str(ROOT), "--no-print-directory"], capture_output=True, text=True, check=True)
    listed = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("  make ")}
    assert listed == {
        "help", "demo", "console", "test", "check", "audit", "bench", "drill", "fuzz", "model", "lock", "clean",
    }  # fmt: skip


def test_every_declared_dependency_is_locked() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = declared["project"]["optional-dependencies"]
    script = (ROOT / "tools" / "lock.sh").read_text(encoding="utf-8")
    assert [name for name in EXTRAS if f"--extra {name} " not in script] == []
    for lock, wanted in {
        "requirements.lock": declared["project"]["dependencies"],
        "requirements-build.lock": declared["dependency-groups"]["build"],
        "requirements-console.lock": declared["project"]["dependencies"] + extras["console"],
        "requirements-dev.lock": declared["project"]["dependencies"] + [one for name in EXTRAS for one in extras[name]],
    }.items():
        text = (ROOT / lock).read_text(encoding="utf-8")
        pinned = {line.split("==")[0] for line in text.splitlines() if "==" in line and not line.startswith(("#", " "))}
        assert {re.split(r"[\[>]", name)[0].lower() for name in wanted} <= pinned, lock


def test_the_locks_agree_on_every_version() -> None:
    pinned: dict[str, set[str]] = {}
    for lock in sorted(ROOT.glob("requirements*.lock")):
        for line in lock.read_text(encoding="utf-8").splitlines():
            if "==" in line and not line.startswith(("#", " ")):
                name, version = line.rstrip("\\ ").split(" ;")[0].split("==")
                pinned.setdefault(name, set()).add(version.strip())
    assert pinned
    assert {name: versions for name, versions in pinned.items() if len(versions) > 1} == {}


@pytest.mark.drill
def test_a_fresh_clone_sets_itself_up_once_and_writes_nowhere_else(tmp_path: Path) -> None:
    clone, home = tmp_path / "a fresh clone", tmp_path / "home"
    home.mkdir()
    for name in file_names():
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, clone / name)
    cache = clone / ".cache" / "bonafide"
    environment = os.environ | {"HOME": str(home), "BONAFIDE_CACHE": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}

    def make(target: str) -> str:
        return subprocess.run(
            ["make", "--no-print-directory", target],
            cwd=clone, env=environment, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip

    assert "making .venv" in make("demo")
    assert "set-up:" not in make("demo")
    # pip asks an installed rustc for its version, and rustup's stand-in for rustc leaves its settings.
    strangers = [path for path in home.rglob("*") if path.is_file() and ".rustup" not in path.parts]
    assert strangers == []
