"""serve: the functions over HTTP."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import click

from revalign_udf.cli.common import guarded, json_option, project_option
from revalign_udf.cli.output import console
from revalign_udf.server import create_app, serve

__all__ = ["serve_command"]

#: holds the token callers must bear; made anew at each start when it is not set
TOKEN_VARIABLE = "REVALIGN_TOKEN"  # noqa: S105 - the name of the variable


@click.command("serve")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default="any free one", help="Port on 127.0.0.1."
)
@project_option
@json_option
@guarded
def serve_command(port: int, project: Path, as_json: bool) -> None:
    """Run the local server for Excel on Mac and the web, and for the task pane, until interrupted.

    Callers must bear the token in $REVALIGN_TOKEN, or the one printed here. With --json one line is printed when the
    server is ready: {"base_url", "token"}.
    """
    token = os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(32)

    def ready(base_url: str) -> None:
        if as_json:
            click.echo(json.dumps({"base_url": base_url, "token": token}))
        else:
            console.print(f"Revalign answers at {base_url}", markup=False)
            console.print(f"Token {token}", markup=False)
            console.print("Ctrl-C ends it.")

    serve(create_app(project, token), port, ready)
    console.print("Ended.") if not as_json else None
