"""Options that several commands share, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bonafide.core.errors import UsageError

Events = Annotated[
    list[Path],
    typer.Argument(
        help="Event files: Parquet, NDJSON (also .gz), or CSV and other Parquet with --mapping; one log in this order.",
        show_default=False,
    ),
]
BundleName = Annotated[str, typer.Option("--bundle", "-b", help="A bundle's folder, or the name of a shipped one.")]
MappingFile = Annotated[
    Path | None,
    typer.Option(
        "--mapping", "-m", help="Mapping file, or the name of a shipped one (handbook, antico, s-ffsd, amlsim)."
    ),
]
OutFolder = Annotated[Path, typer.Option("--out", "-o", help="Folder for the results; made if need be.")]
Force = Annotated[bool, typer.Option("--force", help="Write into a folder that is not empty.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout; messages go to stderr.")]
Now = Annotated[
    str | None,
    typer.Option(
        "--now", help="Refuse events over five minutes after this moment (RFC 3339 or ms); default: none is refused."
    ),
]
Secret = Annotated[
    str | None,
    typer.Option("--secret", help="Secret for keyed hashes, 32 hex digits; decisions never depend on it."),
]
SecretFile = Annotated[
    Path | None,
    typer.Option(
        "--secret-file",
        help="File with the secret, such as a data directory's: for logs with its pseudonyms.",
        show_default=False,
    ),
]
ScenarioName = Annotated[str, typer.Option("--scenario", help="Which platform; bonafide simulate --list shows them.")]
Users = Annotated[
    int | None,
    typer.Option("--users", min=1, help="Users on the platform, instead of the scenario's.", show_default=False),
]
Merchants = Annotated[
    int | None,
    typer.Option(
        "--merchants", min=1, help="Merchants; without it as many for each user as usual.", show_default=False
    ),
]
Days = Annotated[
    int | None, typer.Option("--days", min=1, help="Days of trade, instead of the scenario's.", show_default=False)
]
Seed = Annotated[int, typer.Option("--seed", help="Same seed, same platform.")]


def read_moment(option: str, text: str | None) -> int | None:
    """The moment that an option names, in milliseconds; UsageError where it is none."""
    from bonafide.core.moment import parse_moment
    from bonafide.core.text import shorten

    if text is None:
        return None
    try:
        return parse_moment(text)
    except ValueError as error:
        raise UsageError(f"{option} {shorten(text)}: {error}") from None
