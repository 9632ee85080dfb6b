"""alerts: who is told when something is wrong."""

from __future__ import annotations

from pathlib import Path

import click

from revalign_udf.alerts import channels_of, try_channels
from revalign_udf.cli.common import PROBLEM, guarded, json_option, project_option, settings
from revalign_udf.cli.output import console, print_json
from revalign_udf.errors import RevalignError, redact
from revalign_udf.jobs.steps import plugins_of

__all__ = ["alerts_command"]


@click.group("alerts")
def alerts_command() -> None:
    """Who is told when a run fails, an agreement is not kept, or a sync holds back.

    Channels are named in [alerts] of revalign.toml: webhook = "$env:CHAT_WEBHOOK" (Slack, Teams, Mattermost), and
    email = ["finance@example.com"] with smtp = "$env:REVALIGN_SMTP". A channel that a plugin brings has a table of its
    own, [alerts.NAME], with its settings.
    """


@alerts_command.command("test")
@project_option
@json_option
@guarded
def test_command(project: Path, as_json: bool) -> None:
    """Send a test message to every channel and say whether it went out. Exits 1 when one did not."""
    chosen = settings(project)
    channels, problems = channels_of(
        chosen.alerts, plugins_of(chosen).alert_channels if chosen.alerts.channels else None
    )
    results: list[tuple[str, RevalignError | None]] = [("settings", problem) for problem in problems]
    results += try_channels(channels, chosen.company.name)
    if as_json:
        print_json(
            {
                "channels": [
                    {
                        "channel": name, "sent": error is None, "code": error.code if error else None,
                        "message": redact(f"{error.message} {error.hint}".strip()) if error else None,
                    }
                    for name, error in results
                ]
            }
        )  # fmt: skip
    elif not results:
        console.print('Nobody is told. Add [alerts] webhook = "$env:CHAT_WEBHOOK" to revalign.toml.', markup=False)
    for name, error in () if as_json else results:
        console.print(f"{name}: {error or 'sent'}", markup=False, style="red" if error else None)
    if any(error for _, error in results):
        raise SystemExit(PROBLEM)
