"""`bonafide tune`: thresholds and rule weights for the most money saved at a bearable number of people disturbed."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bonafide.apps.cli.engines import new_folder, open_alone, open_engine
from bonafide.apps.cli.evaluate import Labels, read_table
from bonafide.apps.cli.features import new_file
from bonafide.apps.cli.options import BundleName, Events, Force, Json, MappingFile, Now, Seed, read_moment
from bonafide.apps.cli.replay import bundle_folder, find_mapping, look_at_files, read_now, tell_unreadable
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, say, show_json
from bonafide.core.errors import StateError, UsageError

if TYPE_CHECKING:
    from bonafide.engine.bundle import Bundle
    from bonafide.lab.inputs import Mapping, RejectWriter
    from bonafide.lab.tune.gather import Gathered
    from bonafide.lab.tune.study import Asked, Tuned

_EVALUATIONS: Final = 1_500


class _Log:
    """The log that is replayed, twice."""

    def __init__(self, events: list[Path], mapping: Mapping | None, now_ms: int | None) -> None:
        self._events, self._mapping, self._now_ms = events, mapping, now_ms

    def gather(self, bundle: Bundle, title: str, rejects: RejectWriter) -> Gathered:
        """Replay it with a bundle."""
        from bonafide.lab.inputs import read_chunks
        from bonafide.lab.tune.gather import GatherRun

        run = GatherRun(open_engine(bundle))
        with progress_bar(title) as bar:
            for chunk in read_chunks(self._events, self._mapping, self._now_ms, rejects, unreadable=tell_unreadable):
                run.feed(chunk)
                bar(chunk.bytes_done, chunk.bytes_total)
        return run.finish()


def tune(
    events: Events,
    truth: Annotated[Path, typer.Option("--truth", "-t", help="truth.parquet: event_id, label and more.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the tuned bundle; made if need be.")],
    bundle: BundleName = "paylater",
    disturbed_max: Annotated[
        str,
        typer.Option("--disturbed-max", help="Honest users that may be disturbed on the part tuned on, as 1% or 0.01."),
    ] = "1%",
    evaluations: Annotated[
        int, typer.Option("--evaluations", min=1, help="Sets of weights that are tried at most.")
    ] = _EVALUATIONS,
    split: Annotated[
        str | None, typer.Option("--split", help="Tune on what lies before this moment; default 60 % of the time.")
    ] = None,
    labels: Annotated[
        Labels, typer.Option("--labels", help="Judge by the latent truth, or by the labels that had arrived.")
    ] = Labels.LATENT,
    html: Annotated[Path | None, typer.Option("--html", help="Write a report with both fronts: one HTML file.")] = None,
    mapping: MappingFile = None,
    now: Now = None,
    seed: Seed = 0,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Search rule weights and bands on the first part of a log, judge them on the later, and write a bundle.

    [dim]bonafide tune events.parquet --truth truth.parquet --out tuned --disturbed-max 1%[/dim]
    """
    from bonafide.lab.inputs import RejectWriter

    with errors_told():
        share, found = _share(disturbed_max), find_mapping(mapping)
        look_at_files(events, found)
        page = None if html is None else new_file("--html", html, [*events, truth])
        table, base = read_table(truth), open_alone(bundle)
        folder = new_folder(out, force=force)
        _need_bundle_or_nothing(folder, out)
        log = _Log(events, found, read_now(now))
        with RejectWriter() as rejects:
            gathered = log.gather(base, "Reading the log", rejects)
            refused = rejects.total
        asked = _asked(share, seed, evaluations, read_moment("--split", split), labels)
        tuned = _search(gathered, table, base, asked)
        written = _write(bundle_folder(bundle), base, tuned, folder)
        _check_by_replay(log, gathered, written, tuned)
        lost = _lost_examples(base, written)
        if page is not None:
            _write_page(page, tuned, _command(events, truth, out, {
                "--bundle": None if bundle == "paylater" else bundle, "--disturbed-max": disturbed_max,
                "--evaluations": None if evaluations == _EVALUATIONS else evaluations, "--split": split,
                "--labels": None if labels is Labels.LATENT else labels.value, "--mapping": mapping, "--now": now,
                "--seed": seed or None,
            }))  # fmt: skip
    _show(tuned, written, out, lost, as_json=as_json)
    if refused:
        say(f"refused records: {refused:,}; bonafide replay writes each with its reason")
        raise typer.Exit(Exit.REFUSED)


