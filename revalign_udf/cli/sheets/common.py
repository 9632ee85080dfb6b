"""What the commands share: which spreadsheets are meant, and how a plan looks."""

from __future__ import annotations

from revalign_udf.cli.output import console, print_table
from revalign_udf.config import Project
from revalign_udf.errors import ConfigError, UnknownName
from revalign_udf.query.answers import Table
from revalign_udf.sheets import SheetPlan

__all__ = ["chosen_sheets", "show_plan"]


def chosen_sheets(project: Project, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names asked for, or all of the settings. Raises ConfigError REV-301 for none, UnknownName for one nobody knows."""
    if not project.sheets:
        raise ConfigError(
            "No spreadsheet in the settings.", hint="Connect one: revalign sheets init URL --key-file PATH"
        )
    for name in names:
        if name not in project.sheets:
            raise UnknownName("sheet", name, project.sheets)
    return names or tuple(project.sheets)


def show_plan(name: str, plan: SheetPlan) -> None:
    """Print what a plan does: a line per tab, then edits by hand and refusals, then the sum."""
    console.print(f"[bold]{name}[/bold]")
    rows = tuple((t.name, t.inserted, t.updated, t.removed, t.unchanged, "; ".join(t.structure)) for t in plan.tabs)
    units = ("text", "count", "count", "count", "count", "text")
    print_table(Table(("tab", "inserted", "updated", "removed", "unchanged", "structure"), rows, units))
    for edit in plan.edits:
        console.print(f"{edit.tab}!{edit.words}", markup=False, style="yellow")
    for refusal in plan.refusals:
        console.print(f"{refusal.code} {refusal.message}", markup=False, style="red")
        console.print(f"        {refusal.hint}", markup=False)
    for orphan in plan.orphans:
        console.print(
            f"{orphan} is on the spreadsheet and no longer in the report; it is left as it stands.", markup=False
        )
    console.print(plan.summary if not plan.empty else f"Nothing to do · {plan.url}", markup=False)
