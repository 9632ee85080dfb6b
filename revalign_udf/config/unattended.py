"""``[schedule]`` and ``[alerts]``: when runs begin by themselves, and who is told when something is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time
from typing import Any
from urllib.parse import urlsplit

from revalign_udf.config.model import ALERT_KINDS, Alerts, Schedule
from revalign_udf.config.secrets import is_reference
from revalign_udf.errors import ConfigError, did_you_mean

__all__ = ["DAYS", "every", "minutes_of", "read_alerts", "read_schedule"]

#: the days of the week as they are written, Monday first
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {"m": 1, "h": 60, "d": 24 * 60}
_DAY = 24 * 60
_MOST_TIMES = 96
_ADDRESS = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+")


def read_schedule(path: str, raw: Mapping[str, Any]) -> Schedule:
    """The section ``[schedule]``.

    Raises ConfigError REV-305 for a time, day or interval that means nothing, REV-302 for keys that do not go together.
    """
    interval, times, days = raw.get("every", ""), _listed(raw.get("at", ())), _listed(raw.get("days", ()))
    if "every" in raw and "at" in raw:
        raise ConfigError(
            f"{path}: schedule.every and schedule.at both say when to run.", code="REV-302", hint="Keep one of them."
        )
    if "days" in raw and not ("every" in raw or "at" in raw):
        raise ConfigError(
            f"{path}: schedule.days says on which days, and nothing says when.",
            code="REV-302",
            hint='Add at = ["07:00"] or every = "1h".',
        )
    for name, found in (("at", times), ("days", days)):
        if name in raw and not found:
            raise ConfigError(
                f"{path}: schedule.{name} is an empty list.", code="REV-305", hint="Name at least one, or take it out."
            )
    if len(times) > _MOST_TIMES:
        raise ConfigError(
            f"{path}: schedule.at names {len(times)} times.",
            code="REV-305",
            hint='Write every = "15m" for such a plan.',
        )
    return Schedule(
        minutes_of(interval, f"{path}: schedule.every") if "every" in raw else 0,
        tuple(sorted({_time(item, f"{path}: schedule.at") for item in times})),
        tuple(sorted({_day(item, f"{path}: schedule.days") for item in days})),
    )


def minutes_of(text: str, where: str) -> int:
    """An interval in minutes: ``15m``, ``1h``, ``1d``. It divides the day, so that runs come at the same times each day.

    Raises ConfigError REV-305 naming ``where`` it was written.

    >>> minutes_of("90m", "here"), minutes_of("1d", "here")
    (90, 1440)
    """
    found = re.fullmatch(r"(\d{1,6})\s*([mhd])", text.strip().lower())
    if not found or not int(found[1]):
        raise ConfigError(
            f'{where} must be an interval such as "15m", "1h" or "1d", not {text!r}.', code="REV-305",
            hint="A number and m (minutes), h (hours) or d (a day).",
        )  # fmt: skip
    minutes = int(found[1]) * _UNITS[found[2]]
    if minutes > _DAY:
        raise ConfigError(
            f'{where} is "{text}", and the longest interval is a day.', code="REV-305",
            hint='Name the days instead: at = ["07:00"], days = ["mon"].',
        )  # fmt: skip
    if _DAY % minutes:
        fitting = [item for item in range(1, _DAY + 1) if _DAY % item == 0]
        nearest = (max(item for item in fitting if item < minutes), min(item for item in fitting if item > minutes))
        raise ConfigError(
            f'{where} is "{text}", which does not divide a day, so that each day would have other times.', code="REV-305",
            hint=f"Near it: {' or '.join(every(item) for item in nearest)}.",
        )  # fmt: skip
    return minutes


def every(minutes: int) -> str:
    """An interval as it is written.

    >>> every(90), every(120), every(1440)
    ('90m', '2h', '1d')
    """
    unit = "d" if minutes == _DAY else "h" if minutes % 60 == 0 else "m"
    return f"{minutes // _UNITS[unit]}{unit}"


def read_alerts(path: str, raw: Mapping[str, Any]) -> Alerts:
    """The section ``[alerts]``.

    Raises ConfigError REV-305 for an address or a kind that means nothing, REV-302 for keys that need another one,
    REV-303 for a password written into the file.
    """
    people, kinds = _listed(raw.get("email", ())), _listed(raw.get("on", ALERT_KINDS))
    sender, smtp = raw.get("from", ""), raw.get("smtp", "")
    for name, items in (("email", people), ("from", (sender,) if sender else ())):
        for item in items:
            if not isinstance(item, str) or not _ADDRESS.fullmatch(item):
                raise ConfigError(
                    f'{path}: alerts.{name} must be an address such as "finance@example.com", not {item!r}.',
                    code="REV-305",
                )
    for kind in kinds:
        if kind not in ALERT_KINDS:
            near = did_you_mean(str(kind), ALERT_KINDS)
            raise ConfigError(
                f"{path}: alerts.on must name kinds of problems, not {kind!r}.", code="REV-305",
                hint=f"Did you mean {near}?" if near else f"There are {', '.join(ALERT_KINDS)}.",
            )  # fmt: skip
    if bool(people) != bool(smtp) or (sender and not people):
        have, want = ("email", "smtp") if people else ("smtp" if smtp else "from", "email")
        line = 'smtp = "$env:REVALIGN_SMTP"' if want == "smtp" else 'email = ["finance@example.com"]'
        raise ConfigError(f"{path}: alerts.{have} needs alerts.{want}.", code="REV-302", hint=f"Add {line}.")
    if smtp and not is_reference(smtp) and _has_password(smtp):
        raise ConfigError(
            f"{path}: alerts.smtp holds a secret in plain text.", code="REV-303",
            hint='Write smtp = "$env:REVALIGN_SMTP" and set that variable. Then change the secret: it has been in a file.',
        )  # fmt: skip
    return Alerts(raw.get("webhook", ""), tuple(dict.fromkeys(people)), smtp, sender, tuple(dict.fromkeys(kinds)))


def _has_password(address: str) -> bool:
    try:
        return bool(urlsplit(address).password)
    except ValueError:
        return True  # it cannot be read, so nobody can say


def _listed(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _time(value: Any, where: str) -> time:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", value.strip()) if isinstance(value, str) else None
    if found and int(found[1]) < 24 and int(found[2]) < 60:
        return time(int(found[1]), int(found[2]))
    if isinstance(value, time) and value == value.replace(second=0, microsecond=0):
        return value
    raise ConfigError(f'{where} must be a list of times such as "07:00" or "18:30", not {value!r}.', code="REV-305")


def _day(value: Any, where: str) -> int:
    text = value.strip().lower() if isinstance(value, str) else ""
    for names in (DAYS, _LONG):
        if text in names:
            return names.index(text)
    near = did_you_mean(text, [*DAYS, *_LONG]) if text else ""
    raise ConfigError(
        f'{where} must be a list of days such as "mon", not {value!r}.', code="REV-305",
        hint=f"Did you mean {near}?" if near else f"There are {', '.join(DAYS)}.",
    )  # fmt: skip
