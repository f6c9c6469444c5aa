"""The fidelity bench at a small size: a model is trained, and its stated reasons are what moved its scores."""

from __future__ import annotations

import pytest

from benches.fidelity import __main__ as bench


@pytest.mark.drill
def test_scores_of_a_trained_model_fall_without_their_stated_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.main(["--users", "500", "--days", "30"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[0] for line in shown[2:6]] == ["| 0.30 (warn)"] * 2 + ["| 0.55 (verify)"] * 2
    by_path, by_kernel = shown[9].split(" | ")[2:], shown[2].split(" | ")[2:]
    assert by_path == by_kernel
