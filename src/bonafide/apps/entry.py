"""`bonafide`, as it is installed: loads the command line, which takes most of a second, and runs it."""

from __future__ import annotations

import sys
from typing import Final

INTERRUPTED: Final = 130
"""The exit code of a command that Ctrl-C ended, as shells have it."""


def main() -> None:
    """Run the command line; Ctrl-C ends it without a traceback, also while it is being loaded."""
    try:
        from bonafide.apps.cli import main as run
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    run()
