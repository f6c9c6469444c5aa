"""The program as it is installed."""

from __future__ import annotations

import sys

import pytest

from bonafide.apps.entry import INTERRUPTED, main


class Interrupting:
    """Ctrl-C comes when the command line is looked for."""

    def find_spec(self, name: str, path: object, target: object = None) -> None:
        if name == "bonafide.apps.cli":
            raise KeyboardInterrupt


def test_ctrl_c_while_commands_are_loaded_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bonafide.apps.cli", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == INTERRUPTED


def test_it_is_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["bonafide", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("bonafide ")
