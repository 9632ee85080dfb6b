"""Who has to be told what, and the test of every channel."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from revalign_udf.alerts.digest import Notice, digest, distinct, headline
from revalign_udf.alerts.mail import Mail
from revalign_udf.alerts.plugged import PluginChannel
from revalign_udf.alerts.state import fingerprint, known, mark_of, remember
from revalign_udf.alerts.webhook import Webhook
from revalign_udf.config import Alerts, is_reference, resolve
from revalign_udf.errors import ConfigError, Retriable, RevalignError, did_you_mean
from revalign_udf.hookspecs import AlertChannel

__all__ = ["Channel", "channels_of", "tell", "try_channels"]

#: seconds before the only other attempt
_PAUSE = 0.5


class Channel(Protocol):
    """A way to tell people something."""

    @property
    def receivers(self) -> Mapping[str, str]:
        """What tells receivers apart (a secret) -> their names for people."""

    def send(self, subject: str, text: str, receivers: Sequence[str]) -> Mapping[str, RevalignError]:
        """Send to some receivers; those it did not reach, with the reason."""


def channels_of(
    alerts: Alerts, plugins: Mapping[str, AlertChannel] | None = None
) -> tuple[list[Channel], list[RevalignError]]:
    """The channels of the settings, and what keeps one from being used, such as a secret nobody finds.

    ``plugins`` are the channels that plugins bring, for those that ``[alerts.NAME]`` chooses.
    """
    found: list[Channel] = []
    problems: list[RevalignError] = []
    if alerts.webhook:
        try:
            found.append(Webhook(_secret(alerts.webhook, "alerts.webhook")))
        except RevalignError as error:
            problems.append(error)
    if alerts.email:
        try:
            found.append(Mail(_secret(alerts.smtp, "alerts.smtp"), alerts.email, alerts.sender))
        except RevalignError as error:
            problems.append(error)
    for name, settings in alerts.channels.items():
        try:
            found.append(_of_plugin(name, settings, plugins or {}))
        except RevalignError as error:
            problems.append(error)
    return found, problems


def _of_plugin(name: str, settings: Mapping[str, Any], plugins: Mapping[str, AlertChannel]) -> PluginChannel:
    if name not in plugins:
        near = did_you_mean(name, plugins)
        raise ConfigError(
            f"[alerts.{name}] names a channel that no enabled plugin brings.", code="REV-302",
            hint=f"Did you mean {near}?" if near else "Name its plugin in [plugins] enabled.",
        )  # fmt: skip
    values = {key: _secret(value, f"alerts.{name}.{key}") if isinstance(value, str) else value
              for key, value in settings.items()}  # fmt: skip
    return PluginChannel(plugins[name], values)


def tell(
    project_folder: Path, notices: Sequence[Notice], channels: Sequence[Channel], name: str = ""
) -> list[RevalignError]:
    """Tell every receiver that does not know yet, in one message; what could not be delivered, with the reason.

    Nothing is sent while the set of problems is the one a receiver was last told, in whatever order; once they are gone,
    that is said once. What could not be delivered counts as unsaid, so the next run tries again. ``name`` is whose
    problems these are. Raises StoreError REV-804 when what was said cannot be kept.
    """
    lines = distinct(notices)
    mark, told, before = mark_of(lines), known(project_folder), known(project_folder)
    problems: list[RevalignError] = []
    for channel in channels:
        # neither the address of a channel nor a person's is written down
        keys = {receiver: fingerprint(receiver) for receiver in channel.receivers}
        waiting = [receiver for receiver, key in keys.items() if told.get(key, "") != mark]
        if not waiting:
            continue
        failed = _send(channel, headline(lines, name), digest(lines, name), waiting)
        told |= {keys[receiver]: mark for receiver in waiting if receiver not in failed}
        problems += dict.fromkeys(failed.values())
    if told != before:
        remember(project_folder, told)
    return problems


def try_channels(channels: Sequence[Channel], name: str = "") -> list[tuple[str, RevalignError | None]]:
    """Send a test message to every receiver: its name, and the reason where it was not reached. Nothing is remembered."""
    subject = f"{headline((), name).rpartition(':')[0]}: a test"
    text = f"{subject}\nAlerts reach you. Nothing is wrong, and nothing has to be done."
    found: list[tuple[str, RevalignError | None]] = []
    for channel in channels:
        failed = _send(channel, subject, text, list(channel.receivers))
        found += [(shown, failed.get(receiver)) for receiver, shown in channel.receivers.items()]
    return found


def _send(channel: Channel, subject: str, text: str, receivers: Sequence[str]) -> Mapping[str, RevalignError]:
    """Send; where trying again may help, once more."""
    failed = channel.send(subject, text, receivers)
    again = [receiver for receiver, error in failed.items() if isinstance(error, Retriable)]
    if not again:
        return failed
    time.sleep(_PAUSE)
    still = channel.send(subject, text, again)
    return {**{receiver: error for receiver, error in failed.items() if receiver not in again}, **still}


def _secret(value: str, where: str) -> str:
    return resolve(value, where) if is_reference(value) else value
