"""A server process over the stand-in: `python -m tests.apps.server.standin_serve SETTINGS-AS-JSON`."""

from __future__ import annotations

import json
import sys

from bonafide.apps.server.logs import open_log
from bonafide.apps.server.serving import serve
from tests.apps.server.standin import TestKeys, TestRuntime, TestSettings


def main() -> None:
    settings = TestSettings(**json.loads(sys.argv[1]))
    log = open_log(settings.log_level, settings.log_format)
    serve(TestRuntime, TestKeys(), settings, log, ready=lambda url: print(f"ready {url}", flush=True))


if __name__ == "__main__":
    main()
