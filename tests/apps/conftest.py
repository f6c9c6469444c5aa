"""The commands are put together once for all tests at the terminal: a hundred of them take a tenth of a second."""

from __future__ import annotations

from functools import cache

import typer.testing

from tests.schemas import remember_migrations

# What it makes has no memory between two calls; made anew each time it was a hundred seconds of tests.
vars(typer.testing)["_get_command"] = cache(typer.main.get_command)

remember_migrations()
