"""Reading ``revalign.toml``: unknown keys, wrong kinds and literal secrets are errors that say what to write."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from revalign_udf.config.model import (
    Company,
    Definitions,
    DimensionSettings,
    PluginSettings,
    Project,
    ServerSettings,
    SheetSettings,
    Source,
)
from revalign_udf.config.secrets import looks_secret
from revalign_udf.config.unattended import read_alerts, read_schedule
from revalign_udf.errors import ConfigError, did_you_mean
from revalign_udf.money import is_currency
from revalign_udf.periods import WEEK_PATTERNS, WEEKDAYS, YEAR_ENDS

__all__ = ["SETTINGS_FILE", "find_project", "load"]

SETTINGS_FILE = "revalign.toml"

#: section -> key -> kind
_SECTIONS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "company": {
        "name": str, "currency": str, "time_zone": str, "fiscal_year_start": int, "fiscal_weeks": str,
        "fiscal_year_end_day": str, "fiscal_year_end": str,
    },
    "plugins": {"enabled": list, "disabled": list, "folder": str, "pins": dict},
    "definitions": {
        "profile": str, "revenue_source": str, "lifetime_years": (int, float), "constant_rate_on": (str, date),
    },
    "snapshots": {"keep": int, "as_of": (str, date)},
    "workbooks": {"reports": list},
    "engine": {"memory_limit": str},
    "alerts": {"webhook": str, "email": (str, list), "smtp": str, "from": str, "on": (str, list)},
    "schedule": {"every": str, "at": (str, list, time), "days": (str, list)},
    "server": {
        "issuer": str, "audience": str, "jwks_url": str, "roles_claim": str, "host_names": list, "origins": list,
    },
}  # fmt: skip
#: keys of a fiscal calendar of weeks
_WEEKS = {"fiscal_weeks": WEEK_PATTERNS, "fiscal_year_end_day": WEEKDAYS, "fiscal_year_end": YEAR_ENDS}
_SHEET: dict[str, type | tuple[type, ...]] = {
    "key": str, "url": str, "layout": str, "key_file": str, "base_url": str, "auth": str, "client_file": str,
    "impersonate": str, "subject": str, "max_delete": (int, float), "tabs": list,
}  # fmt: skip
_SIGN_INS = ("service_account", "oauth", "adc")


_DIMENSION: dict[str, type | tuple[type, ...]] = {"table": str, "key": str, "label": str, "kind": str}
_KINDS = ("text", "number", "date", "boolean")


def find_project(folder: Path) -> Path:
    """The project folder at or above a folder. Raises ConfigError REV-301 listing where it was looked for."""
    start = folder.resolve()
    looked = [start, *start.parents]
    for candidate in looked:
        try:
            if (candidate / SETTINGS_FILE).is_file():
                return candidate
        except OSError as error:
            raise ConfigError(
                f"{candidate} cannot be read: {error.strerror}.",
                code="REV-301",
                hint="Make it readable, or name another.",
            ) from error
    shown = ", ".join(str(item) for item in looked[:4])
    raise ConfigError(
        f"No {SETTINGS_FILE} in {shown}{' ...' if len(looked) > 4 else ''}.",
        code="REV-301",
        hint="Make a project with: revalign init DIR. Or name one with --project DIR.",
    )


def load(folder: Path | str) -> Project:
    """Read a project's settings.

    Raises ConfigError: REV-301 no project or unreadable TOML, REV-302 unknown key, REV-303 a literal secret, REV-305 a
    value of the wrong kind.
    """
    root = find_project(Path(folder))
    path = root / SETTINGS_FILE
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} cannot be read: {error}.", code="REV-301", hint="Correct that line.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}.", code="REV-301") from error
    return _Reader(path).project(raw)


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.origins: dict[str, str] = {}

    def project(self, raw: Mapping[str, Any]) -> Project:
        known = [*_SECTIONS, "source", "sheets", "dimension"]
        for name, value in raw.items():
            if name not in known:
                raise self._unknown(name, known)
            if not isinstance(value, Mapping):
                raise self._kind(name, "a table, written [" + name + "]", value)
        raw, channels = self._channels(raw)
        sections = {name: self._section(name, raw.get(name, {}), keys) for name, keys in _SECTIONS.items()}
        company = self._company(sections["company"])
        plugins = sections["plugins"]
        snapshots = sections["snapshots"]
        self._defaults()
        return Project(
            self.path.parent,
            company,
            {name: self._source(name, value) for name, value in raw.get("source", {}).items()},
            {name: self._sheet(name, value) for name, value in raw.get("sheets", {}).items()},
            PluginSettings(
                self._texts("plugins.enabled", plugins.get("enabled", [])),
                self._texts("plugins.disabled", plugins.get("disabled", [])),
                plugins.get("folder", "plugins"),
                self._pins(plugins.get("pins", {})),
            ),
            self._definitions(sections["definitions"]),
            tuple(self._dimension(name, value) for name, value in raw.get("dimension", {}).items()),
            self._texts("workbooks.reports", sections["workbooks"].get("reports", ["saas_metrics"])),
            self._keep(snapshots.get("keep", 30)),
            self._memory(sections["engine"].get("memory_limit", "1GB")),
            self._date("snapshots.as_of", snapshots.get("as_of")),
            replace(read_alerts(str(self.path), sections["alerts"]), channels=channels),
            self.origins,
            self._server(sections["server"]),
            read_schedule(str(self.path), sections["schedule"]),
        )

    def _channels(self, raw: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, Mapping[str, Any]]]:
        """``[alerts.NAME]``: the channels of plugins, apart from what we know ourselves."""
        alerts = raw.get("alerts", {})
        own = {name: value for name, value in alerts.items() if isinstance(value, Mapping)}
        for name, values in own.items():
            for key, value in values.items():
                self._secret(f"alerts.{name}.{key}", key, value)
        return {**raw, "alerts": {name: value for name, value in alerts.items() if name not in own}}, own

    def _section(self, name: str, raw: Mapping[str, Any], keys: Mapping[str, Any]) -> Mapping[str, Any]:
        for key, value in raw.items():
            if key not in keys:
                raise self._unknown(f"{name}.{key}", [f"{name}.{item}" for item in keys])
            self._secret(f"{name}.{key}", key, value)
            if not isinstance(value, keys[key]) or (isinstance(value, bool) and keys[key] is not bool):
                expected = keys[key]
                kind = " or ".join(item.__name__ for item in (expected if isinstance(expected, tuple) else (expected,)))
                raise self._kind(f"{name}.{key}", kind.replace("str", "text"), value)
            self.origins[f"{name}.{key}"] = str(self.path)
        return raw

    def _pins(self, raw: Mapping[str, Any]) -> Mapping[str, str]:
        for name, value in raw.items():
            if not re.fullmatch(r"sha256:[0-9a-f]{64}", str(value)):
                hint = "revalign plugins install FILE --pin writes it."
                raise self._kind(f"plugins.pins.{name}", '"sha256:" and 64 hexadecimal digits', value, hint)
        return dict(raw)

    def _company(self, raw: Mapping[str, Any]) -> Company:
        company = Company(**{**raw, **{key: self._weeks(raw, key) for key in _WEEKS if key in raw}})
        if not is_currency(company.currency):
            raise self._kind("company.currency", 'an ISO 4217 code such as "EUR"', company.currency)
        try:
            ZoneInfo(company.time_zone)
        except (KeyError, ValueError, OSError):
            raise self._kind("company.time_zone", 'a name such as "Europe/Stockholm"', company.time_zone) from None
        if not 1 <= company.fiscal_year_start <= 12:
            raise self._kind("company.fiscal_year_start", "a month from 1 to 12", company.fiscal_year_start)
        return company

    def _weeks(self, raw: Mapping[str, Any], key: str) -> str:
        """One key of a fiscal calendar of weeks, in any case; the others mean nothing without ``fiscal_weeks``."""
        value, known = raw[key].strip().lower(), _WEEKS[key]
        if value not in known and (value or key != "fiscal_weeks"):
            near = did_you_mean(value, known)
            wanted = "one of " + ", ".join(f'"{item}"' for item in known)
            raise self._kind(f"company.{key}", wanted, raw[key], f"Did you mean {near}?" if near else "")
        if key != "fiscal_weeks" and not raw.get("fiscal_weeks", "").strip():
            raise ConfigError(
                f"{self.path}: company.{key} says how a fiscal year of weeks ends, and this one has calendar months.",
                code="REV-302",
                hint=f'Add fiscal_weeks = "4-4-5" (or "4-5-4", "5-4-4"), or take {key} out.',
            )
        return str(value)

    def _definitions(self, raw: Mapping[str, Any]) -> Definitions:
        found = Definitions(
            **{**raw, "constant_rate_on": self._date("definitions.constant_rate_on", raw.get("constant_rate_on"))}
        )
        if found.revenue_source not in ("", "sales_order", "invoice"):
            raise self._kind("definitions.revenue_source", '"sales_order" or "invoice"', found.revenue_source)
        if found.lifetime_years is not None and found.lifetime_years <= 0:
            raise self._kind("definitions.lifetime_years", "a number of years above zero", found.lifetime_years)
        return found

    def _server(self, raw: Mapping[str, Any]) -> ServerSettings:
        names = {key: self._texts(f"server.{key}", raw.get(key, [])) for key in ("host_names", "origins")}
        for origin in names["origins"]:
            if not re.fullmatch(r"https?://[^/*@\s]+", origin):
                raise self._kind("server.origins", 'a list of origins such as "https://addin.example.com"', origin)
        if raw.get("issuer") and not raw.get("audience"):
            raise ConfigError(
                f"{self.path}: server.issuer needs server.audience; without it any token of the provider would do.",
                code="REV-302",
                hint='Add audience = "the id of this application at the provider".',
            )
        return ServerSettings(**{**raw, **names})

    def _dimension(self, name: str, raw: Any) -> DimensionSettings:
        where = f"dimension.{name}"
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name) or "__" in name:
            raise self._kind(where, "named in small letters, digits and underscores", name)
        values = self._keys(where, raw, _DIMENSION)
        for key in ("table", "key"):
            if not values.get(key):
                raise ConfigError(
                    f"{self.path}: [{where}] does not say its {key}.",
                    code="REV-302",
                    hint='Write table = "organization" and key = "plan" (a column or a custom field).',
                )
        if values.get("kind", "text") not in _KINDS:
            near = did_you_mean(str(values["kind"]), _KINDS)
            raise self._kind(
                f"{where}.kind", " or ".join(_KINDS), values["kind"], f"Did you mean {near}?" if near else ""
            )
        return DimensionSettings(name, **values)

    def _source(self, name: str, raw: Any) -> Source:
        where = f"source.{name}"
        if not isinstance(raw, Mapping):
            raise self._kind(where, f"a table, written [{where}]", raw)
        if not isinstance(raw.get("connector"), str):
            raise ConfigError(
                f"{self.path}: [{where}] does not say which connector it uses.",
                code="REV-302",
                hint='Add connector = "csv". The list: revalign plugins list.',
            )
        settings = {key: value for key, value in raw.items() if key != "connector"}
        for key, value in _leaves(settings, where):
            self._secret(key, key.rpartition(".")[2], value)
            self.origins[key] = str(self.path)
        return Source(name, raw["connector"], settings)

    def _sheet(self, name: str, raw: Any) -> SheetSettings:
        where = f"sheets.{name}"
        values = dict(self._keys(where, raw, _SHEET))
        for key, value in values.items():
            # A key pasted in instead of the path of its file is the likeliest slip here.
            if isinstance(value, str) and (looks_secret(key, value) or value.lstrip().startswith("{")):
                raise ConfigError(
                    f"{self.path}: {where}.{key} holds a secret in plain text.",
                    code="REV-303",
                    hint=f"Write the path of the file that holds it, and keep that file out of the project folder. "
                    f'Or {key} = "$env:NAME", a variable that holds the path. Then change the key: it has been in a file.',
                )
        key = values.pop("key", "") or values.pop("url", "")
        values.pop("url", None)
        if not key:
            raise ConfigError(
                f"{self.path}: [{where}] names no spreadsheet.", code="REV-302", hint="Add url = or key =."
            )
        if "tabs" in values:
            values["tabs"] = self._texts(f"{where}.tabs", values["tabs"])
        if not 0 <= values.get("max_delete", 0) <= 1:
            raise self._kind(f"{where}.max_delete", "a share from 0 to 1, such as 0.3", values["max_delete"])
        made = SheetSettings(name, key, **values)
        self._sign_in(where, made)
        return made

    def _sign_in(self, where: str, sheet: SheetSettings) -> None:
        """How a spreadsheet is opened: the keys that belong together."""
        if sheet.auth not in ("", *_SIGN_INS):
            near = did_you_mean(sheet.auth, _SIGN_INS)
            raise self._kind(
                f"{where}.auth", " or ".join(_SIGN_INS), sheet.auth, f"Did you mean {near}?" if near else ""
            )
        wrong = ""
        if sheet.sign_in == "oauth":
            if not sheet.client_file:
                wrong, hint = 'signs in with auth = "oauth" and has no client_file', "Add client_file = with its path."
            elif sheet.key_file:
                wrong, hint = "has a client_file and a key_file", "Keep the one you sign in with."
        elif sheet.client_file:
            wrong, hint = f'has a client_file, which auth = "{sheet.auth}" does not use', 'Write auth = "oauth".'
        if not wrong and sheet.subject and (sheet.sign_in != "service_account" or sheet.impersonate):
            wrong = "has a subject, which goes with a service account's key_file alone"
            hint = "Take out subject, or sign in with a key_file and without impersonate."
        if wrong:
            raise ConfigError(f"{self.path}: [{where}] {wrong}.", code="REV-302", hint=hint)

    def _keys(self, where: str, raw: Any, known: Mapping[str, Any]) -> Mapping[str, Any]:
        if not isinstance(raw, Mapping):
            raise self._kind(where, f"a table, written [{where}]", raw)
        for key, value in raw.items():
            if key not in known:
                raise self._unknown(f"{where}.{key}", [f"{where}.{item}" for item in known])
            if not isinstance(value, known[key]) or isinstance(value, bool):
                kinds = {str: "text", list: "a list of names"}
                raise self._kind(f"{where}.{key}", kinds.get(known[key], "a number"), value)
            self.origins[f"{where}.{key}"] = str(self.path)
        return raw

    def _keep(self, value: int) -> int:
        if value < 1:
            raise self._kind("snapshots.keep", "at least 1", value)
        return value

    def _memory(self, value: str) -> str:
        if not re.fullmatch(r"\d+(\.\d+)? ?[KMGT]i?B", value):
            raise self._kind("engine.memory_limit", 'an amount such as "1GB"', value)
        return value

    def _texts(self, where: str, values: list[Any]) -> tuple[str, ...]:
        for value in values:
            if not isinstance(value, str):
                raise self._kind(where, "a list of names", value)
        return tuple(values)

    def _date(self, where: str, value: Any) -> date | None:
        if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise self._kind(where, "a date such as 2026-09-30", value) from None

    def _defaults(self) -> None:
        for section, keys in _SECTIONS.items():
            for key in keys:
                self.origins.setdefault(f"{section}.{key}", "default")

    def _secret(self, where: str, key: str, value: Any) -> None:
        if looks_secret(key, value):
            variable = where.replace(".", "_").upper()
            raise ConfigError(
                f"{self.path}: {where} holds a secret in plain text.",
                code="REV-303",
                hint=f'Write {key} = "$env:{variable}" and set that variable, or "$keyring:revalign/{key}". '
                "Then change the secret: it has been in a file.",
            )

    def _unknown(self, name: str, known: list[str]) -> ConfigError:
        near = did_you_mean(name, known)
        hint = f"Did you mean {near}?" if near else f"Known: {', '.join(known)}."
        return ConfigError(f"{self.path}: unknown setting {name}.", code="REV-302", hint=hint)

    def _kind(self, name: str, wanted: str, value: object, hint: str = "") -> ConfigError:
        return ConfigError(f"{self.path}: {name} must be {wanted}, not {value!r}.", code="REV-305", hint=hint)


def _leaves(values: Mapping[str, Any], where: str) -> list[tuple[str, Any]]:
    """Every value below a table, with its dotted name."""
    found: list[tuple[str, Any]] = []
    for key, value in values.items():
        name = f"{where}.{key}"
        for item in value if isinstance(value, list) else [value]:
            found += _leaves(item, name) if isinstance(item, Mapping) else [(name, item)]
    return found
