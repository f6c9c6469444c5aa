"""`bonafide serve`: the service in one process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from bonafide.apps.cli.engines import open_bundle, ready_kernels
from bonafide.apps.cli.screen import errors_told, say
from bonafide.core.errors import UsageError
from bonafide.core.text import did_you_mean, shorten

if TYPE_CHECKING:
    from bonafide.apps.runtime.runtime import Runtime
    from bonafide.apps.runtime.vault_link import VaultLink
    from bonafide.apps.server.logs import Log
    from bonafide.apps.server.office import Office
    from bonafide.apps.settings import Settings
    from bonafide.engine.bundle import Bundle
    from bonafide.office.bundles.four_eyes import Chosen
    from bonafide.office.bundles.life import BundleLife
    from bonafide.office.store.datadir import DataDir

TELL_S: Final = 5.0
"""How often a long recovery is told of."""
OTHER_OPTIONS: Final = {"allow_extra_args": True, "ignore_unknown_options": True}
"""How the command is registered: its other options are the settings, which are read when it runs."""


def serve(
    more: typer.Context,
    data: Annotated[Path, typer.Option("--data", help="The data directory; made where it is missing.")] = Path(
        "bonafide-data"
    ),
    host: Annotated[
        str | None, typer.Option("--host", help="The address to listen on; default: this machine only.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", help="The port to listen on; 0 takes a free one; default: 8321.")
    ] = None,
    bundle: Annotated[
        str | None, typer.Option("--bundle", "-b", help="What decides: a bundle's folder, or a shipped one's name.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="A settings file; default: bonafide.toml in the data directory."),
    ] = None,
    role: Annotated[
        Literal["api", "console", "worker"] | None,
        typer.Option("--role", help="Only a part of the service; default: the API, with worker and console beside it."),
    ] = None,
    insecure: Annotated[
        bool,
        typer.Option("--insecure", help="Listen beyond this machine without TLS, behind something that encrypts."),
    ] = False,
) -> None:
    """Decide on events over HTTP, durably, until it is stopped. Every setting of docs/settings.md is an option too.

    [dim]bonafide serve --data bonafide-data[/dim]
    """
    with errors_told():
        from bonafide.apps.settings import read_settings
        from bonafide.office.store.datadir import DataDir

        found = DataDir(data) if role == "console" else DataDir.open(data)
        file = config or (found.settings if found.settings.exists() else None)
        given = {"host": host, "port": port, "bundle": bundle} | read_options(more.args)
        settings = read_settings(file, os.environ, given)
        if role == "console":
            from bonafide.apps.cli.serve_console import show_console

            raise typer.Exit(show_console(settings))
        if role == "worker":
            _work(found, settings)
            return
        _refuse_plain_text(settings, insecure)
        _serve(found, settings, whole=role is None)


def read_options(words: list[str]) -> dict[str, object]:
    """The settings that options beyond the declared ones give, by setting name: `--grace-s 3` or `--grace-s=3`.

    Raises UsageError for what is no option, and for an option without its value.
    """
    from bonafide.apps.settings import SETTINGS

    settings = {setting.option: setting for setting in SETTINGS.values()}
    given: dict[str, object] = {}
    left = list(words)
    while left:
        option, _, value = left.pop(0).partition("=")
        setting = settings.get(option)
        if setting is None:
            raise UsageError(f"{shorten(option)}: there is no such option{did_you_mean(option, settings)}")
        if not value:
            if not left:
                raise UsageError(f"{option}: wants a value; give {setting.accepted}")
            value = left.pop(0)
        given[setting.name] = int(value) if setting.is_number and value.isascii() and value.isdigit() else value
    return given


def _work(data: DataDir, settings: Settings) -> None:
    """The worker in this process, until a signal says to stop."""
    import signal
    import threading

    from bonafide.apps.server.logs import open_log
    from bonafide.apps.worker.work import Work
    from bonafide.office.vault.master import MASTER_KEY_VARIABLE

    log, stop = open_log(settings.log_level, settings.log_format), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, frame: stop.set())
    log.info("working", data=str(data.folder))
    say = lambda told: log.warning("worker", told=told)
    Work(data, settings, os.environ.get(MASTER_KEY_VARIABLE), say).run(stop)
    log.info("stopped")


def _serve(data: DataDir, settings: Settings, *, whole: bool) -> None:
    from bonafide.apps.cli.serve_bundle import Together, open_watch
    from bonafide.apps.cli.serve_console import console_child
    from bonafide.apps.oidc import provider_of
    from bonafide.apps.outbox.worker import reach_of
    from bonafide.apps.runtime.vault_link import VaultLink
    from bonafide.apps.server.logs import open_log
    from bonafide.apps.server.office import open_office
    from bonafide.apps.server.parts_route import compile_beside
    from bonafide.apps.server.serving import serve as serve_until_stopped
    from bonafide.apps.worker.child import Child
    from bonafide.office.access.keys import Keys
    from bonafide.office.bundles.life import BundleLife
    from bonafide.office.store.opening import open_store
    from bonafide.office.vault.master import MASTER_KEY_VARIABLE

    log = open_log(settings.log_level, settings.log_format)
    with open_store(data, settings.store_url) as store, closing(Keys(store, cache_ms=settings.key_cache_ms)) as keys:
        # Kernels and bundle first: whatever is wrong with them is told before anything listens.
        ready_kernels()
        decides = open_bundle(settings.bundle)
        office = open_office(
            store, data, keys, os.environ.get(MASTER_KEY_VARIABLE), reach=reach_of(settings),
            provider=provider_of(settings),
        )  # fmt: skip
        _begin_office(office, data, log)
        if office.secret is None:
            log.warning("vault-closed", told="its master key is not at hand: ids wait in the journal, nobody signs in")
        vault = None if office.secret is None else VaultLink(office.secret.vault)
        say = lambda text: log.warning("worker", told=text)
        child = Child(data.folder, settings, say) if whole else None
        told: list[str] = []
        console = console_child(settings, told, log) if whole else None
        life = BundleLife(store, data)
        watch = open_watch(office, settings, life, log)

        def start() -> Runtime:
            runtime = start_runtime(data, settings, decides, log, vault, life)
            watch.over(runtime)
            return runtime

        beside = Together(child, watch, console)

        def ready(url: str) -> None:
            told.append(url)
            _say_ready(url)
            Thread(target=compile_beside, name="compiler", daemon=True).start()  # so that nobody who asks why waits

        serve_until_stopped(start, keys, settings, log, ready=ready, beside=beside, office=office)


def _begin_office(office: Office, data: DataDir, log: Log) -> None:
    """Make the first admin where there is nobody yet, and say where the one-time password lies; StateError if not."""
    from bonafide.office.people.first_admin import ensure_first_admin

    path = ensure_first_admin(office.people, data)
    if path is not None:
        log.info("first-admin", password_file=str(path))


def start_runtime(
    data: DataDir, settings: Settings, bundle: Bundle, log: Log, vault: VaultLink | None = None,
    life: BundleLife | None = None,
) -> Runtime:  # fmt: skip
    """The runtime of a data directory, recovered; raises StateError where it cannot be.

    `bundle` is the one that settings name; where `life` says that another is in force, that one decides.
    """
    from bonafide.apps.cli.serve_bundle import choose_bundle, note_failure, note_start
    from bonafide.apps.runtime.activation import NotNowError
    from bonafide.apps.runtime.runtime import Limits, Runtime
    from bonafide.apps.server.app import wall_ms
    from bonafide.engine.engine import Engine
    from bonafide.office.journal.journal import Journal

    secret, kernels, tell = data.read_secret(), ready_kernels(), _now_and_then(log)
    chosen: Chosen | None = None
    journal = Journal.open(data.folder)
    try:
        chosen = choose_bundle(data, settings, bundle, journal, life, log)
        decides = chosen.bundle
        limits = Limits(
            settings.queue_events_max, settings.batch_events_max, settings.snapshot_every_events,
            settings.dead_letter_days, settings.basis_days, settings.deadline_ms,
        )  # fmt: skip
        runtime = Runtime(
            lambda: Engine(decides, secret=secret, kernels=kernels), journal, data.folder, limits, wall_ms=wall_ms,
            say=lambda text: log.warning("runtime", told=text), vault=vault,
        )  # fmt: skip
        recovered = runtime.start(tell)
        note_start(runtime, chosen, life)
    except NotNowError as error:
        journal.close()
        if life is None or chosen is None or not note_failure(chosen, life, error, log):
            raise
        return start_runtime(data, settings, bundle, log, vault, life)
    except BaseException:
        journal.close()
        raise
    log.info(
        "recovered", events=journal.next_seq, replayed=recovered.events, snapshot_at=recovered.snapshot_seq,
        seconds=round(recovered.seconds, 3), snapshots_refused=len(recovered.refused), bundle=decides.hash,
    )  # fmt: skip
    return runtime


def _refuse_plain_text(settings: Settings, insecure: bool) -> None:
    from bonafide.apps.server.listening import is_loopback

    if is_loopback(settings.host) or settings.tls_certificate is not None or insecure:
        return
    raise UsageError(
        f"--host {settings.host}: keys and events would cross the network in the clear; give tls_certificate and "
        f"tls_key, or --insecure where something in front of this encrypts"
    )


def _say_ready(url: str) -> None:
    """The one line on stdout. Nobody need be reading it."""
    try:
        print(f"ready {url}", flush=True)
    except OSError:
        say(f"ready {url}")


def _now_and_then(log: Log) -> Callable[[int, int], None]:
    told = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL_S:
            told = time.monotonic()
            log.info("recovering", events=done, of=total)

    return tell
