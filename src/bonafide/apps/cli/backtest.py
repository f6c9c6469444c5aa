"""`bonafide backtest`: what other bundles would have decided on the same log, and what would come of it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bonafide.apps.cli.engines import new_folder, open_alone, open_bundle, ready_kernels, secret_of
from bonafide.apps.cli.evaluate import Labels, read_table
from bonafide.apps.cli.explain import Language
from bonafide.apps.cli.options import (
    Events,
    Force,
    Json,
    MappingFile,
    Now,
    OutFolder,
    Secret,
    SecretFile,
    Seed,
    read_moment,
)
from bonafide.apps.cli.replay import find_mapping, look_at_files, read_now, tell_unreadable
from bonafide.apps.cli.screen import Exit, errors_told, progress_bar, say, show_json
from bonafide.core.errors import UsageError

if TYPE_CHECKING:
    from bonafide.engine.bundle import Bundle
    from bonafide.lab.backtest.kept import Kept, Log
    from bonafide.lab.backtest.run import Contender
    from bonafide.lab.backtest.streams import Streams
    from bonafide.lab.backtest.told import Backtest
    from bonafide.lab.inputs import Mapping, RejectWriter

REPORT, FIGURES, REJECTS = "report.html", "backtest.json", "rejects.ndjson"
_RESAMPLES: Final = 200
DEFAULT_BUNDLE: Final = "paylater"


Champion = Annotated[
    str | None,
    typer.Option(
        "--champion", help="The bundle that decides now: a folder, or a shipped one.", show_default=DEFAULT_BUNDLE
    ),
]
Challenger = Annotated[
    list[str] | None,
    typer.Option("--challenger", help="A bundle to compare with it; may be given again.", show_default=False),
]
Trial = Annotated[
    str | None,
    typer.Option(
        "--trial", help="A bundle with a trial, instead of both: its champion with its challenger.", show_default=False
    ),
]


class _Asked:
    """What is read, and how."""

    def __init__(self, events: list[Path], mapping: Path | None, now: str | None, secret: bytes | None) -> None:
        from bonafide.engine.engine import DEFAULT_SECRET

        self.events, self.mapping_file, self.now_ms = events, mapping, read_now(now)
        self.mapping: Mapping | None = find_mapping(mapping)
        self.secret = secret or DEFAULT_SECRET
        look_at_files(events, self.mapping)

    def log(self) -> Log:
        """The log as kept features are told apart by it."""
        from bonafide.lab.backtest.kept import log_of

        mapping = b"" if self.mapping is None else repr(self.mapping).encode()
        return log_of(self.events, (mapping, str(self.now_ms).encode(), b"bonafide: kept" + self.secret))


def backtest(
    events: Events,
    out: OutFolder,
    champion: Champion = None,
    challenger: Challenger = None,
    trial: Trial = None,
    truth: Annotated[
        Path | None, typer.Option("--truth", "-t", help="truth.parquet: event_id, label and more.", show_default=False)
    ] = None,
    labels: Annotated[
        Labels, typer.Option("--labels", help="Judge by the latent truth, or by the labels that had arrived.")
    ] = Labels.LATENT,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="With --labels arrived: by this moment.", show_default=False)
    ] = None,
    budget: Annotated[
        int | None,
        typer.Option("--budget", min=1, help="Alerts that people can look at a day; default 0.5 % of payments."),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            "--cache", metavar="FOLDER", show_default=False,
            help="Keep the features here, or use those kept: edited rules and policies are judged in seconds.",
        ),
    ] = None,
    decisions: Annotated[
        bool, typer.Option("--decisions", help="Also write each bundle's decisions, with the digest of a replay.")
    ] = False,
    mapping: MappingFile = None,
    now: Now = None,
    secret: Secret = None,
    secret_file: SecretFile = None,
    resamples: Annotated[int, typer.Option("--resamples", min=0, help="Of payers, for the intervals.")] = _RESAMPLES,
    seed: Seed = 0,
    lang: Annotated[Language, typer.Option("--lang", "-l", help="Of the report.")] = Language.EN,
    force: Force = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Champion and challengers in one pass over a log: what changes, money, honest people, what each rule adds.

    [dim]bonafide backtest events.parquet --challenger mine --truth truth.parquet --out compared[/dim]
    """
    with errors_told():
        table = None if truth is None else read_table(truth)
        asked = _Asked(events, mapping, now, secret_of(secret, secret_file))
        _look_at_both(cache, decisions=decisions)
        found = _bundles(champion, challenger or [], trial)
        folder = new_folder(out, force=force)
        contenders = _contenders(found, folder, decisions=decisions)
        told, read, cached, refused = _streams(asked, contenders, folder, cache)
        judging = _labels(table, labels, read_moment("--as-of", as_of), told)
        result = _compared(told, judging, read, budget, resamples, seed, cached=cached)
        named = ["--champion", champion or DEFAULT_BUNDLE, *(w for n in challenger or [] for w in ("--challenger", n))]
        command = _command(events, named if trial is None else ["--trial", trial], truth, out, {
            "--labels": None if labels is Labels.LATENT else labels.value, "--as-of": as_of, "--budget": budget,
            "--cache": cache, "--mapping": mapping, "--now": now, "--seed": seed or None,
            "--resamples": None if resamples == _RESAMPLES else resamples,
            "--lang": None if lang is Language.EN else lang.value,
        }, decisions=decisions)  # fmt: skip
        _write(result, folder, command, lang)
    _show(result, out, as_json=as_json)
    if refused:
        where = "each stands in the folder of the run that kept the features" if cached else f"see {out / REJECTS}"
        say(f"refused records: {refused:,}; {where}")
        raise typer.Exit(Exit.REFUSED)


