"""`bonafide bundle propose, approve, activate, rollback, refuse, history, verify`: the life of a bundle; four eyes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from bonafide.apps.cli.bundle import bundle_app
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.person import ORIGIN, Acting, by_person
from bonafide.apps.cli.screen import Exit, errors_told, say, show_json
from bonafide.office.store.datadir import DEFAULT_FOLDER

if TYPE_CHECKING:
    from bonafide.apps.settings import Settings
    from bonafide.office.bundles.life import BundleLife
    from bonafide.office.bundles.steps import Outcome, Step
    from bonafide.office.store.datadir import DataDir

__all__ = ["bundle_app"]

WAITS_S: Final = 30.0
"""How long a command waits for a running service to go on with a bundle."""
LOOK_S: Final = 0.1

Data = Annotated[Path, typer.Option("--data", help="The data directory.", show_default=str(DEFAULT_FOLDER))]
Hash = Annotated[str, typer.Argument(help="The bundle's hash, or the beginning of it.", show_default=False)]
Note = Annotated[str, typer.Option("--note", help="Why, for whoever reads the history.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for the running service.")]


@bundle_app.command()
@by_person
def propose(
    at: Acting,
    name: Annotated[str, typer.Argument(help="A bundle's folder, or the name of a shipped one.", show_default=False)],
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Propose a bundle: it is checked, its examples are played, and somebody else may approve it.

    [dim]bonafide bundle propose mine --as ann --note "fewer false alarms" --data bonafide-data[/dim]
    """
    from bonafide.apps.cli.engines import ready_kernels
    from bonafide.core.moment import SECOND_MS
    from bonafide.engine.shipped import find_bundle
    from bonafide.office.bundles.active import active_bundle
    from bonafide.office.bundles.staging import stage

    life = _life_of(at)
    staged = stage(find_bundle(name), at.office.data.folder, active_bundle(at.office.data.folder, life), ready_kernels)
    step = life.propose(at.person, ORIGIN, staged, note=note, wait_ms=_settings(at).bundle_wait_s * SECOND_MS)
    if as_json:
        show_json(step.to_wire())
        return
    typer.echo(step.hash)
    for line in staged.changes:
        say(f"  {line}")
    for line in staged.harms:
        say(f"  may harm: {line}")
    say(f"{staged.name} is proposed; somebody else: bonafide bundle approve {step.hash[:16]}")


