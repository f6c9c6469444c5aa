"""`bonafide warmup`: compile the kernels now, so that no later start has to."""

from __future__ import annotations

import time

from bonafide.apps.cli.engines import ready_kernels
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.screen import errors_told, say, show_json


def warmup(as_json: Json = False) -> None:
    """Compile the kernels now, once on this machine.

    [dim]bonafide warmup[/dim]
    """
    with errors_told():
        say("Looking for compiled kernels")
        from bonafide.engine.kernels import are_compiled, cache_folder
        from bonafide.engine.shared.votes import make_ready
        from bonafide.engine.trees import ready

        were = are_compiled()
        begun = time.monotonic()
        ready_kernels()
        make_ready()  # what a trial and a back-test run besides
        ready.make_ready()  # what tells the parts of a score
        seconds = round(time.monotonic() - begun, 2)
    if as_json:
        show_json({"compiled": not were, "seconds": seconds, "folder": str(cache_folder())})
    else:
        say(f"Kernels {'were compiled before' if were else 'compiled'}; ready in {seconds} s ({cache_folder()}).")
