"""Files of our own that pages are drawn with: from this folder, by name, and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.responses import Response

FOLDER: Final = Path(__file__).with_name("files")
KINDS: Final = {"console.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}


def add_static(app: FastAPI) -> None:
    """Add a route for each."""
    for name, kind in KINDS.items():
        _add(app, name, kind, (FOLDER / name).read_bytes())


def _add(app: FastAPI, name: str, kind: str, content: bytes) -> None:
    @app.get(f"/console/{name}")
    async def file() -> Response:
        return Response(content, media_type=kind, headers={"cache-control": "public, max-age=300"})

    # Each route has a function of its own, which FastAPI names it by.
    file.__name__ = name