def _look_at_both(cache: Path | None, *, decisions: bool) -> None:
    if cache is not None and decisions:
        raise UsageError("--decisions: kept features tell outcomes, not all that a decision says; leave --cache out")


def _bundles(champion: str | None, challengers: list[str], trial: str | None) -> list[tuple[str, Bundle]]:
    """The bundles that are compared, each with what it is called."""
    if trial is None:
        names = [champion or DEFAULT_BUNDLE, *challengers]
        return [(name, open_alone(name)) for name in names]
    if champion is not None or challengers:
        raise UsageError("--trial: it says which is the champion and which the challenger; leave the others out")
    bundle = open_bundle(trial)
    if bundle.trial is None:
        raise UsageError(f"--trial {trial}: nothing is tried beside this bundle; name it with --champion")
    ours, theirs = bundle.parts[0], bundle.trial.challenger
    return [(f"champion {ours.name}", ours), (f"challenger {theirs.name}", theirs)]


def _contenders(found: list[tuple[str, Bundle]], folder: Path, *, decisions: bool) -> list[Contender]:
    from bonafide.lab.backtest.run import Contender

    told: list[str] = []
    for name, _ in found:
        same = sum(other == name or other.startswith(f"{name} (") for other in told)
        told.append(f"{name} ({same + 1})" if same else name)
    files = [folder / ("decisions-champion.parquet" if not i else f"decisions-{i}.parquet") for i in range(len(found))]
    return [
        Contender(shown, bundle, file if decisions else None)
        for shown, (_, bundle), file in zip(told, found, files, strict=True)
    ]


def _streams(
    asked: _Asked, contenders: list[Contender], folder: Path, cache: Path | None
) -> tuple[Streams, int, bool, int]:  # fmt: skip
    """What every bundle decided, how many records were read, whether kept features were used, and refused records."""
    log = None if cache is None else asked.log()
    kept = None if cache is None or log is None else _kept(cache, log, contenders)
    if kept is not None:
        with progress_bar("Judging kept features") as bar:
            told = kept.judge(contenders, ready_kernels(), asked.secret, bar)
        return told, kept.read, True, kept.refused
    return _walk(asked, contenders, folder, cache, log)


