"""The command line. Each command is a module of its own and loads what it needs when it runs."""

from bonafide.apps.cli.main import main

__all__ = ["main"]
