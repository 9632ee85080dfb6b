"""sheets local: the local Sheets server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import click

from revalign_udf.cli.common import guarded, json_option
from revalign_udf.cli.output import console
from revalign_udf.localsheets import LocalSheets

__all__ = ["local_command", "serve_until_interrupted"]


@click.command("local")
@click.option("--port", default=0, show_default="any free one", help="Port on 127.0.0.1.")
@json_option
@guarded
def local_command(port: int, as_json: bool) -> None:
    """Run the local Sheets server until interrupted: for trying a sync without Google.

    Prints its base URL and the path of a service-account key file made for it.
    """
    serve_until_interrupted(port, as_json)


def serve_until_interrupted(port: int, as_json: bool, wait: Callable[[float], None] = time.sleep) -> None:
    """Start the server, say where it is, and keep it up."""
    with LocalSheets(port) as server:
        if as_json:
            click.echo(json.dumps({"base_url": server.base_url, "key_file": str(server.key_file)}))
        else:
            console.print(f"Local Sheets server at {server.base_url}", markup=False)
            console.print(f"Key file {server.key_file}", markup=False)
            console.print("Ctrl-C ends it.")
        try:
            while True:
                wait(3600)
        except KeyboardInterrupt:
            console.print("Ended.") if not as_json else None