def _share(text: str) -> float:
    """A share that an option gave, as 1% or 0.01."""
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 < value <= 1:
        raise UsageError(f"--disturbed-max {text}: give a share of honest users above 0, such as 1% or 0.01")
    return value


def _need_bundle_or_nothing(folder: Path, out: Path) -> None:
    if any(folder.iterdir()) and not (folder / "bundle.yaml").is_file():
        raise UsageError(f"--out {out}: holds files and is no bundle, so --force does not replace it; name another")


def _asked(share: float, seed: int, evaluations: int, split_ms: int | None, labels: Labels) -> Asked:
    from bonafide.lab.tune.study import Asked

    return Asked(share, seed, evaluations, split_ms, "latent" if labels is Labels.LATENT else "arrived")


def _search(gathered: Gathered, truth: Any, bundle: Bundle, asked: Asked) -> Tuned:
    from bonafide.lab.tune.study import tune as search

    with progress_bar(f"Trying {asked.evaluations:,} sets of weights") as bar:
        return search(gathered, truth, bundle, asked, bar)


def _write(source: Path, base: Bundle, tuned: Tuned, folder: Path) -> Bundle:
    from bonafide.engine.bundle import load_bundle
    from bonafide.engine.bundles.files import read_sources
    from bonafide.lab.train.written import write_bundle
    from bonafide.lab.tune.written import check_written, tuned_files

    files = tuned_files(read_sources(source).contents, base, tuned.setting.weights, tuned.setting.line)
    write_bundle(folder, files, [name for name in read_sources(folder).contents if name not in files])
    written = load_bundle(folder)
    check_written(written, tuned.setting.weights, tuned.setting.line)
    return written


def _check_by_replay(log: _Log, gathered: Gathered, written: Bundle, tuned: Tuned) -> None:
    """Replay the log with what was written; its scores must be those that the search went by."""
    from bonafide.lab.inputs import RejectWriter
    from bonafide.lab.tune.study import unlike_engine

    with RejectWriter() as rejects:
        engine = log.gather(written, "Replaying with the tuned bundle", rejects)
    different = unlike_engine(gathered, written, tuned.setting, engine)
    if different:
        raise StateError(
            f"{different:,} events were decided otherwise in the replay than in the search, so the figures do not "
            f"hold; report it with the log"
        )


def _lost_examples(base: Bundle, written: Bundle) -> list[str]:
    """Examples that held before and no longer do."""
    from bonafide.apps.cli.engines import ready_kernels
    from bonafide.engine.bundles.examples import run_examples

    held = {one.name for one in run_examples(base, kernels=ready_kernels) if one.passed}
    return [one.name for one in run_examples(written, kernels=ready_kernels) if not one.passed and one.name in held]


def _command(events: list[Path], truth: Path, out: Path, given: dict[str, Any]) -> str:
    words = ["bonafide", "tune", *map(str, events), "--truth", str(truth), "--out", str(out)]
    for option, value in given.items():
        words += [] if value is None else [option, str(value)]
    return shlex.join(words)


def _write_page(page: Path, tuned: Tuned, command: str) -> None:
    from bonafide.lab.tune.shown import tuning_html

    page.write_text(tuning_html(tuned.told, command), encoding="utf-8")
    say(f"Report: {page}")


def _show(tuned: Tuned, written: Bundle, out: Path, lost: list[str], *, as_json: bool) -> None:
    if as_json:
        import msgspec

        show_json(msgspec.to_builtins(tuned.told) | {"bundle": written.hash, "examples_lost": lost})
    else:
        from bonafide.lab.tune.shown import tuning_text

        typer.echo(
            f"{tuning_text(tuned.told)}\n\nbundle {out}, {written.hash[:16]}; a replay with it gave these scores"
        )
    if lost:
        say(f"examples that no longer hold: {len(lost)}; bonafide bundle test {out} says what differs")
