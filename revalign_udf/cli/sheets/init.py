"""sheets init: connect a spreadsheet: check access, add it to the settings, make its tabs."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json, stderr
from revalign_udf.cli.sheets.section import add_section, merged, path_from, section_text
from revalign_udf.config import SETTINGS_FILE
from revalign_udf.errors import UserError, redact
from revalign_udf.layout import find, read
from revalign_udf.sheets.access import Access, check_access
from revalign_udf.sheets.gsheets import open_spreadsheet
from revalign_udf.sheets.plan import make_tabs
from revalign_udf.sheets.target import target_from

__all__ = ["init_command", "show_refused"]


@click.command("init")
@click.argument("spreadsheet", metavar="URL|KEY")
@click.option("--name", default="board", show_default=True, help="What to call it: [sheets.NAME] in the settings.")
@click.option("--layout", help="The report to put on it.  [default: saas_metrics]")
@click.option("--key-file", metavar="PATH", help="A service account's JSON key.")
@click.option(
    "--auth", type=click.Choice(["service_account", "oauth", "adc"]),
    help="How to sign in: a service account's key, a person in the browser, or what this place offers.",
)  # fmt: skip
@click.option("--client-file", metavar="PATH", help='An OAuth client of the kind "Desktop app", for --auth oauth.')
@click.option("--impersonate", metavar="ADDRESS", help="A service account to act as.")
@click.option("--base-url", metavar="URL", help="Another server that speaks the Sheets API: the local one.")
@project_option
@json_option
@guarded
def init_command(
    spreadsheet: str, name: str, layout: str | None, key_file: str | None, auth: str | None, client_file: str | None,
    impersonate: str | None, base_url: str | None, project: Path, as_json: bool,
) -> None:  # fmt: skip
    """Connect a spreadsheet: check that it can be written to, add it to revalign.toml, make the report's tabs.

    The spreadsheet is one you made; share it as Editor with the service account's address, which is printed when that
    is missing. Running this again changes nothing that is there.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise UserError(f"--name {name} has other signs than letters, digits, - and _.", hint="Write --name board.")
    chosen = settings(project)
    asked = {
        "layout": layout or "",
        "auth": auth or "",
        "key_file": path_from(key_file, chosen.folder) if key_file else "",
        "client_file": path_from(client_file, chosen.folder) if client_file else "",
        "impersonate": impersonate or "",
        "base_url": base_url or "",
    }
    sheet, there = merged(chosen, name, spreadsheet, asked)
    plan = read(find(sheet.layout, chosen.folder))  # a name nobody knows ends it before anything is changed
    target = target_from(sheet, chosen.folder)
    told = None if as_json else lambda text: stderr.print(text, markup=False)
    found = check_access(target, told=told)
    if not found.ok:
        if as_json:
            print_json({"status": "refused", **found.as_json()})
        else:
            show_refused(found)
        raise SystemExit(PROBLEM)
    if not there:
        add_section(chosen, sheet)
    with open_spreadsheet(target, told=told) as client:
        made = make_tabs(client, sheet.layout, plan.tabs)
    after = f"revalign sheets plan {name}"
    if as_json:
        done: dict[str, Any] = {"status": "ok", "section": "there" if there else "added", "tabs_made": list(made)}
        print_json(done | found.as_json() | {"settings": asdict(sheet), "next": after})
        return
    console.print(
        f'"{found.title}" can be read and written{f" as {found.account}" if found.account else ""}.', markup=False
    )
    for note in found.notes:
        console.print(f"  {note}", markup=False, style="yellow")
    if there:
        console.print(f"[sheets.{name}] is in {SETTINGS_FILE} already.", markup=False)
    else:
        console.print(f"Added to {SETTINGS_FILE}:\n\n{section_text(sheet)}", markup=False)
    if made:
        console.print(f"New tabs: {', '.join(made)}", markup=False)
    console.print(f"Next: {after} shows what a sync would write; revalign sheets apply {name} writes it.", markup=False)


def show_refused(found: Access) -> None:
    """What is in the way, for people; the address to share with alone on a line of standard output."""
    message = redact(found.message).replace("[", r"\[")
    stderr.print(f"[red]{found.code}[/red] {message}")
    hint = redact(found.hint)
    if found.share_with:
        stderr.print(hint.removesuffix(found.share_with).rstrip(), markup=False)
        click.echo(found.share_with)
        stderr.print("Then run this again.", markup=False)
    elif hint:
        stderr.print(hint, markup=False)
