"""Every error Revalign raises, and the one "did you mean" helper.

An error carries a stable code (``REV-101``), says what happened and, in ``hint``, what to do next.
The first digit names the family:

======= ==========================================================================
code    meaning
======= ==========================================================================
REV-1xx a question that cannot be answered as asked: names, periods, arguments
REV-2xx no number to give: no data, no snapshot, no rate
REV-3xx the project's settings
REV-4xx who may ask
REV-5xx connectors and the rows they bring
REV-6xx plugins
REV-7xx spreadsheets and workbooks
REV-8xx the store and the disk
REV-9xx our bug
======= ==========================================================================
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

__all__ = [
    "BadRecord",
    "ConfigError",
    "ConnectorError",
    "Fatal",
    "InternalError",
    "NoData",
    "PluginProblem",
    "Retriable",
    "RevalignError",
    "StoreError",
    "SurfaceError",
    "Undefined",
    "Undivided",
    "UnknownName",
    "UserError",
    "cell_error",
    "did_you_mean",
    "redact",
]

#: Code -> what it means, in one line. The reference page and a test are built from it.
CODES: dict[str, str] = {
    "REV-101": "unknown metric, field, value or function, or a period that cannot be read",
    "REV-102": "wrong number or kind of arguments",
    "REV-103": "this metric cannot be cut by that dimension",
    "REV-104": "an amount that cannot be shown in another currency or at other rates",
    "REV-105": "a period that cannot be closed or reopened as asked",
    "REV-106": "a definition that cannot be signed or compared as asked",
    "REV-110": "undefined ratio: the denominator is zero (or, for growth, zero or negative)",
    "REV-111": "a lifetime without a unit",
    "REV-112": "text, a blank or a true/false where a number belongs",
    "REV-113": "never: no positive contribution pays the cost back",
    "REV-114": "a number outside the range in which the question makes sense",
    "REV-201": "the tables this metric needs hold no rows",
    "REV-204": "no data for this period or slice",
    "REV-205": "nothing has been published yet",
    "REV-206": "no snapshot is old enough for the asked as-of date",
    "REV-207": "a snapshot is damaged",
    "REV-208": "an exchange rate is missing",
    "REV-209": "too few observations for an honest estimate",
    "REV-301": "no project, or its settings file cannot be read",
    "REV-302": "unknown or misplaced setting",
    "REV-303": "a secret written into the settings file",
    "REV-304": "a referenced secret cannot be found",
    "REV-305": "a setting of the wrong kind",
    "REV-306": "the folder is not empty or already a project",
    "REV-401": "not signed in",
    "REV-403": "not allowed",
    "REV-408": "the Revalign server cannot be reached, or is asked too much for now",
    "REV-501": "a source's file, folder or address cannot be found",
    "REV-502": "a required column is missing",
    "REV-503": "a value of the wrong kind",
    "REV-504": "two rows with one key",
    "REV-505": "a source is busy or failed for now; trying again may help",
    "REV-506": "a source refuses us or has changed",
    "REV-507": "an unknown table, column or stage in a source",
    "REV-508": "a source failed in a way its connector did not expect",
    "REV-509": "a list of keys that would take away most of a table",
    "REV-510": "a source did not end in its time",
    "REV-511": "a state written by another version of a connector",
    "REV-601": "a plugin cannot be loaded",
    "REV-602": "two plugins claim one name",
    "REV-603": "no plugin provides that connector",
    "REV-604": "a plugin breaks the contract",
    "REV-605": "a drop-in is not the file that was pinned",
    "REV-701": "a report layout cannot be read",
    "REV-702": "the spreadsheet cannot be reached or is not shared",
    "REV-703": "the sync would destroy what people wrote",
    "REV-704": "a workbook cannot be written or read",
    "REV-705": "a sheet and the engine disagree",
    "REV-706": "a sync would empty a large part of a sheet",
    "REV-801": "the store cannot be opened or written",
    "REV-802": "another run is writing",
    "REV-803": "the store was made by other settings or a newer version",
    "REV-804": "the disk is full or read-only",
    "REV-901": "our bug",
}


class RevalignError(Exception):
    """Base of everything Revalign raises on purpose.

    ``code`` is one of :data:`CODES`; ``hint`` says what to do next and may be empty.
    """

    default_code = "REV-901"
    #: what a spreadsheet cell shows; see ``cell_error``.
    default_cell = "#VALUE!"

    def __init__(self, message: str, *, code: str | None = None, hint: str = "", cell: str | None = None) -> None:
        self.code = code or self.default_code
        self.message = message
        self.hint = hint
        self.cell = cell or self.default_cell
        super().__init__(message)

    def __str__(self) -> str:
        text = f"{self.code} {self.message}"
        return f"{text} {self.hint}" if self.hint else text


class UserError(RevalignError):
    """Something a person can put right; the message says how."""

    default_code = "REV-102"


class ConfigError(UserError):
    """The project's settings cannot be used; lists every place looked in."""

    default_code = "REV-302"


