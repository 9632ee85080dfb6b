"""A project's settings: ``revalign.toml``, read strictly, with the origin of every value."""

from revalign_udf.config.model import (
    ALERT_KINDS,
    Alerts,
    Company,
    Definitions,
    PluginSettings,
    Project,
    Schedule,
    SheetSettings,
    Source,
)
from revalign_udf.config.objects import FOLDER, OBJECTS, read_objects, rows_for
from revalign_udf.config.reading import SETTINGS_FILE, find_project, load
from revalign_udf.config.secrets import is_reference, looks_secret, resolve, store_secret

__all__ = [
    "ALERT_KINDS",
    "FOLDER",
    "OBJECTS",
    "SETTINGS_FILE",
    "Alerts",
    "Company",
    "Definitions",
    "PluginSettings",
    "Project",
    "Schedule",
    "SheetSettings",
    "Source",
    "find_project",
    "is_reference",
    "load",
    "looks_secret",
    "read_objects",
    "resolve",
    "rows_for",
    "store_secret",
]
