"""`bonafide case sample`: the model's review sample becomes cases of a queue of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bonafide.apps.cli.case import Data
from bonafide.apps.cli.case_list import case_app
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.person import opened
from bonafide.apps.cli.screen import errors_told, show_json
from bonafide.office.store.datadir import DEFAULT_FOLDER

__all__ = ["case_app"]


@case_app.command()
def sample(
    file: Annotated[Path, typer.Argument(help="What review-sample --out wrote.", show_default=False)],
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Open a case for each decision of a review sample, which was picked from this log (bonafide journal export).

    [dim]bonafide case sample look.csv --data bonafide-data[/dim]
    """
    from bonafide.office.cases.review import Picked, open_review
    from bonafide.office.cases.typologies import typologies_in
    from bonafide.office.journal import Record
    from bonafide.office.journal.view import view_journal

    with errors_told(), opened(data) as office, view_journal(office.data.folder) as view:
        picked = [Picked(*one) for one in _read(file)]

        def read(seq: int) -> Record | None:
            if not 0 <= seq < view.next_seq:
                return None
            first, records = view.reader.records_of(seq)
            return records[seq - first]

        numbers = open_review(office.store, read, picked, typologies_in(office.data.folder))
    if as_json:
        show_json({"opened": len(numbers), "cases": numbers, "passed_over": len(picked) - len(numbers)})
    else:
        typer.echo(f"{len(numbers)} cases opened in the queue review, {len(picked) - len(numbers)} were there already")


def _read(file: Path) -> list[tuple[str, int]]:
    """Event ids and places of a sample, .csv or .parquet."""
    import polars as pl

    from bonafide.core.errors import UsageError

    if not file.is_file():
        raise UsageError(f"{file}: there is no such file")
    try:
        if file.suffix == ".csv":
            table = pl.read_csv(file, columns=["event_id", "seq"], schema_overrides={"event_id": pl.String})
        else:
            table = pl.read_parquet(file, columns=["event_id", "seq"])
        return list(table.select("event_id", pl.col("seq").cast(pl.Int64)).drop_nulls().iter_rows())
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UsageError(
            f"{file}: cannot be read; give what review-sample --out wrote ({str(error).splitlines()[0]})"
        ) from None
