"""source: the connections of a project, and who is who across them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json, print_table
from revalign_udf.errors import UserError
from revalign_udf.jobs.identity import IdentityMap, decide, identity_map
from revalign_udf.jobs.sources import append_source, reference, source_block
from revalign_udf.jobs.steps import plugins_of
from revalign_udf.kernels.matching import Pair
from revalign_udf.query.answers import Table
from revalign_udf.sync import check_source

__all__ = ["source_command"]

_SHOWN = 50


@click.group("source")
def source_command() -> None:
    """The connections of a project."""


@source_command.command("list")
@project_option
@json_option
@guarded
def list_sources(project: Path, as_json: bool) -> None:
    """The sources of the settings and their connectors."""
    chosen = settings(project)
    registry = plugins_of(chosen)
    rows = [
        (name, source.connector, "yes" if source.connector in registry.connectors else "no")
        for name, source in chosen.sources.items()
    ]
    if as_json:
        return print_json([dict(zip(("name", "connector", "found"), row, strict=True)) for row in rows])
    print_table(Table(("source", "connector", "connector found"), tuple(rows)))
    return None


@source_command.command("add")
@click.argument("name")
@click.option("--connector", required=True, help="Which connector: revalign plugins list.")
@click.option(
    "--set", "given", multiple=True, metavar="SETTING=VALUE", help="A setting of the connector; may be repeated."
)
@project_option
@guarded
def add_source(name: str, connector: str, given: tuple[str, ...], project: Path) -> None:
    """Add a source NAME to revalign.toml: what its connector needs, with secrets as references to fill in.

    revalign source add billing --connector stripe
    """
    chosen = settings(project)
    spec = plugins_of(chosen).connector(connector, name).spec
    block = source_block(name, spec, dict(_pairs(given)))
    append_source(chosen.folder, name, block)
    console.print(block, markup=False)
    if spec.scopes:
        console.print(f"Grant at the vendor's, read only: {', '.join(spec.scopes)}", markup=False)
    for setting in spec.settings:
        if setting.kind == "secret" and f"$env:{reference(name, setting.name)}" in block:
            console.print(f"Set {reference(name, setting.name)}: {setting.help}", markup=False)
    console.print(f"Then: revalign source test {name}", markup=False)


def _pairs(given: Sequence[str]) -> Iterator[tuple[str, str]]:
    for text in given:
        key, mark, value = text.partition("=")
        if not mark or not key:
            raise UserError(f"{text!r} sets nothing.", code="REV-102", hint="Write --set base_url=https://...")
        yield key, value


@source_command.command("test")
@click.argument("name")
@project_option
@json_option
@guarded
def test_source(name: str, project: Path, as_json: bool) -> None:
    """Whether a source can be reached with its settings."""
    chosen = settings(project)
    found = check_source(chosen, plugins_of(chosen), name)
    if as_json:
        print_json({"source": name, "ok": found.ok, "message": found.message})
    else:
        console.print(found.message, markup=False, style="" if found.ok else "red")
    if not found.ok:
        raise SystemExit(PROBLEM)


@source_command.command("map")
@click.option("--status", type=click.Choice(["decide", "joined", "apart", "all"]), default="decide", show_default=True,
              help="Which pairs to show.")  # fmt: skip
@click.option("--entity", type=click.Choice(["organization", "person"]), help="Only these.")
@click.option("--to", "target", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write all of them (.csv, .xlsx), with a column `same` to fill in; alignment/identity takes it.")  # fmt: skip
@project_option
@json_option
@guarded
def map_sources(status: str, entity: str | None, target: Path | None, project: Path, as_json: bool) -> None:
    """Who is who across the sources: what is joined, how that is known, and what a person has to decide.

    Decide with: revalign source link crm:42 billing:cus_7 [--not-same]. It holds from the next build on, and can be taken
    back with --undo.
    """
    chosen = settings(project)
    found = identity_map(chosen, plugins_of(chosen))
    pairs = [
        pair for pair in found.pairs if status in (pair.status, "all") and (entity is None or pair.entity == entity)
    ]
    if target is not None:
        _write(found, pairs, target)
    if as_json:
        summary = {"records": found.counts, "pairs": found.summary()}
        return print_json({**summary, "shown": [_row(found, pair) for pair in pairs]})
    if target is not None:
        console.print(f"Wrote {len(pairs):,} pairs to {target}. Fill in `same` (yes or no), then put it into alignment/"
                      " as identity.csv, or as a tab `identity` of a workbook there.", markup=False)  # fmt: skip
        return None
    for kind, counts in found.counts.items():
        if counts:
            console.print(f"{kind}: {', '.join(f'{name} {count:,}' for name, count in counts.items())}", markup=False)
    summary_text = ", ".join(f"{count:,} {name}" for name, count in sorted(found.summary().items()))
    console.print(f"pairs: {summary_text or 'none'}", markup=False)
    if pairs:
        rows = tuple(tuple(_row(found, pair).values()) for pair in pairs[:_SHOWN])
        print_table(Table(tuple(_row(found, pairs[0])), rows, ("text",) * 7 + ("rate", "text", "text")))
    if len(pairs) > _SHOWN:
        console.print(f"... and {len(pairs) - _SHOWN:,} more: --json, or --to FILE", markup=False)
    return None


@source_command.command("link")
@click.argument("one", metavar="SOURCE:ID")
@click.argument("other", metavar="SOURCE:ID")
@click.option("--person", is_flag=True, help="They are people; otherwise organizations.")
@click.option("--not-same", is_flag=True, help="They are NOT the same, whatever else says so.")
@click.option("--undo", is_flag=True, help="Take the decision back.")
@click.option("--note", default="", help="Why, for those who read it later.")
@project_option
@guarded
def link_records(
    one: str, other: str, person: bool, not_same: bool, undo: bool, note: str, project: Path
) -> None:  # fmt: skip
    """Decide that two records of different systems are the same, or are not."""
    if undo and not_same:
        raise UserError("--undo and --not-same say different things.", code="REV-102", hint="Leave one of them out.")
    entity = "person" if person else "organization"
    decide(settings(project), entity, _end(one), _end(other), same=None if undo else not not_same, note=note)
    said = "undecided again" if undo else "not the same" if not_same else "the same"
    console.print(f"{entity} {one} and {other}: {said}, from the next build on (revalign build).", markup=False)


def _end(text: str) -> tuple[str, str]:
    source, mark, key = text.partition(":")
    if not mark or not source or not key:
        raise UserError(f"{text!r} is no record.", code="REV-102", hint="Write the source and its id: crm:42")
    return source, key


def _row(found: IdentityMap, pair: Pair) -> dict[str, str | float | None]:
    a, b = pair.ends
    return {
        "entity": pair.entity, "source_a": pair.source_a, "id_a": pair.id_a, "name_a": found.names.get(a, ""),
        "source_b": pair.source_b, "id_b": pair.id_b, "name_b": found.names.get(b, ""), "confidence": pair.confidence,
        "method": pair.method, "reason": f"{pair.status}: {pair.reason}" if pair.reason else pair.status,
    }  # fmt: skip


def _write(found: IdentityMap, pairs: Sequence[Pair], target: Path) -> None:
    """The pairs as a file that alignment/ takes back; text that a spreadsheet would run is neutralised."""
    from revalign_udf.workbook.export import export

    columns = ("entity", "source_a", "id_a", "source_b", "id_b", "same", "note")
    rows = []
    for pair in pairs:
        names = " / ".join(found.names.get(end, "?") for end in pair.ends)
        same = {"joined": "yes", "apart": "no"}.get(pair.status, "") if pair.method == "manual" else ""
        rows.append((pair.entity, pair.source_a, pair.id_a, pair.source_b, pair.id_b, same, f"{pair.method}: {names}"))
    export(Table(columns, tuple(rows), ("text",) * len(columns)), target)
