"""What a connector is handed: its settings checked, its secrets resolved, its defaults merged in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from revalign_udf.canonical import TABLES
from revalign_udf.config import Project, Source, is_reference, resolve, store_secret
from revalign_udf.connector import Check, Connector, Context, Setting, Stream
from revalign_udf.errors import ConfigError, RevalignError, UnknownName, did_you_mean, redact
from revalign_udf.plugins import Registry

__all__ = ["COMMON", "check_mapping", "check_source", "context_for", "merged_mapping", "minutes"]

#: what every source may say, whatever its connector
COMMON = (
    Setting("streams", "list", help="names of the streams to read; empty: all"),
    Setting("time_limit", "text", help="how long a pull may take, such as 90m or 6h"),
)

_KINDS: dict[str, type | tuple[type, ...]] = {
    "text": str, "path": str, "int": int, "float": (int, float), "bool": bool, "table": Mapping, "list": list,
}  # fmt: skip


def check_source(project: Project, registry: Registry, name: str) -> Check:
    """Ask a source's connector whether it can be reached."""
    if name not in project.sources:
        raise UnknownName("source", name, project.sources)
    source = project.sources[name]
    connector = registry.connector(source.connector, name)
    secrets: list[str] = []
    ctx: Context | None = None
    try:
        ctx = context_for(project, source, connector, registry)
        secrets += ctx.secrets
        found = connector.check(ctx)
    except RevalignError as error:
        return Check(ok=False, message=redact(str(error), secrets))
    except Exception as error:  # noqa: BLE001 - a connector may fail in any way
        return Check(ok=False, message=redact(f"REV-508 {source.connector} failed: {error}", secrets))
    finally:
        if ctx is not None:
            ctx.close()
    return Check(found.ok, redact(found.message, secrets))


def context_for(project: Project, source: Source, connector: Connector, registry: Registry | None = None) -> Context:
    """The context of a connection, its settings checked and its secrets resolved.

    Raises ConfigError: REV-302 unknown setting, REV-305 a missing one, REV-304 a secret that cannot be found.
    """
    declared = {setting.name: setting for setting in (*COMMON, *connector.spec.settings)}
    for key in source.settings:
        if key not in declared:
            near = did_you_mean(key, declared)
            hint = f"Did you mean {near}?" if near else f"Known: {', '.join(declared)}."
            raise ConfigError(f"[source.{source.name}] has no setting {key}.", code="REV-302", hint=hint)
    settings = {name: _setting(source, setting) for name, setting in declared.items()}
    minutes(source)
    if registry is not None and "mapping" in declared and declared["mapping"].kind == "table":
        settings["mapping"] = merged_mapping(registry, connector.spec.name, settings["mapping"] or {})
    return Context(
        source.name, settings, project.company.currency, project.company.time_zone, project.folder,
        keep=_keeper(source), open_sheet=_sheets(project), secrets=_secrets(source, settings),
    )  # fmt: skip


def minutes(source: Source, default: float = 360.0) -> float:
    """The time limit of a source in minutes. Raises ConfigError REV-305 for a text that is none."""
    text = source.settings.get("time_limit")
    if text is None:
        return default
    unit = {"s": 1 / 60, "m": 1.0, "h": 60.0}.get(str(text)[-1:], 0.0)
    number = str(text)[:-1]
    if not unit or not number.replace(".", "", 1).isdigit() or float(number) <= 0:
        raise ConfigError(
            f"source.{source.name}.time_limit must be a length of time such as 90m or 6h, not {text!r}.", code="REV-305"
        )
    return float(number) * unit


def merged_mapping(registry: Registry, connector: str, own: Mapping[str, Any]) -> dict[str, Any]:
    """What plugins say of a connector's fields, under what the settings say."""
    merged: dict[str, Any] = dict(own)
    for item in registry.mapping_defaults:
        if item.connector == connector and isinstance(merged.get(item.stream, {}), Mapping):
            merged[item.stream] = {**item.fields, **merged.get(item.stream, {})}
    return merged


def check_mapping(source: Source, mapping: Mapping[str, Any], streams: Sequence[Stream]) -> None:
    """Raise ConfigError REV-302 for a stream or column that the mapping names and nobody has."""
    known = {stream.name: stream for stream in streams}
    for name, fields in mapping.items():
        if name not in known:
            near = did_you_mean(name, known)
            raise ConfigError(
                f"[source.{source.name}.mapping.{name}] names no stream of {source.connector}.", code="REV-302",
                hint=f"Did you mean {near}?" if near else f"Known: {', '.join(known)}.",
            )  # fmt: skip
        if not isinstance(fields, Mapping):
            raise ConfigError(
                f"source.{source.name}.mapping.{name} must be a table of columns, not {fields!r}.", code="REV-305"
            )
        columns = [column for table in known[name].tables if table in TABLES for column in TABLES[table].columns]
        for column in fields:
            if column not in columns and not column.startswith("attrs."):
                near = did_you_mean(column, columns)
                raise ConfigError(
                    f"[source.{source.name}.mapping.{name}] fills no column {column}.", code="REV-302",
                    hint=f"Did you mean {near}?" if near else 'Keep a field of your own as "attrs.NAME".',
                )  # fmt: skip


def _secrets(source: Source, settings: Mapping[str, Any]) -> list[str]:
    """What must not show up anywhere: every value that came from a reference, also inside tables and lists."""
    found = [str(settings[name]) for name, value in source.settings.items() if is_reference(value)]
    for name, value in source.settings.items():
        for reference in _references(value) if isinstance(value, Mapping | list) else ():
            try:
                found.append(resolve(reference, f"source.{source.name}.{name}"))
            except ConfigError:
                continue  # the connector that needs it says so
    return found


def _references(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if is_reference(value) else []
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [reference for part in parts for reference in _references(part)]


def _keeper(source: Source) -> Callable[[str, str], bool]:
    """Stores a renewed secret where its setting points, if that place can be written."""

    def keep(setting: str, value: str) -> bool:
        reference = source.settings.get(setting)
        return isinstance(reference, str) and store_secret(reference, value)

    return keep


def _sheets(project: Project) -> Callable[[Mapping[str, Any]], Any]:
    def opened(settings: Mapping[str, Any]) -> Any:
        from revalign_udf.sheets.reading import open_sheet  # gspread is slow to load, and few sources need it

        return open_sheet(project, settings)

    return opened


def _setting(source: Source, setting: Setting) -> Any:
    where = f"source.{source.name}.{setting.name}"
    value = source.settings.get(setting.name, setting.default)
    if value is None and setting.required:
        raise ConfigError(f"{where} is missing: {setting.help}", code="REV-305", hint=f"Add {setting.name} = ...")
    if value is None:
        return None
    if isinstance(value, str) and is_reference(value):
        return resolve(value, where)
    if setting.kind == "secret":
        raise ConfigError(
            f"{where} holds a secret in plain text.", code="REV-303", hint=f'Write {setting.name} = "$env:NAME".'
        )
    if setting.kind == "date":
        return _iso(where, value)
    if not isinstance(value, _KINDS[setting.kind]) or (isinstance(value, bool) and setting.kind in ("int", "float")):
        raise ConfigError(f"{where} must be a {setting.kind}, not {value!r}.", code="REV-305")
    return value


def _iso(where: str, value: object) -> str:
    try:
        return value.isoformat() if isinstance(value, date) else date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ConfigError(f"{where} must be a date such as 2026-09-30, not {value!r}.", code="REV-305") from None
