"""Rules about what a connector says of itself, and about plain first pulls."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from revalign_udf.canonical import TABLES
from revalign_udf.config import looks_secret
from revalign_udf.connector import API_VERSION, CanonicalRow, Connector, Linked, Log, Records, Rejected, Setting
from revalign_udf.errors import RevalignError
from revalign_udf.testing.contract.rules import RULES, Broken, Suite, logged, need, rule
from revalign_udf.testing.pulling import PullResult
from revalign_udf.testing.watching import Watch

__all__ = ["Basics", "declaration"]

_KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,), "path": (str,), "int": (int,), "float": (int, float), "bool": (bool,), "date": (str, date),
    "secret": (), "table": (dict,), "list": (list, tuple),
}  # fmt: skip
_DELETES = ("tombstone", "soft", "sweep", "none")
_STATE_BYTES = 64_000
#: what ``map`` may raise for a record it cannot use: the sync engine lists such a record with the rejects
_REFUSALS = (RevalignError, KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError)


class Basics(Suite):
    """What a connector says of itself, and plain first pulls."""

    @rule
    def test_skips_have_reasons(self) -> None:
        """Every skipped rule exists, and the reason why it cannot apply is written down."""
        for name, reason in self.vendor.skips.items():
            need(name in RULES, f"skips names {name}, which is no rule.")
            need(reason.strip(), f"{name} is skipped without a reason.")

    @rule
    def test_settings_are_declared(self) -> None:
        """Settings have plain names, a help text and a kind that fits; secrets are marked; HTTP has a base_url."""
        declaration(self.vendor.connector)
        spec = self.vendor.connector.spec
        with self.vendor() as vendor:
            given = vendor.settings()
        unknown = sorted(given.keys() - {setting.name for setting in spec.settings})
        need(not unknown, f"The vendor gives settings that nobody declares: {unknown}")
        missing = [item.name for item in spec.settings if item.required and given.get(item.name) is None]
        need(not missing, f"The vendor leaves out required settings: {missing}")

    @rule
    def test_a_missing_setting_is_named(self) -> None:
        """Without its secret, or another required setting, the pull fails in plain words that name a setting."""
        settings = self.vendor.connector.spec.settings
        names = [item.name for item in settings]
        for setting in [item for item in settings if item.kind == "secret" or item.required][:2]:
            with self.trial(settings={setting.name: None}) as trial:
                result = trial.bench.pull()
                text = " ".join(result.report.failures)
                need("REV-508" not in text, f"Without {setting.name} it does not know what happens to it: {text}")
                named = result.ok or any(name in text for name in names)
                need(named, f"Without {setting.name} the pull names no setting: {text}")

    @rule
    def test_streams_are_stable(self) -> None:
        """Two looks find the same streams, each with canonical tables, a key, and a word on cursor and deletes."""
        with self.trial() as trial:
            first, second = trial.bench.streams(), trial.bench.streams()
        need(first == second, f"Two looks found different streams: {first} and {second}")
        names = [stream.name for stream in first]
        need(len(set(names)) == len(names), f"Two streams have one name: {names}")
        for stream in first:
            need(stream.tables, f"The stream {stream.name} fills no table.")
            unknown = [table for table in stream.tables if table not in TABLES]
            need(not unknown, f"The stream {stream.name} names tables that are not canonical: {unknown}")
            need(stream.primary_key, f"The stream {stream.name} has no primary key.")
            need(stream.delete_mode in _DELETES, f"The stream {stream.name} deletes by {stream.delete_mode!r}.")
            need(
                not stream.cursor or stream.granularity,
                f"The stream {stream.name} has a cursor of unknown granularity.",
            )
        main = {stream.name: stream for stream in first}.get(self.vendor.main)
        need(main is not None, f"There is no stream {self.vendor.main}.")
        assert main is not None
        need(
            self.vendor.table in main.tables, f"The stream {main.name} does not say that it fills {self.vendor.table}."
        )

    @rule
    def test_check_answers(self) -> None:
        """``check`` says yes, in words, where everything is right."""
        with self.trial(1) as trial:
            found = trial.bench.check()
            need(found.ok, f"check() says no: {found.message}")
            need(found.message.strip(), "check() says nothing.")

    @rule
    def test_every_record_arrives_once(self) -> None:
        """Records of several pages all arrive, each under a key of its own."""
        clean = self.clean()
        need(len(clean.keys) == self.many, f"The vendor was asked for {self.many} records and made {len(clean.keys)}.")
        need(all(clean.keys), f"A key is empty: {clean.keys[:5]}")
        keys, found = set(clean.keys), clean.result.keys(self.vendor.table)
        need(len(keys) == len(clean.keys), "The vendor gives two records one key.")
        missing, extra = sorted(keys - found), sorted(found - keys)
        need(not missing, f"{len(missing)} of {len(keys)} rows of {self.vendor.table} are missing: {missing[:3]}")
        need(not extra, f"{self.vendor.table} has rows nobody made: {extra[:3]}")

    @rule
    def test_rows_are_valid(self) -> None:
        """Every row is accepted, refers to the tables' own columns, and holds no amount as a binary fraction."""
        result = self.clean().result
        declared = {stream.name: (*stream.tables, "stage_map") for stream in result.watch.streams}
        for stream, record in _records(result):
            for table, row in self._mapped(stream, record):
                need(table in TABLES, f"{stream} is mapped to {table}, which is no canonical table.")
                need(table in declared.get(stream, (table,)), f"{stream} does not say that it fills {table}.")
                columns = TABLES[table].columns
                unknown = sorted(row.keys() - columns.keys())
                need(not unknown, f"{stream}: {table} has no column {', '.join(unknown)}.")
                for name in TABLES[table].of_kind("money", "decimal"):
                    value = row.get(name)
                    need(not isinstance(value, float), f"{stream}: {table}.{name} is a binary fraction: {value!r}")
        for table in sorted(result.tables):
            for row in result.rows(table):
                code = row.get("currency")
                need(code is None or re.fullmatch(r"[A-Z]{3}", code), f"{table}: {code!r} is no currency code.")

    @rule
    def test_map_is_pure(self) -> None:
        """``map`` gives the same for the same record, and leaves the record as it was."""
        result = self.clean().result
        changed = ", ".join(dict.fromkeys(result.watch.mutated))
        need(not changed, f"map() changes records of {changed}.")
        for stream, record in _records(result, 20):
            first = self._mapped(stream, copy.deepcopy(record))
            need(
                first == self._mapped(stream, copy.deepcopy(record)),
                f"map() gives two answers for a record of {stream}.",
            )

    @rule
    def test_an_unknown_field_is_no_trouble(self) -> None:
        """A field the vendor adds one day changes nothing but custom fields."""
        for stream, record in _records(self.clean().result, 20):
            try:
                more = self._mapped(stream, {**record, "field_added_next_year": {"a": [1]}})
            except _REFUSALS as error:
                raise Broken(f"A record of {stream} with a new field is refused: {error}") from None
            same = _without_attrs(more) == _without_attrs(self._mapped(stream, record))
            need(same, f"A new field changes the rows of {stream}.")

    @rule
    def test_a_missing_field_is_not_silent(self) -> None:
        """A record without one of its fields gives rows or is refused, and never vanishes."""
        seen = set()
        for stream, record in _records(self.clean().result):
            if stream in seen or not self._mapped(stream, record):
                continue
            seen.add(stream)
            for name in record:
                less = {key: value for key, value in record.items() if key != name}
                try:
                    rows = self._mapped(stream, less)
                except _REFUSALS:
                    continue
                need(rows, f"A record of {stream} without {name} vanishes: raise BadRecord, so that it is listed.")
        lost: list[str] = []

        def without_key(stream: str, record: Mapping[str, Any]) -> Mapping[str, Any]:
            if stream != self.vendor.main or lost:
                return record
            own = [name for name, value in record.items() if str(value) in keys]
            if not own:
                return record
            lost.append(own[0])
            return {name: value for name, value in record.items() if name != own[0]}

        with self.trial(3) as trial:
            keys = set(trial.keys)
            result = trial.bench.pull(Watch(change_record=without_key))
            if lost:
                need(result.report.counts.rejected, f"A record without {lost[0]} is not among the rejects.")
                need(len(result.keys(self.vendor.table)) == 2, "A record without its key takes others along.")

    @rule
    def test_secrets_never_show(self) -> None:
        """No secret in errors, log lines, states, reports or rows, even when the vendor repeats it in an error."""
        with self.vendor() as vendor:
            declared = [item.name for item in vendor.connector.spec.settings if item.kind == "secret"]
            given = [name for name in declared if vendor.settings().get(name)]
            need(not given or vendor.secrets(), f"Vendor.secrets() is empty, although there are secrets: {given}")
        clean = self.clean()
        self._hidden("", clean.secrets, "", clean.result, clean.lines)
        for status, after in ((400, 1), (401, 0)):
            with self.trial(self.vendor.page_size) as trial, logged() as lines:
                said = {"error": "refused", "message": f"refused: {', '.join(trial.vendor.secrets())}"}
                trial.vendor.api.faults.add(status=status, json=said, after=after, times=10**9)
                check = trial.bench.check().message
                result = trial.bench.pull()
                self._hidden(
                    f" when the vendor repeats it with status {status}", trial.vendor.secrets(), check, result, lines
                )

    @rule
    def test_states_are_small_and_plain(self) -> None:
        """A state is JSON of modest size, with nothing in it that belongs to one machine."""
        result = self.clean().result
        need(result.state, "No stream says how far it was read: yield Mark(...) after the rows.")
        for stream, state in result.state.items():
            text = json.dumps(state)
            need(json.loads(text) == state, f"The state of {stream} changes when it is written as JSON.")
            need(len(text) < _STATE_BYTES, f"The state of {stream} has {len(text):,} bytes.")

    @rule
    def test_links_lead_somewhere(self) -> None:
        """Links to the vendor's own pages name canonical tables and have a place for the id."""
        connector = self.vendor.connector
        if not isinstance(connector, Linked):
            return
        with self.vendor() as vendor:
            settings = {item.name: item.default for item in connector.spec.settings} | vendor.settings()
        for table, address in connector.links(settings).items():
            need(table in TABLES, f"links() names {table}, which is no canonical table.")
            need("{id}" in address, f"The link of {table} has no place for {{id}}: {address}")
            need(re.match(r"https?://", address), f"The link of {table} is no address: {address}")
            shown = [name for name in (item.name for item in connector.spec.settings if item.kind == "secret")
                     if settings.get(name) and str(settings[name]) in address]  # fmt: skip
            need(not shown, f"The link of {table} shows the secret {shown}.")

    def _hidden(self, when: str, secrets: Sequence[str], check: str, result: PullResult, lines: list[str]) -> None:
        """Need secrets to be in nothing that a person or a file gets to see."""
        found = {
            "what check() says": [check],
            "an error": [_told(error) for error in result.watch.errors],
            "a log line": [*lines, *_lines(result)],
            "a state": [json.dumps(state) for state in result.state.values()],
            "the report": [json.dumps(result.report.as_json(), default=str)],
            "a row": [str(row) for rows in result.tables.values() for row in rows],
        }
        for secret in secrets:
            for where, texts in found.items():
                need(not any(secret in text for text in texts), f"A secret shows up in {where}{when}.")

    def _mapped(self, stream: str, record: Mapping[str, Any]) -> list[CanonicalRow]:
        return list(self.vendor.connector.map(stream, record, {}))


