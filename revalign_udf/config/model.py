"""What the settings say, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal

from revalign_udf.periods import Calendar

__all__ = [
    "Company",
    "Definitions",
    "DimensionSettings",
    "PluginSettings",
    "Project",
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
    """``[sheets.NAME]``: one Google Sheet to keep in step."""

    name: str
    key: str
    layout: str = "saas_metrics"
    key_file: str = ""
    base_url: str = ""


@dataclass(frozen=True, slots=True)
class PluginSettings:
    """``[plugins]``: what is enabled besides the packaged connectors, what is not, and the drop-in folder."""

    enabled: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    folder: str = "plugins"


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
    alert_webhook: str = ""
    """where problems of a run are posted; an address or a secret reference"""
    origins: Mapping[str, str] = field(default_factory=dict)
    server: ServerSettings = ServerSettings()

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
