"""sheets local: the local Sheets server."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Sequence
from types import FrameType

import click

from revalign_udf.cli.common import guarded, json_option
from revalign_udf.cli.output import console
from revalign_udf.errors import UserError
from revalign_udf.localsheets import LocalSheets, Quota

__all__ = ["local_command", "serve_until_interrupted"]

#: how the command passes its time; a test ends it here
WAIT: Callable[[float], object] = time.sleep


@click.command("local")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default="any free one", help="Port on 127.0.0.1."
)
@click.option(
    "--title", "titles", multiple=True, metavar="NAME",
    help="Make a spreadsheet shared with the service account, and print its key and where to look at it; repeatable.",
)  # fmt: skip
@click.option("--locale", default="en_US", show_default=True, help="Locale of those spreadsheets: de_DE, fr_FR ...")
@click.option(
    "--quota", is_flag=True, help="Refuse calls beyond Google's quota: 300 reads and writes a minute, 60 a user."
)
@click.option(
    "--oauth-client", is_flag=True, help="Also write a client file for people who sign in (revalign sheets login)."
)
@click.option(
    "--consent", type=click.Choice(("ask", "allow", "deny")), default="ask", show_default=True,
    help="What the sign-in page does: ask with two buttons, or answer at once.",
)  # fmt: skip
@json_option
@guarded
def local_command(
    port: int, titles: tuple[str, ...], locale: str, quota: bool, oauth_client: bool, consent: str, as_json: bool,
) -> None:  # fmt: skip
    """Run the local Sheets server until interrupted: for trying a sync without Google.

    It speaks the REST API of Google Sheets on this computer only, keeps spreadsheets in memory, and writes a key file
    of a service account that works nowhere else. Put the base URL, a spreadsheet's key and the key file under
    [sheets.NAME] in revalign.toml, then run: revalign sheets plan NAME.

    With --json one line is printed when it is ready: {"base_url", "key_file"}, then what was asked for
    ("oauth_client", "spreadsheets").
    """

    def prepare(server: LocalSheets) -> None:
        server.quota = Quota() if quota else None
        server.oauth.consent = consent

    serve_until_interrupted(port, as_json, titles=titles, locale=locale, oauth_client=oauth_client, prepare=prepare)


def serve_until_interrupted(
    port: int,
    as_json: bool,
    wait: Callable[[float], object] | None = None,
    *,
    titles: Sequence[str] = (),
    locale: str = "en_US",
    oauth_client: bool = False,
    prepare: Callable[[LocalSheets], None] = lambda _: None,
) -> None:
    """Start the server, say where it is, and keep it up.

    Raises:
        UserError: the port is taken.
    """
    try:
        server = LocalSheets(port)
    except OSError as problem:
        raise UserError(
            f"Port {port} is taken: {problem.strerror}.", hint="Leave --port out, or name a free one."
        ) from None
    with server:
        prepare(server)
        keys = {title: server.create(title, locale=locale) for title in titles}
        client = str(server.oauth_client_file()) if oauth_client else ""
        _say_json(server, keys, client) if as_json else _say(server, keys, client)
        main = threading.current_thread() is threading.main_thread()
        # Ended by another program it removes its key file, too.
        previous = signal.signal(signal.SIGTERM, _interrupted) if main else None
        try:
            while True:
                (wait or WAIT)(3600)
        except KeyboardInterrupt:
            if not as_json:
                console.print(f"Ended. {server.summary()}", markup=False)
        finally:
            if main:
                signal.signal(signal.SIGTERM, previous)


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say_json(server: LocalSheets, keys: dict[str, str], client: str) -> None:
    made: dict[str, object] = {"base_url": server.base_url, "key_file": str(server.key_file)}
    if client:
        made["oauth_client"] = client
    if keys:
        made["spreadsheets"] = [
            {"title": title, "key": key, "view": server.view_url(key)} for title, key in keys.items()
        ]
    click.echo(json.dumps(made))


def _say(server: LocalSheets, keys: dict[str, str], client: str) -> None:
    def line(name: str, value: str) -> None:
        console.print(f"  {name:<12} {value}", markup=False, soft_wrap=True, highlight=False)

    console.print("Local Sheets server", style="bold")
    line("address", server.base_url)
    line("account", server.account.email)
    line("key file", str(server.key_file))
    if client:
        line("client file", client)
    if server.quota is not None:
        line("quota", f"{server.quota.per_project} reads and writes a minute, {server.quota.per_user} a user")
    for title, key in keys.items():
        console.print(f"\n{title}", style="bold", markup=False)
        line("key", key)
        line("look at it", server.view_url(key))
    if keys:
        key = next(iter(keys.values()))
        console.print("\nIn revalign.toml", style="bold")
        for text in (
            "[sheets.demo]",
            f'url = "{key}"',
            f'key_file = "{server.key_file}"',
            f'base_url = "{server.base_url}"',
        ):
            console.print(f"  {text}", markup=False, soft_wrap=True, highlight=False)
    console.print("\nCtrl-C ends it; its spreadsheets and files are gone then.")