@bundle_app.command()
@by_person
def approve(
    at: Acting,
    bundle: Hash,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Approve a bundle that somebody else has proposed. What may harm somebody then waits, for a day by default.

    [dim]bonafide bundle approve 7c2f --as bob --data bonafide-data[/dim]
    """
    life = _life_of(at)
    step = life.approve(at.person, ORIGIN, _whole(life, bundle), note=note)
    if as_json:
        show_json(step.to_wire())
    else:
        typer.echo(f"{step.hash} is approved; {_when(step)}")


@bundle_app.command()
@by_person
def activate(
    at: Acting,
    bundle: Hash,
    note: Note = "",
    no_wait: NoWait = False,
    as_json: Json = False,
) -> None:
    """Have an approved bundle decide: a running service goes on with it within a second, else the next start does.

    [dim]bonafide bundle activate 7c2f --as cy --data bonafide-data[/dim]
    """
    life = _life_of(at)
    _check_followed(_settings(at))
    step = life.activate(at.person, ORIGIN, _whole(life, bundle), note=note)
    _tell_outcome(step, _outcome(life, step, at.office.data, no_wait=no_wait), as_json)


@bundle_app.command()
@by_person
def rollback(
    at: Acting,
    note: Note = "",
    no_wait: NoWait = False,
    as_json: Json = False,
) -> None:
    """Go back to the bundle that the last activation replaced: one person, at once, within a week.

    [dim]bonafide bundle rollback --as bob --note "too many alarms" --data bonafide-data[/dim]
    """
    life = _life_of(at)
    _check_followed(_settings(at))
    step = life.rollback(at.person, ORIGIN, note=note)
    _tell_outcome(step, _outcome(life, step, at.office.data, no_wait=no_wait), as_json)


@bundle_app.command()
@by_person
def refuse(
    at: Acting,
    bundle: Hash,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Turn a proposal down, or take your own back.

    [dim]bonafide bundle refuse 7c2f --as bob --note "too hard" --data bonafide-data[/dim]
    """
    life = _life_of(at)
    step = life.refuse(at.person, ORIGIN, _whole(life, bundle), note=note)
    if as_json:
        show_json(step.to_wire())
    else:
        typer.echo(f"{step.hash} is refused")


@bundle_app.command()
def history(data: Data = DEFAULT_FOLDER, as_json: Json = False) -> None:
    """Show who proposed, approved, activated, rolled back and refused which bundle, after verifying all of it.

    [dim]bonafide bundle history --data bonafide-data[/dim]
    """
    with errors_told(), _life(data) as (life, _):
        steps, outcomes = life.read()
    if as_json:
        show_json({"steps": [step.to_wire() | _told(outcomes.get(step.number)) for step in steps]})
    else:
        typer.echo("\n".join(_line(step, outcomes.get(step.number)) for step in steps) if steps else "no steps")


@bundle_app.command()
def verify(
    key: Annotated[
        Path | None,
        typer.Option("--key", help="A public key that was kept elsewhere (PEM): all must be signed with it."),
    ] = None,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Hold every step against its signature and the one before, and the bundle in force against its hash.

    The public keys are printed: keep them where who may write the data directory may not.

    [dim]bonafide bundle verify --key office.pem --data bonafide-data[/dim]
    """
    from bonafide.core.errors import StateError
    from bonafide.office.bundles.kept import kept_folder
    from bonafide.office.bundles.steps import in_force

    with errors_told(), _life(data) as (life, found):
        try:
            steps, outcomes = life.read()
            force = in_force(steps, outcomes)
            if force is not None:
                kept_folder(found.folder, force.hash)
            keys = life.public_keys()
            _check_keys({step.key_id for step in steps}, keys, key)
        except StateError as error:
            if as_json:
                show_json({"whole": False, "message": str(error)})
            say(f"bonafide: {error}")
            raise typer.Exit(Exit.NO) from None
    if as_json:
        show_json({"whole": True, "steps": len(steps), "in_force": None if force is None else force.hash, "keys": keys})
    else:
        typer.echo("".join(keys.values()), nl=False)
        say(f"{len(steps)} steps, every signature fits; in force: {'nothing yet' if force is None else force.hash}")


def _check_keys(used: set[str], keys: dict[str, str], kept: Path | None) -> None:
    from bonafide.core.errors import StateError

    if kept is not None:
        wanted = kept.read_text(encoding="ascii", errors="replace")
        strange = sorted(key_id for key_id in used if keys[key_id] not in wanted)
        if strange:
            raise StateError(f"steps were signed with {', '.join(strange)}, which is not in {kept}")


@contextmanager
def _life(data: Path) -> Iterator[tuple[BundleLife, DataDir]]:
    from bonafide.apps.stores import open_office
    from bonafide.office.bundles.life import BundleLife
    from bonafide.office.store.datadir import DataDir

    found = DataDir.open(data, create=False)
    with open_office(found) as store:
        yield BundleLife(store, found), found


def _life_of(at: Acting) -> BundleLife:
    from bonafide.office.bundles.life import BundleLife

    return BundleLife(at.office.store, at.office.data)


def _settings(at: Acting) -> Settings:
    from bonafide.apps.settings import read_settings

    file = at.office.data.settings
    return read_settings(file if file.exists() else None, os.environ)


def _check_followed(settings: Settings) -> None:
    from bonafide.core.errors import UsageError

    if settings.four_eyes == "never":
        raise UsageError("four_eyes is never: the setting bundle decides; set four_eyes to auto before")


def _whole(life: BundleLife, beginning: str) -> str:
    """The hash that begins so among those proposed; what is none or several is left for the life to refuse."""
    from bonafide.core.errors import UsageError

    found = {step.hash for step in life.steps() if step.action == "propose" and step.hash.startswith(beginning)}
    if len(found) > 1:
        raise UsageError(f"{beginning}: {len(found)} bundles begin so; give more of the hash")
    return found.pop() if found and beginning else beginning


def _when(step: Step) -> str:
    from bonafide.core.moment import show_moment

    if not step.waits_ms:
        return "it cannot harm anybody and may be activated at once"
    return f"it may harm somebody and may be activated from {show_moment(step.made_ms + step.waits_ms)} on"


def _outcome(life: BundleLife, step: Step, data: DataDir, *, no_wait: bool) -> Outcome | None:
    """What came of a step; None where no service runs, or it has not got to it."""
    ends = time.monotonic() + (WAITS_S if not no_wait and _is_served(data) else 0)
    while (found := life.read()[1].get(step.number)) is None and time.monotonic() < ends:
        time.sleep(LOOK_S)
    return found


def _is_served(data: DataDir) -> bool:
    """Whether the process that the lock names is there."""
    with suppress(OSError, ValueError):
        os.kill(int(data.lock.read_text(encoding="ascii")), 0)
        return True
    return False


def _tell_outcome(step: Step, outcome: Outcome | None, as_json: bool) -> None:
    if as_json:
        show_json(step.to_wire() | _told(outcome))
    elif outcome is None:
        typer.echo(f"{step.hash} is to decide; the next start goes on with it, or the service when it has warmed it")
    elif outcome.outcome == "done":
        typer.echo(f"{step.hash} decides from event {outcome.seq} on")
    else:
        typer.echo(f"{step.hash} does not take over: {outcome.told}")
    if outcome is not None and outcome.outcome == "failed":
        raise typer.Exit(Exit.NO)


def _told(outcome: Outcome | None) -> dict[str, Any]:
    if outcome is None:
        return {"outcome": None}
    return {"outcome": outcome.outcome, "from_event": outcome.seq, "why_not": outcome.told or None}


def _line(step: Step, outcome: Outcome | None) -> str:
    wire = step.to_wire()
    ended = "" if outcome is None else f"from event {outcome.seq}" if outcome.outcome == "done" else outcome.told
    told: Sequence[str] = (f"{step.number}", wire["time"], step.action.ljust(8), step.hash[:16], step.person.ljust(8),
                           ended or wire.get("note", ""))  # fmt: skip
    return "  ".join(told).rstrip()
