"""`bonafide bench`: the speed figures on this machine, beside the same work done by other libraries."""

from __future__ import annotations

import importlib.util
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bonafide.apps.cli.options import Json
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, say, show_json
from bonafide.core.errors import StateError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PACKAGE = "benches"


def bench(
    stages: Annotated[
        list[str] | None, typer.Argument(help="Which stages; default: all.", show_default=False, metavar="[STAGE]...")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Small inputs, one round: under a minute in all.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="With ten million events in state (needs 12 GiB of memory).")
    ] = False,
    rounds: Annotated[
        int | None, typer.Option("--rounds", min=1, max=99, help="Turns of each side; default: the stage's own.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Keep the run here; default: the cache folder.")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="FILE", help="Compare with this run; default: this machine's previous one."),
    ] = None,
    list_stages: Annotated[bool, typer.Option("--list", help="List the stages and end.")] = False,
    as_json: Json = False,
) -> None:
    """Measure speed on this machine, beside the same work done by other libraries where they are installed.

    [dim]bonafide bench windows rules --quick[/dim]
    """
    with errors_told():
        known = _benches("stages").STAGES
        if list_stages:
            for stage in known.values():
                typer.echo(f"{stage.name:<9}{stage.title}")
            return
        chosen = _chosen(stages or list(known), known)
        if quick and full:
            raise UsageError("--quick --full: choose one of them")
        earlier = None if against is None else _read(against)
        tell = say if as_json else typer.echo
        report, failed = _run(chosen, "quick" if quick else "full" if full else "normal", rounds, tell)
        _keep(report, out, earlier, tell)
        if as_json:
            show_json(_benches("kept").plain(report))
        if failed:
            raise StateError("\n".join(failed))
    if not report.all_equal:
        raise typer.Exit(Exit.NO)


def _chosen(names: Sequence[str], known: dict[str, Any]) -> list[Any]:
    from bonafide.core.text import did_you_mean

    for name in names:
        if name not in known:
            near = did_you_mean(name, known)
            raise UsageError(f"{name}: there is no such stage{near} (bonafide bench --list shows them)")
    return [known[name] for name in dict.fromkeys(names)]


def _run(
    chosen: list[Any], level: str, rounds: int | None, tell: Callable[[str], None]
) -> tuple[Any, list[str]]:  # fmt: skip
    """Measure the stages, showing each as it is done; the report, and a sentence for each stage that is not in it."""
    from bonafide.apps.cli.engines import ready_kernels

    machine, told, runner = _benches("machine").this_machine(), _benches("report"), _benches("runner")
    begun = datetime.now(UTC).isoformat(timespec="seconds")
    ready_kernels()
    tell(f"machine: {machine.line()}\n")
    reports: list[Any] = []
    failed: list[str] = []
    for stage in chosen:
        try:
            with progress_bar(f"Measuring {stage.name}") as bar:
                reports.append(runner.measure(stage, level, rounds, bar))
        except runner.SideError as error:
            say(f"bonafide: {error}")
            failed.append(f"{stage.name} could not be measured; what it said stands above")
            continue
        tell(told.show_stage(reports[-1]) + "\n")
    report = told.Report(told.FORM, begun, machine, reports)
    tell(told.show_end(report))
    return report, failed


def _keep(report: Any, out: Path | None, earlier: Any, tell: Callable[[str], None]) -> None:
    """Compare a run with an earlier one, and write it down."""
    from bonafide.engine.kernels import cache_folder

    told, kept = _benches("report"), _benches("kept")
    folder = cache_folder() / "bench"
    before = earlier or kept.previous(folder, report.machine, {stage.name for stage in report.stages})
    if before is not None:
        tell("\n".join([f"\nbeside the run of {before.at}:", *told.compare(report, before)]))
    if out is not None:
        kept.write(report, out)
    say(f"figures: {out or kept.keep(report, folder)}")


def _read(path: Path) -> Any:
    if not path.is_file():
        raise UsageError(f"--against {path}: there is no such file")
    try:
        return _benches("kept").read(path)
    except ValueError as error:
        raise UsageError(f"--against {error}") from None


def _benches(module: str) -> ModuleType:
    """A module of the measuring code, which lies beside the package's sources or inside the wheel."""
    from bonafide.engine.shipped import shipped_folder

    folder = shipped_folder(_PACKAGE)
    if _PACKAGE not in sys.modules:
        if not (folder / "__init__.py").is_file():
            raise StateError(
                f"{folder}: the measuring code is not there; install Bonafide from its wheel or a checkout"
            )
        spec = importlib.util.spec_from_file_location(
            _PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        assert spec is not None
        assert spec.loader is not None
        sys.modules[_PACKAGE] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[_PACKAGE])
    return importlib.import_module(f"{_PACKAGE}.speed.{module}")
