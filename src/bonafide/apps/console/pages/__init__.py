"""The pages."""

from __future__ import annotations

from bonafide.apps.console.frame import Console


def add_pages(console: Console) -> None:
    """Add all of them."""
    from bonafide.apps.console.pages import case, overview, queue

    console.page("/", "overview", overview.build)
    console.page("/queue", "queue", queue.build)
    console.page("/cases/{number}", "queue", case.build)
