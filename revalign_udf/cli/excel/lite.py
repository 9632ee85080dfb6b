"""excel lite: the functions on ranges as one file for xlwings Lite."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from revalign_udf.cli.common import guarded, json_option
from revalign_udf.cli.output import console, print_json
from revalign_udf.errors import StoreError
from revalign_udf.excel.lite.text import OWN, lite_text, range_functions
from revalign_udf.files import save

__all__ = ["lite_command"]


@click.command("lite")
@click.option(
    "--to", "to", type=click.Path(dir_okay=False, path_type=Path), default=Path("main.py"), show_default=True,
    help="The file to write.",
)  # fmt: skip
@click.option(
    "--native-errors", is_flag=True,
    help="Show #DIV/0!, #N/A ... instead of #VALUE! with a message. Not for builds of Excel before error values in custom"
    " functions: they would show text, which SUM skips.",
)  # fmt: skip
@json_option
@guarded
def lite_command(to: Path, native_errors: bool, as_json: bool) -> None:
    """Write the functions on ranges as one Python file for xlwings Lite.

    Paste it into main.py of the free add-in xlwings Lite: Excel then runs the functions by itself, without a server and
    without an installed Python. Functions on the published snapshot need another route.
    """
    text = lite_text(native_errors=native_errors)
    try:
        if to.exists() and not to.read_text(encoding="utf-8", errors="replace").startswith(OWN):
            raise StoreError(f"{to} is somebody else's.", code="REV-306", hint="Write another file with --to.")
    except OSError as error:
        raise StoreError(f"{to} cannot be read: {error.strerror}.", code="REV-804") from error
    save(text.encode(), to)
    names = [f"REVALIGN.{function.name}" for function in range_functions()]
    if as_json:
        digest = hashlib.sha256(text.encode()).hexdigest()
        return print_json({"file": str(to), "functions": names, "bytes": len(text.encode()), "sha256": digest})
    console.print(f"{to}: {len(names)} functions on ranges. Paste it into main.py of xlwings Lite.", markup=False)
    return None