class UnknownName(UserError):
    """A name nobody declared, with the nearest ones that exist."""

    default_code = "REV-101"

    def __init__(
        self, kind: str, name: object, known: Iterable[str] = (), *, code: str | None = None, hint: str = ""
    ) -> None:
        self.kind, self.name = kind, str(name)
        self.suggestion = did_you_mean(self.name, known)
        parts = [f"Did you mean {self.suggestion}?"] if self.suggestion else []
        parts += [hint] if hint else []
        super().__init__(f'Unknown {kind} "{name}".', code=code, hint=" ".join(parts))


class NoData(UserError):
    """The question is sound and there is no number to answer it with. Never answered by a made-up 0."""

    default_code = "REV-204"
    default_cell = "#N/A"


class Undivided(NoData):
    """There is something, and no record says how much of it is the slice's that was asked for."""


class Undefined(UserError):
    """The arithmetic has no result: a ratio over zero, growth from nothing."""

    default_code = "REV-110"
    default_cell = "#DIV/0!"


class StoreError(UserError):
    """The store or the disk does not let us work."""

    default_code = "REV-801"
    default_cell = "#N/A"


class SurfaceError(UserError):
    """A spreadsheet, workbook or layout cannot be used."""

    default_code = "REV-704"


class ConnectorError(RevalignError):
    """A source failed. Subclasses say whether trying again can help."""

    default_code = "REV-508"


class Retriable(ConnectorError):
    """Busy, limited, timed out: the same call may work later. ``retry_after``: seconds, when the source said so."""

    default_code = "REV-505"

    def __init__(
        self, message: str, *, code: str | None = None, hint: str = "", retry_after: float | None = None
    ) -> None:
        self.retry_after = retry_after
        super().__init__(message, code=code, hint=hint)


class Fatal(ConnectorError):
    """Refused, missing or changed: somebody has to act before it can work."""

    default_code = "REV-506"


class BadRecord(ConnectorError):
    """One record cannot be used. It is counted and listed, never dropped in silence."""

    default_code = "REV-503"


class PluginProblem(RevalignError):
    """A plugin that cannot be used. Collected by discovery and shown, never raised out of it."""

    default_code = "REV-601"

    def __init__(self, plugin: str, origin: str, message: str, *, code: str | None = None, hint: str = "") -> None:
        self.plugin, self.origin = plugin, origin
        super().__init__(message, code=code, hint=hint)


class InternalError(RevalignError):
    """Our bug. Please report it."""

    def __init__(self, message: str) -> None:
        super().__init__(message, hint="This is a bug in Revalign; please report it with the command you ran.")


def cell_error(error: BaseException) -> tuple[str, str]:
    """What a cell shows for an error, and the message beside it.

    >>> cell_error(Undefined("nothing at the start of the period"))
    ('#DIV/0!', 'REV-110 nothing at the start of the period')
    """
    if isinstance(error, RevalignError):
        return error.cell, str(error)
    return "#VALUE!", f"REV-901 {type(error).__name__}: {error}"


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The declared name nearest to a mistyped one, or None when nothing is near.

    >>> did_you_mean("nnr", ["nrr", "grr", "logo_churn"])
    'nrr'
    >>> did_you_mean("Logo churn", ["nrr", "grr", "logo_churn"])
    'logo_churn'
    """

    def fold(text: str) -> str:
        return re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")

    folded: dict[str, str] = {}
    for item in known:
        folded.setdefault(fold(item), item)
    wanted = fold(name)
    if wanted in folded:
        return folded[wanted]
    near = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.6)
    if near:
        return folded[near[0]]
    begins = sorted(key for key in folded if wanted and (key.startswith(wanted) or wanted.startswith(key)))
    return folded[begins[0]] if begins else None


_SECRETS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',;&]{6,}"), r"\1 ***"),
    (
        re.compile(
            r"(?i)\b((?:api[_-]?key|token|secret|password|passwd)[\"']?\s*[=:]\s*[\"']?)(?!\$(?:env|keyring):)[^\s\"',;&]{6,}"
        ),
        r"\1***",
    ),
)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with known secrets, and whatever looks like one, replaced by ``***``.

    >>> redact("GET failed: Authorization: Bearer sk_live_abcdef")
    'GET failed: Authorization: Bearer ***'
    """
    for secret in sorted((item for item in secrets if len(item) >= 4), key=len, reverse=True):
        text = text.replace(secret, "***")
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text
