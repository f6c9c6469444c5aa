"""Who is at the terminal, where that matters: a person who signs in, as at the console, or has a session already.

Whoever owns the data directory is one person however many names they know; so steps that need two are taken by people
who sign in, with their own password and device.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from bonafide.apps.cli.access_user import Data
from bonafide.apps.cli.screen import errors_told
from bonafide.core.errors import UsageError
from bonafide.core.secret import unprinted
from bonafide.office.store.datadir import DEFAULT_FOLDER

if TYPE_CHECKING:
    from bonafide.core.secret import Secret
    from bonafide.office.people.sessions import Session
    from bonafide.office.people.sign_in import SignIn
    from bonafide.office.store.database import Store
    from bonafide.office.store.datadir import DataDir
    from bonafide.office.vault.vault import Vault

SESSION_VARIABLE: Final = "BONAFIDE_SESSION"
ORIGIN: Final = "terminal"
SECRET_BYTES_MAX: Final = 1_000

As = Annotated[str | None, typer.Option("--as", help="The name to sign in with.", show_default=False)]
SessionFile = Annotated[
    Path | None,
    typer.Option(
        "--session-file",
        help="Where the session is kept between commands; read where it is there, else written.",
        show_default=False,
    ),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="A file with the password, instead of being asked.", show_default=False),
]
Code = Annotated[
    str | None, typer.Option("--code", help="What the device shows, instead of being asked.", show_default=False)
]


class Given(NamedTuple):
    """What a command was told of who acts."""

    name: str | None
    session_file: Path | None
    password_file: Path | None
    code: str | None

    def __repr__(self) -> str:
        return unprinted(self)


class Opened(NamedTuple):
    """A data directory with its store open, and where people sign in."""

    data: DataDir
    store: Store
    desk: SignIn
    vault: Vault


class Acting(NamedTuple):
    """What a step that a person takes at the terminal is given."""

    office: Opened
    person: Session


def by_person(step: Callable[..., None]) -> Callable[..., None]:
    """A command of a step: with the options that say which data directory and who, besides the step's own parameters,
    of which the first is what it is given."""

    @wraps(step)
    def command(
        *, data: Path, who: str | None, session_file: Path | None, password_file: Path | None, code: str | None,
        **own: Any,
    ) -> None:  # fmt: skip
        given = Given(who, session_file, password_file, code)
        with errors_told(), opened(data) as office, signed_in(office, given) as person:
            step(Acting(office, person), **own)

    _, *own = signature(step, eval_str=True).parameters.values()
    own.sort(key=lambda one: (one.default is not Parameter.empty, one.name == "as_json"))
    at = next((i for i, one in enumerate(own) if one.name == "as_json"), len(own))
    command.__signature__ = Signature([*own[:at], *_WHO, *own[at:]])  # type: ignore[attr-defined]
    return command


_WHO: Final = tuple(
    Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=annotation)
    for name, annotation, default in (
        ("data", Data, DEFAULT_FOLDER), ("who", As, None), ("session_file", SessionFile, None),
        ("password_file", PasswordFile, None), ("code", Code, None),
    )
)  # fmt: skip


@contextmanager
def opened(folder: Path) -> Iterator[Opened]:
    """The office of a data directory that is there."""
    from bonafide.apps.stores import open_office
    from bonafide.office.people.services import open_services
    from bonafide.office.store.datadir import DataDir
    from bonafide.office.vault.master import MASTER_KEY_VARIABLE

    data = DataDir.open(folder, create=False)
    with open_office(data) as store:
        services = open_services(store, data, os.environ.get(MASTER_KEY_VARIABLE))
        yield Opened(data, store, services.desk, services.vault)


@contextmanager
def signed_in(office: Opened, given: Given) -> Iterator[Session]:
    """Who acts: of a session that is kept, or who signs in now. A session that no file keeps ends with the block.

    Raises UnauthenticatedError as signing in does, ForbiddenError while something must be set up first.
    """
    from bonafide.office.access.keys import now_ms

    token = _kept(given)
    if token is not None:
        session = office.desk.sessions.find(token, now_ms())
        if given.name not in (None, session.name):
            raise UsageError(f"--as {given.name}: the session is that of {session.name}; sign in again")
        session.check_complete()
        yield session
        return
    token, session = sign_in(office, given)
    try:
        session.check_complete()
        yield session
    finally:
        if given.session_file is None:
            office.desk.sign_out(token, ORIGIN)


def sign_in(office: Opened, given: Given) -> tuple[Secret, Session]:
    """A new session, kept in the session file where there is to be one."""
    if given.name is None:
        raise UsageError("--as: say who acts; the owner of the data directory alone is nobody here")
    password = read_secret_file(given.password_file) if given.password_file else asked("Password")
    code = given.code
    if code is None and given.password_file is None:
        code = asked("Code (empty where no device is set up yet)", empty=True).reveal() or None
    token, session = office.desk.sign_in(given.name, password, ORIGIN, code=code)
    keep(given, token)
    return token, session


def keep(given: Given, token: Secret) -> None:
    """Write a session where the next command finds it; only its owner may read it."""
    from bonafide.office.store.datadir import write_over

    if given.session_file is not None:
        write_over(given.session_file, token.reveal() + "\n")


def asked(what: str, *, empty: bool = False) -> Secret:
    """What somebody types, unseen."""
    from bonafide.core.secret import Secret

    return Secret(typer.prompt(what, hide_input=True, default="" if empty else None, show_default=False, err=True))


def read_secret_file(path: Path) -> Secret:
    """The one line of a file."""
    from bonafide.core.secret import Secret

    with path.open("rb") as file:
        return Secret(file.read(SECRET_BYTES_MAX).decode("utf-8", "replace").strip())


def _kept(given: Given) -> Secret | None:
    """The session that is kept in a file or the environment."""
    from bonafide.core.secret import Secret

    if given.session_file is not None and given.session_file.exists() and given.password_file is None:
        return read_secret_file(given.session_file)
    if given.session_file is None and given.name is None and os.environ.get(SESSION_VARIABLE):
        return Secret(os.environ[SESSION_VARIABLE].strip())
    return None
