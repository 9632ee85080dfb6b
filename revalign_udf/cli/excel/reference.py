"""excel reference: the page of all functions, written from their declarations."""

from __future__ import annotations

from pathlib import Path

import click

from revalign_udf import functions
from revalign_udf.cli.common import PROBLEM, guarded
from revalign_udf.cli.output import console
from revalign_udf.files import save
from revalign_udf.functions.reference import PAGE, SAMPLES, reference_text, resampled, samples
from revalign_udf.functions.session import using

__all__ = ["reference_command"]


@click.command("reference")
@click.option(
    "--to",
    "to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; default: the page of this package.",
)
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where the page is not what would be written.")
@click.option(
    "--sample", "sample", type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="First bring the examples up to date with this project, made by `revalign demo`.",
)  # fmt: skip
@guarded
def reference_command(to: Path | None, check: bool, sample: Path | None) -> None:
    """Write the reference page: every function with its arguments, results, examples and errors."""
    package = Path(functions.__file__).parent
    path = to or package / PAGE
    if sample is not None and not check:
        with using(sample):
            text = resampled()
        save(text.encode(), package / SAMPLES)
        samples.cache_clear()
    text = reference_text()
    if not check:
        save(text.encode(), path)
        return console.print(f"{path} is written.", markup=False)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        console.print(f"{path} is not up to date. Write it: revalign excel reference", markup=False)
        raise SystemExit(PROBLEM)
    return console.print(f"{path} is up to date.", markup=False)
