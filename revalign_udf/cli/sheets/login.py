"""sheets login: a person signs in to Google in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from revalign_udf.cli.common import guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json, stderr
from revalign_udf.cli.sheets.common import chosen_sheets
from revalign_udf.config import Project
from revalign_udf.errors import ConfigError
from revalign_udf.sheets import login
from revalign_udf.sheets.auth import SCOPE
from revalign_udf.sheets.login import OAuthClient, load_client
from revalign_udf.sheets.target import target_from

__all__ = ["login_command"]


@click.command("login")
@click.argument("names", nargs=-1)
@click.option("--no-browser", is_flag=True, help="Print the address of Google's page instead of opening it.")
@click.option("--port", default=0, show_default="any free one", help="Port on 127.0.0.1 that takes the answer.")
@click.option("--patience", default=300, show_default=True, help="Seconds to wait for the answer.")
@click.option("--forget", "forgets", is_flag=True, help="Take the sign-in out of the keyring.")
@project_option
@json_option
@guarded
def login_command(
    names: tuple[str, ...], no_browser: bool, port: int, patience: int, forgets: bool, project: Path, as_json: bool
) -> None:
    """Sign in to Google as a person, for the sheets NAMES (default: all with auth = "oauth").

    Google's page opens in the browser. What it hands out is kept in this computer's keyring, never in a file, and
    covers spreadsheets only. A job that runs unattended is better served by a service account.
    """
    chosen = settings(project)
    clients = _clients(chosen, names)
    if forgets:
        gone = [name for client, sheets in clients for name in sheets if login.forget(client, name)]
        if as_json:
            print_json({"forgotten": gone})
        else:
            console.print(f"Signed out: {', '.join(gone)}." if gone else "Nobody was signed in.", markup=False)
        return
    done: list[str] = []
    for client, sheets in clients:
        login.remembered(client, sheets[0])  # without a keyring nobody need go to the browser

        def show(address: str) -> None:
            text = "Open this address in a browser on this computer:" if no_browser else "Google's page opens. If not:"
            stderr.print(text, markup=False)
            click.echo(address, err=as_json or not no_browser)

        token = login.login(client, SCOPE, show=show, browser=not no_browser, port=port, patience=patience)
        for name in sheets:
            login.remember(client, name, token)
            done.append(name)
    if as_json:
        print_json({"signed_in": done})
    else:
        console.print(f"Signed in for {', '.join(done)}. Next: revalign sheets plan {' '.join(done)}", markup=False)


def _clients(project: Project, names: Sequence[str]) -> list[tuple[OAuthClient, list[str]]]:
    """The OAuth clients of the sheets, each with the names of its sheets: one visit to the browser for each.

    Raises:
        ConfigError: REV-302: a sheet that no person signs in for.
    """
    every = chosen_sheets(project, tuple(names))
    people = [name for name in every if project.sheets[name].sign_in == "oauth"]
    if not people or (names and len(people) < len(every)):
        other = [name for name in every if name not in people]
        raise ConfigError(
            f"Nobody signs in for {', '.join(other)}: a key or this place does.",
            hint='Add client_file = "..." (an OAuth client of the kind "Desktop app") to its section and take out key_file.',
        )
    found: dict[str, tuple[OAuthClient, list[str]]] = {}
    for name in people:
        client = load_client(target_from(project.sheets[name], project.folder).client_file)
        found.setdefault(client.id, (client, []))[1].append(name)
    return list(found.values())
