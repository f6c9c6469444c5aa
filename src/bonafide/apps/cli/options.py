"""Options that several commands share, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Events = Annotated[list[Path], typer.Argument(help="Event files: Parquet, NDJSON (.gz), or any CSV or Parquet with --mapping; read in this order as one log.", show_default=False)]  # fmt: skip  # noqa: E501
BundleName = Annotated[str, typer.Option("--bundle", "-b", help="A bundle's folder, or the name of a shipped one.")]
MappingFile = Annotated[Path | None, typer.Option("--mapping", "-m", help="Mapping file, or the name of a shipped one (handbook, antico, s-ffsd, amlsim).")]  # fmt: skip  # noqa: E501
OutFolder = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results; made if need be.")]
Force = Annotated[bool, typer.Option("--force", help="Write into a folder that is not empty.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout; messages go to stderr.")]
Now = Annotated[str | None, typer.Option("--now", help="Refuse events later than this moment plus five minutes (RFC 3339 or ms); default: the log's own latest time.")]  # fmt: skip  # noqa: E501
Secret = Annotated[str | None, typer.Option("--secret", help="Secret for keyed hashes, 32 hex digits; decisions never depend on it.")]  # fmt: skip  # noqa: E501