def declaration(connector: object) -> None:
    """Need what a connector says of itself to be well formed. Raises Broken."""
    if not isinstance(connector, Connector):
        raise Broken("A connector has spec, check, discover, read and map.")
    spec = connector.spec
    need(re.fullmatch(r"[a-z][a-z0-9_]*", spec.name), f"The name {spec.name!r} is not in small letters.")
    need(spec.about.strip(), "spec.about is empty: say in a line what the connector reads.")
    need(re.match(r"\d", spec.version), f"The version {spec.version!r} is no version.")
    need(spec.api_version <= API_VERSION, f"It needs connector API {spec.api_version}; this is {API_VERSION}.")
    need(spec.state_version >= 1, "spec.state_version begins at 1.")
    names = [setting.name for setting in spec.settings]
    need(len(set(names)) == len(names), f"A setting is declared twice: {names}")
    for setting in spec.settings:
        _setting(setting)
    if "http" in spec.needs:
        need("base_url" in names, "A connector over HTTP has the setting base_url: see http_settings().")


def _setting(setting: Setting) -> None:
    name = setting.name
    need(re.fullmatch(r"[a-z][a-z0-9_]*", name), f"The setting {name!r} is not in small letters.")
    need(setting.kind in _KINDS, f"The setting {name} has the unknown kind {setting.kind!r}.")
    need(setting.help.strip(), f"The setting {name} has no help text.")
    need(
        setting.kind == "secret" or not looks_secret(name, "something"),
        f"The setting {name} holds a secret: mark it so.",
    )
    if setting.default is not None:
        need(setting.kind != "secret", f"The secret {name} has a default.")
        need(isinstance(setting.default, _KINDS[setting.kind]), f"The default of {name} is no {setting.kind}.")


def _records(result: PullResult, count: int = 200) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The first records of each stream as the connector read them."""
    seen: dict[str, int] = {}
    for _, message, _ in result.watch.messages:
        if isinstance(message, Records):
            for record in message.records:
                seen[message.stream] = seen.get(message.stream, 0) + 1
                if seen[message.stream] <= count:
                    yield message.stream, record


def _without_attrs(rows: list[CanonicalRow]) -> list[tuple[str, dict[str, Any]]]:
    return [(table, {name: value for name, value in row.items() if name != "attrs"}) for table, row in rows]


def _told(error: BaseException) -> str:
    """Everything an error may show."""
    more = f" {_told(error.__cause__)}" if error.__cause__ else ""
    hint = error.hint if isinstance(error, RevalignError) else ""
    return f"{error} {error!r} {hint}{more}"


def _lines(result: PullResult) -> list[str]:
    """What the connector itself says."""
    found = []
    for _, message, _ in result.watch.messages:
        if isinstance(message, Log):
            found.append(f"{message.text} {message.detail}")
        elif isinstance(message, Rejected):
            found.append(f"{message.reason} {message.value}")
    return found
