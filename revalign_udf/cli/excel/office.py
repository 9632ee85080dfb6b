"""excel office: the files of the Office.js add-in."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import click

from revalign_udf.cli.common import guarded, json_option
from revalign_udf.cli.output import console, print_json
from revalign_udf.errors import UserError
from revalign_udf.excel.office import ADDIN_PORT, assets
from revalign_udf.files import save

__all__ = ["office_command"]


@click.command("office")
@click.option(
    "--to", "folder", type=click.Path(path_type=Path), default=Path("revalign-addin"), show_default=True,
    help="Folder to write into.",
)  # fmt: skip
@click.option(
    "--url", default=f"https://localhost:{ADDIN_PORT}", show_default=True, help="Address of the server of the add-in."
)
@json_option
@guarded
def office_command(folder: Path, url: str, as_json: bool) -> None:
    """Write the add-in for Excel on Windows, Mac and the web: manifests, functions, pane, icons.

    Excel needs manifest.xml only; the other files are served by `revalign serve` as well. They are written for
    companies that keep the files of add-ins on a server of their own.
    """
    found = assets(_address(url))
    written = sorted(str(save(content, folder / name)) for name, (_, content) in found.items())
    if as_json:
        return print_json({"url": url, "manifest": str(folder / "manifest.xml"), "files": written})
    console.print(f"Wrote {len(written)} files to {folder}.", markup=False, soft_wrap=True)
    console.print(f"Side-load {folder / 'manifest.xml'} in Excel, with `revalign serve --tls` running.", markup=False,
                  soft_wrap=True)  # fmt: skip
    return None


def _address(url: str) -> str:
    """An address Office takes: https, a host, maybe a port, nothing more. Raises UserError REV-102."""
    try:
        parts = urlsplit(url)
        sound = parts.scheme == "https" and parts.hostname and not parts.query and not parts.fragment
        sound = bool(sound) and parts.path in ("", "/") and not parts.username and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise UserError(
            f"{url!r} is not an address Office takes an add-in from.",
            hint=f"Write https://HOST or https://HOST:PORT, such as https://localhost:{ADDIN_PORT}.",
        )
    return url.rstrip("/")
