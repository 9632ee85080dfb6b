"""A channel that a plugin brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from revalign_udf.errors import Fatal, RevalignError, redact
from revalign_udf.hookspecs import AlertChannel

__all__ = ["PluginChannel"]


class PluginChannel:
    """A plugin's way to tell people, with the settings of ``[alerts.NAME]``. It is its own only receiver."""

    def __init__(self, channel: AlertChannel, settings: Mapping[str, Any]) -> None:
        self._channel, self._settings = channel, settings

    @property
    def receivers(self) -> Mapping[str, str]:
        """One receiver: the channel by its name."""
        return {f"plugin {self._channel.name}": self._channel.name}

    def send(self, subject: str, text: str, receivers: Sequence[str]) -> Mapping[str, RevalignError]:
        """Send; what a plugin raises is the reason why it was not told. Secrets of the settings are kept out of it."""
        try:
            self._channel.send(subject, text.splitlines(), self._settings)
        except RevalignError as error:
            return dict.fromkeys(receivers, error)
        except Exception as error:  # noqa: BLE001 - a plugin may fail in any way
            hidden = [str(value) for value in self._settings.values() if isinstance(value, str) and len(value) > 7]
            reason = redact(f"{type(error).__name__}: {error}", hidden)
            return dict.fromkeys(receivers, Fatal(f"The alert channel {self._channel.name} failed: {reason}"))
        return {}
