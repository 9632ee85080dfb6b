"""A drop-in that tells a Microsoft Teams channel through a workflow, which takes adaptive cards and no plain text.

It shows ``register_alert_channels``. Copy it into your project's ``plugins/`` folder, name it under ``[plugins] enabled``,
and give it the workflow's address (a secret) in revalign.toml::

    [alerts.teamscard]
    webhook = "$env:TEAMS_WORKFLOW"

Try it with: revalign alerts test
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import requests

from revalign_udf.errors import Fatal, Retriable
from revalign_udf.hookspecs import AlertChannel, hookimpl

#: seconds to connect, and to wait for the answer
TIMEOUT = (5, 10)


class TeamsCard:
    """Posts one adaptive card per message."""

    name = "teamscard"

    def send(self, title: str, lines: Sequence[str], settings: Mapping[str, Any]) -> None:
        """Send. Raises Fatal REV-506 without an address or when Teams refuses, Retriable REV-505 when it is busy."""
        address = str(settings.get("webhook") or "")
        if not address.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise Fatal(
                "The alert channel teamscard has no https address.", hint="Set webhook under [alerts.teamscard]."
            )
        texts = [{"type": "TextBlock", "text": line, "wrap": True} for line in lines if line.strip() and line != title]
        card = {
            "type": "AdaptiveCard", "version": "1.4", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "body": [{"type": "TextBlock", "text": title, "weight": "Bolder", "wrap": True}, *texts],
        }  # fmt: skip
        message = {
            "type": "message",
            "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
        }
        try:
            answer = requests.post(address, json=message, timeout=TIMEOUT, allow_redirects=False)
        except requests.RequestException as error:
            # the library's own text holds the address
            raise Retriable(f"Teams was not reached: {type(error).__name__}.") from None
        if answer.status_code == 429 or answer.status_code >= 500:
            raise Retriable(f"Teams answered {answer.status_code}.")
        if not answer.ok or answer.is_redirect:
            raise Fatal(
                f"Teams refused with {answer.status_code}.", hint="Make a new workflow, and put its address in."
            )


@hookimpl
def register_alert_channels() -> Sequence[AlertChannel]:
    """The channel of this plugin, under the plugin's own name."""
    return [TeamsCard()]
