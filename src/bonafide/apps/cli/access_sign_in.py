"""`bonafide access sign-in`: a session for what people do at the terminal, and setting up what it takes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bonafide.apps.cli.access_user import Data
from bonafide.apps.cli.options import Json
from bonafide.apps.cli.person import (
    ORIGIN,
    Code,
    Given,
    PasswordFile,
    asked,
    keep,
    opened,
    read_secret_file,
    sign_in,
)
from bonafide.apps.cli.screen import Exit, errors_told, say, show_json
from bonafide.office.store.datadir import DEFAULT_FOLDER

if TYPE_CHECKING:
    from bonafide.apps.cli.person import Opened
    from bonafide.core.secret import Secret
    from bonafide.office.people.sessions import Session


def sign_in_at_terminal(
    name: Annotated[str, typer.Argument(help="The name to sign in with.", show_default=False)],
    session_file: Annotated[Path, typer.Option("--session-file", help="Where the session is kept.")],
    password_file: PasswordFile = None,
    new_password_file: Annotated[
        Path | None,
        typer.Option("--new-password-file", help="A file with the password to choose, the first time."),
    ] = None,
    code: Code = None,
    data: Data = DEFAULT_FOLDER,
    as_json: Json = False,
) -> None:
    """Sign in, and keep the session for other commands; the first time, choose a password and set up a device.

    [dim]bonafide access sign-in ann --session-file ann.session --data bonafide-data[/dim]
    """
    given = Given(name, session_file, password_file, code)
    with errors_told(), opened(data) as office:
        token, session = _begun(office, given)
        if session.pending == "password":
            old = read_secret_file(password_file) if password_file else asked("The one-time password once more")
            new = read_secret_file(new_password_file) if new_password_file else asked("A new password")
            token, session = office.desk.change_password(token, old, new, ORIGIN)
            keep(given, token)
        url = None
        if session.pending == "totp":
            url, session = _set_up(office, given, token, session)
    if as_json:
        show_json({"name": session.name, "role": session.role, "pending": session.pending, "enrolment_url": url})
    elif session.pending == "totp":
        typer.echo(url)
        say("Give this to your device, then run the command again with --code and what the device shows.")
    else:
        say(f"{session.name} is signed in; the session is in {session_file}")
    if session.pending is not None:
        raise typer.Exit(Exit.NO)


def _begun(office: Opened, given: Given) -> tuple[Secret, Session]:
    """A new session; or the one that is kept, where only the device's code was missing."""
    from bonafide.core.errors import BonafideError
    from bonafide.office.access.keys import now_ms

    if given.code is not None and given.session_file is not None and given.session_file.exists():
        token = read_secret_file(given.session_file)
        try:
            session = office.desk.sessions.find(token, now_ms())
        except BonafideError:
            pass
        else:
            if session.name == given.name and session.pending == "totp":
                return token, session
    return sign_in(office, given)


def _set_up(office: Opened, given: Given, token: Secret, session: Session) -> tuple[str | None, Session]:
    """The second factor: a new secret for the device, or the code that shows that the device has it."""
    if given.code is None:
        return office.desk.begin_totp(token, ORIGIN).reveal(), session
    token, session = office.desk.confirm_totp(token, given.code, ORIGIN)
    keep(given, token)
    return None, session
