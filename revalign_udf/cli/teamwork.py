"""winloss, content, priorities, review: what teams look at together."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from revalign_udf.alignment import content, priorities, winloss
from revalign_udf.alignment.review import review
from revalign_udf.cli.commission import rows_of, show
from revalign_udf.cli.common import Asked, ask, cut_options, guarded, json_option, project_option
from revalign_udf.cli.output import console, number, print_json, print_table
from revalign_udf.query import Answer, Table

__all__ = ["content_command", "priorities_command", "review_command", "winloss_command"]


@click.command("winloss")
@click.argument("period", default="LAST_QUARTER")
@click.option("--top", default=10, show_default=True, help="Deals listed of each outcome.")
@cut_options
@project_option
@json_option
@guarded
def winloss_command(period: str, top: int, asked: Asked, project: Path, as_json: bool) -> None:
    """The largest deals won and lost in a PERIOD (default LAST_QUARTER), and why and against whom.

    For example: revalign winloss 2026-Q3 --where segment=SMB
    """
    query = ask(project)
    largest = winloss.largest(query, period, top, asked.where, **asked.view)
    reasons = winloss.reasons(query, period, asked.where, **asked.view)
    if as_json:
        return print_json({**largest.as_json(), "reasons": rows_of(reasons)})
    show(largest, f"Largest wins and losses · {largest.period}", ("system", "customer"))
    return show(reasons, "\nBy reason and competitor")


@click.command("content")
@click.argument("period", default="THIS_MONTH")
@click.option(
    "--days", default=180, show_default=True, help="Days without use or review after which an asset is stale."
)
@project_option
@json_option
@guarded
def content_command(period: str, days: int, project: Path, as_json: bool) -> None:
    """Which stage and profile has no content, and which assets are stale at the end of a PERIOD (default THIS_MONTH).

    For example: revalign content --days 90
    """
    query = ask(project)
    grid, assets, share = (tell(query, period, days) for tell in (content.coverage, content.assets, content.stale))
    if as_json:
        more = {"assets": rows_of(assets), "stale_share": share.value, "stale_status": share.status}
        return print_json({**grid.as_json(), **more})
    show(grid, f"Content by stage and profile · {grid.period}")
    if assets.rows is None:
        return None
    place = assets.rows.columns.index("state")
    old = tuple(row for row in assets.rows.rows if row[place] != "fresh")
    print_table(Table(assets.rows.columns, old, assets.rows.units), f"\nStale, or of unknown age ({len(old)})")
    shown = number(share.value, share.unit) or share.message
    return console.print(f"Stale: {shown}", markup=False)


@click.command("priorities")
@click.argument("period", default="LAST_MONTH")
@project_option
@json_option
@guarded
def priorities_command(period: str, project: Path, as_json: bool) -> None:
    """What the heads' priorities share and what they believe they share (alignment/priorities.toml: team, priority, topic,
    believes_match); and whom each team is looking for (alignment/profiles.toml: team, trait, value), with how many of the
    successful and worst customers of a PERIOD (default LAST_MONTH) fit it.

    For example: revalign priorities 2026-09
    """
    query = ask(project)
    shared = priorities.overlap(query)
    traits, pairs = priorities.profiles(query)
    fit = priorities.profile_fit(query, period)
    if as_json:
        more = {"profiles": rows_of(traits), "profile_overlap": rows_of(pairs), "profile_fit": rows_of(fit)}
        return print_json({**shared.as_json(), **more})
    show(shared, "Priorities")
    show(traits, "\nWhom each team looks for")
    show(pairs, "\nOverlap of the profiles")
    return show(fit, f"\nHow they fit the customers · {fit.period}")


@click.command("review")
@click.argument("period", default="THIS_QUARTER")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="Day of the meeting; default: in five business days.")
@project_option
@json_option
@guarded
def review_command(period: str, on: datetime | None, project: Path, as_json: bool) -> None:
    """One page for the heads: pace against the goals of a PERIOD (default THIS_QUARTER), promises, KPIs, definitions,
    drift, content, priorities. One failing part fails all; limits are in alignment/review.toml (part, limit).

    For example: revalign review 2026-Q3 --on 2026-10-09
    """
    query = ask(project)
    day: date | None = on.date() if on else None
    found = review(query, period, day)
    if as_json:
        return print_json(found.as_json())
    console.print(f"Review · {found.period} · {found.status.upper()}", markup=False, style="bold")
    rows = tuple(
        (row["part"], row["what"], number(row["value"], str(row["unit"])), row["limit"], row["status"], row["detail"])
        for row in found.parts.dicts()
    )
    print_table(Table(("part", "what", "value", "limit", "status", "detail"), rows))
    _show_pace(found.pace, query.currency)
    return print_table(found.checklist, "\nWhat to bring")


def _show_pace(pace: Answer, currency: str) -> None:
    """Pace with every number in the unit of its own row."""
    if pace.rows is None:
        return show(pace, "\nPace")
    rows = tuple(
        (row["label"], *(number(row[name], str(row["unit"]), currency) for name in ("so_far", "goal")),
         row["share_reached"], row["days_gone"], number(row["forecast"], str(row["unit"]), currency), row["status"],
         row["note"])
        for row in pace.rows.dicts()
    )  # fmt: skip
    columns = ("stage", "so far", "goal", "reached", "days gone", "forecast", "status", "")
    return print_table(Table(columns, rows, ("text", "text", "text", "rate", "rate", "text", "text", "text")), "\nPace")
