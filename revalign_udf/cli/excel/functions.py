"""excel functions: the list of the functions."""

from __future__ import annotations

from pathlib import Path

import click

from revalign_udf.cli.common import guarded, json_option
from revalign_udf.cli.output import console, print_json
from revalign_udf.files import save
from revalign_udf.functions import registry

__all__ = ["functions_command"]


@click.command("functions")
@click.option("--to", "path", type=click.Path(path_type=Path), help="Write functions.json, as Office reads it, there.")
@json_option
@guarded
def functions_command(path: Path | None, as_json: bool) -> None:
    """Every function with its arguments and what it answers."""
    known = registry()
    if path is not None:
        from revalign_udf.excel.office import functions_json

        path = save(functions_json(), path / "functions.json" if path.is_dir() else path)
        if not as_json:
            return console.print(f"Wrote {path}", markup=False, soft_wrap=True)
    if as_json:
        return print_json(
            [
                {
                    "name": f"REVALIGN.{name}",
                    "summary": function.summary,
                    "returns": function.returns,
                    "arguments": [
                        {
                            "name": a.name,
                            "help": a.help,
                            "optional": a.optional,
                            "repeating": a.repeating,
                            "enum": a.enum,
                        }
                        for a in function.arguments
                    ],
                    "version_added": function.version_added,
                }
                for name, function in known.items()
            ]
        )
    for name, function in known.items():
        arguments = ", ".join(f"[{a.name}]" if a.optional else a.name for a in function.arguments)
        console.print(f"[bold]REVALIGN.{name}[/bold]({_escaped(arguments)})")
        console.print(f"    {function.summary}", markup=False)
    return None


def _escaped(text: str) -> str:
    return text.replace("[", r"\[")
