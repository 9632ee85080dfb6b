"""What the settings say, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any, Literal

from revalign_udf.periods import Calendar

__all__ = [
    "ALERT_KINDS",
    "Alerts",
    "Company",
    "Definitions",
    "DimensionSettings",
    "PluginSettings",
    "Project",
    "Schedule",
    "ServerSettings",
    "SheetSettings",
    "Source",
]


@dataclass(frozen=True, slots=True)
class Company:
    """``[company]``: whose numbers these are."""

    name: str = "My company"
    currency: str = "USD"
    time_zone: str = "UTC"
    fiscal_year_start: int = 1
    fiscal_weeks: str = ""
    """``4-4-5``, ``4-5-4`` or ``5-4-4``: the fiscal year is counted in weeks; empty: in calendar months"""
    fiscal_year_end_day: str = "saturday"
    """the weekday on which a year of weeks ends"""
    fiscal_year_end: str = "last"
    """``last``: on the last such day of the year's last month; ``nearest``: on the one nearest to that month's end"""

    @property
    def calendar(self) -> Calendar:
        """How the company names its periods."""
        return Calendar(self.fiscal_year_start, self.fiscal_weeks, self.fiscal_year_end_day, self.fiscal_year_end)


@dataclass(frozen=True, slots=True)
class Source:
    """``[source.NAME]``: one connection. ``settings`` are the connector's own, secrets still references."""

    name: str
    connector: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SheetSettings:
    """``[sheets.NAME]``: one Google Sheet to keep in step. ``key`` is the spreadsheet's key or its address."""

    name: str
    key: str
    layout: str = "saas_metrics"
    key_file: str = ""
    """the service account's JSON key, or for ``adc`` a credential configuration; a path, from the project folder when it
    is not absolute, or a reference such as ``$env:NAME`` to where the path is kept"""
    base_url: str = ""
    """another server that speaks the Sheets API (the local one); empty: Google"""
    auth: str = ""
    """how to sign in: ``service_account``, ``oauth`` (a person) or ``adc`` (what the place we run at offers, workload
    identity among it); empty: ``oauth`` with a ``client_file``, else ``service_account``"""
    client_file: str = ""
    """the OAuth client of the kind "Desktop app"; written like ``key_file``"""
    impersonate: str = ""
    """the address of a service account to act as, through the IAM credentials service"""
    subject: str = ""
    """the address of a person a service account acts for, where domain-wide delegation allows it"""
    max_delete: float = 0.3
    """share of a block's rows (0 to 1) that one sync may take away before it asks"""
    tabs: tuple[str, ...] = ()
    """keys of the layout's tabs to keep in step; empty: all"""

    @property
    def sign_in(self) -> str:
        """``auth``, or what follows from the other keys."""
        return self.auth or ("oauth" if self.client_file else "service_account")


@dataclass(frozen=True, slots=True)
class PluginSettings:
    """``[plugins]``: what is enabled besides the packaged connectors, what is not, and the drop-in folder."""

    enabled: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    folder: str = "plugins"
    pins: Mapping[str, str] = field(default_factory=dict)
    """drop-in -> ``sha256:...`` of the file that may run under its name"""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """``[server]``: whose sign-in a team's server takes, by which names it answers, and which other pages may ask."""

    issuer: str = ""
    """the address of the company's OpenID Connect provider; empty: the server's own token only"""
    audience: str = ""
    """the id of this application at the provider"""
    jwks_url: str = ""
    roles_claim: str = "roles"
    host_names: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Definitions:
    """``[definitions]``: choices among the catalogue's readings."""

    profile: str = "default"
    revenue_source: str = ""
    """``sales_order`` or ``invoice``; empty: sales_order when the project has that table, else invoice"""
    lifetime_years: float | None = None
    constant_rate_on: date | None = None
    """the day whose exchange rates the profile ``constant_rate`` takes; empty: the snapshot's as-of day"""


@dataclass(frozen=True, slots=True)
class DimensionSettings:
    """``[dimension.NAME]``: something to cut by, read from a column or custom field of a canonical table."""

    name: str
    table: str
    key: str
    label: str = ""
    kind: Literal["text", "number", "date", "boolean"] = "text"


#: what people can be told of: something failed; teams do not keep an agreement; a sync refused to destroy something
ALERT_KINDS = ("failure", "breach", "guard")


@dataclass(frozen=True, slots=True)
class Alerts:
    """``[alerts]``: who is told when something is wrong, and of which kinds of problems."""

    webhook: str = ""
    """a chat channel's address for incoming messages, or a secret reference to it"""
    email: tuple[str, ...] = ()
    smtp: str = ""
    """``smtps://user:password@host:465``, ``smtp://host:587`` or a secret reference to such an address"""
    sender: str = ""
    """``from``: the address mail comes from; empty: the user of ``smtp``"""
    on: tuple[str, ...] = ALERT_KINDS
    channels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """``[alerts.NAME]``: channels that plugins bring, by name, with their settings"""


@dataclass(frozen=True, slots=True)
class Schedule:
    """``[schedule]``: when a run begins by itself, in the company's time zone.

    Either every so many ``minutes`` counted from midnight, or ``at`` certain times of day; on some ``days`` (0 is Monday)
    or, without any, on all.
    """

    minutes: int = 0
    at: tuple[time, ...] = ()
    days: tuple[int, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is planned."""
        return bool(self.minutes or self.at)


@dataclass(frozen=True, slots=True)
class Project:
    """A project folder and everything its settings say. ``origins`` maps ``company.currency`` to where it came from."""

    folder: Path
    company: Company = Company()
    sources: Mapping[str, Source] = field(default_factory=dict)
    sheets: Mapping[str, SheetSettings] = field(default_factory=dict)
    plugins: PluginSettings = PluginSettings()
    definitions: Definitions = Definitions()
    dimensions: tuple[DimensionSettings, ...] = ()
    workbooks: tuple[str, ...] = ("saas_metrics",)
    keep_snapshots: int = 30
    memory_limit: str = "1GB"
    as_of: date | None = None
    alerts: Alerts = Alerts()
    origins: Mapping[str, str] = field(default_factory=dict)
    server: ServerSettings = ServerSettings()
    schedule: Schedule = Schedule()

    @property
    def data(self) -> Path:
        """Where the store lives."""
        return self.folder / ".revalign"

    @property
    def snapshots(self) -> Path:
        """Where published snapshots live."""
        return self.folder / ".revalign" / "snapshots"

    @property
    def output(self) -> Path:
        """Where workbooks are written."""
        return self.folder / "output"