def _kept(cache: Path, log: Log, contenders: list[Contender]) -> Kept | None:
    """What is kept in a folder where it fits; else says why not."""
    from bonafide.lab.backtest.kept import HEAD, Kept, StaleError

    if not (cache / HEAD).is_file():
        return None
    try:
        kept = Kept(cache, log)
        for one in contenders:
            kept.need(one.bundle)
    except StaleError as error:
        say(f"{cache}: what is kept there does not fit, so the log is walked anew: {error}")
        return None
    return kept


def _walk(
    asked: _Asked, contenders: list[Contender], folder: Path, cache: Path | None, log: Log | None
) -> tuple[Streams, int, bool, int]:  # fmt: skip
    from bonafide.lab.backtest.kept import FolderKeeper
    from bonafide.lab.backtest.run import BacktestRun
    from bonafide.lab.inputs import RejectWriter, read_chunks

    keeper = None if cache is None or log is None else FolderKeeper(cache, log, [one.bundle for one in contenders])
    rejects: RejectWriter
    with RejectWriter(folder / REJECTS) as rejects:
        run = BacktestRun(contenders, ready_kernels(), asked.secret, asked.events, rejects, keeper)
        try:
            many = "bundle" if len(contenders) == 1 else "bundles"
            with progress_bar(f"Deciding with {len(contenders)} {many}") as bar:
                chunks = read_chunks(
                    asked.events, asked.mapping, asked.now_ms, rejects, unreadable=tell_unreadable
                )  # fmt: skip
                for chunk in chunks:
                    run.feed(chunk)
                    bar(chunk.bytes_done, chunk.bytes_total)
            told = run.finish()
        finally:
            run.discard()
        return told, run.read, False, rejects.total


def _labels(table: Any, kind: Labels, as_of_ms: int | None, told: Streams) -> Any:
    """The labels that judge; None where no table was given."""
    from bonafide.lab.chosen_labels import choose_labels

    if table is None:
        if kind is Labels.ARRIVED or as_of_ms is not None:
            raise UsageError("--labels arrived, --as-of: say of which labels with --truth")
        return None
    if kind is Labels.LATENT and as_of_ms is not None:
        raise UsageError("--as-of: the latent truth has no moment; add --labels arrived")
    if kind is Labels.ARRIVED and as_of_ms is None:
        as_of_ms = int(told.events["time"].max() or 0)  # type: ignore[arg-type]
    return choose_labels(table, "latent" if kind is Labels.LATENT else "arrived", as_of_ms)


def _compared(
    told: Streams, labels: Any, read: int, budget: int | None, resamples: int, seed: int, *, cached: bool
) -> Backtest:
    from bonafide.lab.backtest.compare import compare

    with progress_bar("Comparing") as bar:
        return compare(
            told, labels, budget_per_day=budget, resamples=resamples, seed=seed, read=read, cached=cached, progress=bar
        )  # fmt: skip


def _command(
    events: list[Path], named: list[str], truth: Path | None, out: Path, given: dict[str, Any], *, decisions: bool
) -> str:  # fmt: skip
    words = ["bonafide", "backtest", *map(str, events), *named]
    words += [] if truth is None else ["--truth", str(truth)]
    for option, value in given.items():
        words += [] if value is None else [option, str(value)]
    return shlex.join([*words, *(["--decisions"] if decisions else []), "--out", str(out)])


def _write(result: Backtest, folder: Path, command: str, lang: Language) -> None:
    import msgspec

    from bonafide.lab.backtest.page import backtest_html

    text = backtest_html(result, command, "zh" if lang is Language.ZH else "en")
    (folder / REPORT).write_text(text, encoding="utf-8")
    (folder / FIGURES).write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1))


def _show(result: Backtest, out: Path, *, as_json: bool) -> None:
    if as_json:
        import msgspec

        show_json(msgspec.to_builtins(result))
    else:
        from bonafide.lab.backtest.text import backtest_text

        typer.echo(backtest_text(result))
    say(f"Report: {out / REPORT}; figures: {out / FIGURES}")
