"""`bonafide serve`: what it refuses before it starts, and a start, an answer and a stop with everything real."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bonafide.apps.cli.main import app
from bonafide.apps.cli.serve import read_options
from bonafide.core.errors import UsageError
from tests.apps.server.client import encoded, payment

WAIT_S = 90.0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--role", "console", "--console-port", "99999"], "99999 is not accepted"),
        (["--role", "console", "--console-api", "ftp://x"], "give an http:// or https:// URL"),
        (["--host", "0.0.0.0"], "in the clear"),
        (["--port", "99999"], "give a whole number from 0 to 65535"),
        (["--grace", "3"], "did you mean --grace-s?"),
        (["--grace-s"], "wants a value"),
        (["--bundle", "paylatr"], "did you mean paylater?"),
        (["--config", "nowhere.toml"], "cannot be read"),
        (["--tls-key=nowhere"], "tls_key"),
        (["stray"], "no such option"),
    ],
)
def test_what_is_wrong_is_said_before_it_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["serve", *options], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert says in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_every_setting_is_an_option() -> None:
    given = read_options(["--queue-events-max", "4096", "--log-format=text", "--deadline-ms", "x"])
    assert given == {"queue_events_max": 4096, "log_format": "text", "deadline_ms": "x"}
    with pytest.raises(UsageError, match="no such option"):
        read_options(["--nonsense", "1"])


def test_it_starts_answers_stops_and_remembers(tmp_path: Path) -> None:
    program = "from bonafide.apps.cli import main; main()"
    tool = [sys.executable, "-c", program]
    made = CliRunner().invoke(
        app, ["access", "key", "create", "--role", "platform", "--data", str(tmp_path / "d"), "--json"]
    )
    key = json.loads(made.stdout)["key"]
    event = encoded(payment("p1", time=int(time.time() * 1_000)))
    answers = []
    for _ in range(2):
        command = [*tool, "serve", "--data", str(tmp_path / "d"), "--port", "0", "--log-level=warning"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
            try:
                assert run.stdout is not None
                line = run.stdout.readline()
                assert line.startswith("ready http://127.0.0.1:"), run.communicate()
                port = int(line.rpartition(":")[2])
                with closing(HTTPConnection("127.0.0.1", port, timeout=WAIT_S)) as connection:
                    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
                    connection.request("POST", "/v1/events", event, headers)
                    got = connection.getresponse()
                    answers.append((got.status, got.read()))
                run.send_signal(signal.SIGTERM)
                out, err = run.communicate(timeout=WAIT_S)
            finally:
                run.kill()
        assert (run.returncode, out, key in err) == (0, "", False)
    assert answers[0][0] == 200
    assert answers[0] == answers[1]
