"""A database opened for reading, through SQLAlchemy: ordered rows in bounded batches, and errors a person can act on.

Whatever is asked runs in a transaction that cannot write (PostgreSQL: ``READ ONLY``; SQLite: the file is opened read-only;
MySQL and MariaDB: a read-only session) and that is rolled back at the end. No message ever holds a password.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, unquote

from revalign_udf.errors import ConfigError, Fatal, Retriable, RevalignError, did_you_mean, redact

if TYPE_CHECKING:
    from sqlalchemy import BindParameter, Connection, Engine, Inspector, Select

    from revalign_udf.connector.protocol import Context

__all__ = ["Database", "Relation", "Unusable"]

#: seconds a connection may take to come about
_CONNECT = 15
#: seconds a statement may take, unless the setting ``statement_timeout`` says otherwise
_STATEMENT = 300
#: what people write -> the driver that is installed with revalign-sql
_DRIVERS = {"postgres": "postgresql+psycopg", "postgresql": "postgresql+psycopg"}
#: driver module -> what installs it
_INSTALL = {
    "psycopg": "psycopg[binary]", "MySQLdb": "mysqlclient", "pymysql": "pymysql", "pyodbc": "pyodbc",
    "oracledb": "oracledb",
}  # fmt: skip
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_TEXTS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")


@dataclass(frozen=True, slots=True)
class Relation:
    """What rows are read from: a table or view (``schema.name``), or the rows of one SELECT."""

    name: str = ""
    query: str = ""

    @property
    def parts(self) -> tuple[str | None, str]:
        """Schema (None: the connection's default) and table. Names with dots or blanks stand in double quotes."""
        found = [part[1:-1].replace('""', '"') if part[0] == '"' else part for part in _split(self.name)]
        return (".".join(found[:-1]) or None, found[-1])

    def __str__(self) -> str:
        return self.name or "the query"


def _split(name: str) -> list[str]:
    """The parts of a dotted name, quoted ones whole.

    >>> _split('sales."Order.Lines"'), _split("orders")
    (['sales', '"Order.Lines"'], ['orders'])
    """
    return re.findall(r'"(?:[^"]|"")+"|[^.]+', name) or [name]


@dataclass(frozen=True, slots=True)
class Unusable:
    """A value no calendar of ours has: ``infinity`` or a year before 1, as the database writes it."""

    text: str

    def __str__(self) -> str:
        return self.text


class Database:
    """One database. A connection is made for each thing asked and closed after it; :meth:`close` lets go of the rest.

    Args:
        ctx: the connection this belongs to; its setting ``statement_timeout`` (seconds) is honoured.
        url: an SQLAlchemy address such as ``postgresql://reader@host/books``; a relative SQLite path is in the project.

    Raises:
        Fatal: REV-601 when SQLAlchemy or the driver is not installed.
        ConfigError: REV-305 for an address that cannot be read.
    """

    def __init__(self, ctx: Context, url: str) -> None:
        try:
            import sqlalchemy
        except ModuleNotFoundError:
            raise Fatal(
                "Databases are read through SQLAlchemy, which is not installed.",
                code="REV-601",
                hint="Install the connector: pip install revalign-sql",
            ) from None
        self._sa = sqlalchemy
        self._project = ctx.project
        self._timeout = float(ctx.settings.get("statement_timeout") or _STATEMENT)
        try:
            self.url = sqlalchemy.make_url(url)
        except (sqlalchemy.exc.ArgumentError, ValueError):
            raise ConfigError(
                "The address of the database cannot be read.",
                code="REV-305",
                hint="Write dialect://user:password@host:port/database, with signs such as @ : / in the password as %40 "
                "%3A %2F; keep it in an environment variable.",
            ) from None  # the cause would quote the address
        if driver := _DRIVERS.get(self.url.drivername):
            self.url = self.url.set(drivername=driver)
        self._secrets = _forms(str(self.url.password or ""))
        self._engine = self._made()

    @property
    def kind(self) -> str:
        """The dialect: ``postgresql``, ``sqlite``, ``mysql`` ..."""
        return str(self._engine.dialect.name)

    @property
    def where(self) -> str:
        """What is connected to, for people: no user, no password."""
        if self.kind == "sqlite":
            return str(self.url.database or "memory")
        port = f":{self.url.port}" if self.url.port else ""
        return f"{self.url.database or ''} on {self.url.host or 'this computer'}{port}"

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def columns(self, relation: Relation) -> list[str]:
        """The columns of a table or query, in order.

        Raises:
            Fatal: REV-501 for a table that is not there (with the nearest name), REV-502 for a query with two columns of
                one name, REV-506 and REV-507 for what the database refuses.
        """
        with self._reading() as connection:
            if relation.query:
                found = list(connection.execute(self._selected(relation, []).where(self._sa.false())).keys())
                twice = sorted({name for name in found if found.count(name) > 1})
                if twice:
                    hint = "Give each a name of its own: SELECT a.id AS order_id, ..."
                    raise Fatal(f"The query has columns of one name: {', '.join(twice)}.", code="REV-502", hint=hint)
                return found
            schema, name = relation.parts
            inspector = self._sa.inspect(connection)
            try:
                return [str(column["name"]) for column in inspector.get_columns(name, schema=schema)]
            except self._sa.exc.NoSuchTableError:
                raise self._no_table(inspector, relation) from None

    def batches(
        self, relation: Relation, columns: Sequence[str], *, order: Sequence[str] = (), size: int = 20_000,
        at_least: tuple[str, Any] | None = None, or_blank: bool = False,
    ) -> Generator[Sequence[Sequence[Any]], None, None]:  # fmt: skip
        """The rows of one SELECT in batches, through a cursor that stays in the database: memory is bounded by ``size``.
        Close it (``contextlib.closing``): until then, or its end, the transaction is open.

        Everything comes from one moment: on PostgreSQL a single snapshot (REPEATABLE READ).

        Args:
            relation: where from.
            columns: what to read, by name; quoted as the database needs.
            order: columns to sort by, ascending.
            size: rows of a batch.
            at_least: only rows whose column is this value or more.
            or_blank: with ``at_least`` also the rows in which that column is NULL, which no comparison finds.

        Raises:
            Retriable: REV-505 for a connection that broke, a statement out of time, a busy server.
            Fatal: REV-501, REV-506 or REV-507: see :meth:`columns`.
        """
        sa = self._sa
        statement = self._selected(relation, columns)
        if at_least is not None:
            column = sa.column(at_least[0])
            wanted = column >= self._bound(at_least[1])
            statement = statement.where(sa.or_(wanted, column.is_(None)) if or_blank else wanted)
        statement = statement.order_by(*map(sa.column, order))
        with (
            self._reading() as connection,
            connection.execution_options(stream_results=True, max_row_buffer=size).execute(statement) as result,
        ):
            yield from result.partitions(size)

    def version(self) -> str:
        """What the server says of itself, such as ``postgresql 15.8``: a look that needs no table."""
        with self._reading() as connection:
            numbers = connection.dialect.server_version_info or ()
            return " ".join([self.kind, ".".join(map(str, numbers))]).strip()

    # --- the connection ----------------------------------------------------------------------------------------------

    def _made(self) -> Engine:
        sa = self._sa
        url = self.url
        options: dict[str, Any] = {}
        backend = url.get_backend_name()
        if backend == "sqlite":
            path = self._sqlite_path()
            options["creator"] = lambda: sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro", uri=True, check_same_thread=False, timeout=self._timeout
            )
        elif url.drivername == "postgresql+psycopg":
            # a pooler between us and the server may hand the next statement to another connection
            arguments = {"connect_timeout": _CONNECT, "prepare_threshold": None, "application_name": "revalign"}
            options["connect_args"] = {k: v for k, v in arguments.items() if k not in url.query}
        try:
            engine: Engine = sa.create_engine(url, poolclass=sa.NullPool, hide_parameters=True, **options)
        except sa.exc.NoSuchModuleError:
            raise ConfigError(
                f"No database is known as {url.drivername!r}.",
                code="REV-305",
                hint="Write postgresql, mysql+pymysql, sqlite or another dialect of SQLAlchemy that is installed.",
            ) from None
        except ModuleNotFoundError as error:
            install = _INSTALL.get(error.name or "", error.name or "its driver")
            hint = f"Install it: pip install '{install}'"
            raise Fatal(f"The driver for {backend} is not installed.", code="REV-601", hint=hint) from None
        except (sa.exc.ArgumentError, TypeError, ValueError):
            raise ConfigError("The address of the database cannot be used.", code="REV-305") from None
        if url.drivername == "postgresql+psycopg":
            sa.event.listen(engine, "connect", _with_calendar)
        return engine

    def _sqlite_path(self) -> Path:
        name = self.url.database or ""
        if not name or name == ":memory:":
            hint = "Write sqlite:///books.db, relative to the project, or sqlite:////an/absolute/path.db."
            raise ConfigError("The SQLite address names no file.", code="REV-305", hint=hint)
        path = (self._project / name).resolve()
        if not path.is_file():
            raise Fatal(f"There is no database file {path}.", code="REV-501", hint="Correct the path in the settings.")
        return path

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """One transaction that cannot write; rolled back at the end."""
        sa = self._sa
        try:
            with self._engine.connect() as plain:
                connection = self._guarded(plain)
                try:
                    yield connection
                finally:
                    with suppress(sa.exc.DBAPIError):
                        connection.rollback()
        except RevalignError:
            raise
        except sa.exc.DBAPIError as error:
            raise self._explained(error.orig or error, lost=error.connection_invalidated) from None
        except sa.exc.SQLAlchemyError as error:
            raise Fatal(self._clean(error), code="REV-506") from None
        except OSError as error:
            raise Retriable(f"The database cannot be reached: {self._clean(error)}.") from None

    def _guarded(self, connection: Connection) -> Connection:
        text = self._sa.text
        if self.kind == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            connection.execute(text(f"SET LOCAL statement_timeout = {int(self._timeout * 1000)}"))
            connection.execute(text("SET LOCAL TIME ZONE 'UTC'"))
            connection.execute(text("SET LOCAL extra_float_digits = 1"))  # the shortest text that reads back the same
        elif self.kind == "sqlite":
            connection.execute(text("PRAGMA query_only = ON"))
        elif self.kind in {"mysql", "mariadb"}:
            connection.execute(text("SET SESSION TRANSACTION READ ONLY"))
            connection.rollback()
        return connection

    # --- statements --------------------------------------------------------------------------------------------------

    def _selected(self, relation: Relation, columns: Sequence[str]) -> Select[Any]:
        sa = self._sa
        wanted: list[Any] = [sa.column(name) for name in columns] or [sa.literal_column("*")]
        if relation.query:
            # a colon is text to the database; SQLAlchemy would take it for a parameter
            inner = sa.text(_single(relation.query).replace(":", "\\:"))
            source: Any = inner.columns().subquery("q")
        else:
            schema, name = relation.parts
            source = sa.table(name, schema=schema)
        statement: Select[Any] = sa.select(*wanted)
        return statement.select_from(source)

    def _bound(self, value: Any) -> BindParameter[Any]:
        """A value with the widest type of its kind: PostgreSQL casts by it."""
        sa = self._sa
        kinds: tuple[tuple[type, Any], ...] = (
            (datetime, sa.DateTime(timezone=isinstance(value, datetime) and value.tzinfo is not None)),
            (date, sa.Date()), (int, sa.BigInteger()), (Decimal, sa.Numeric()), (str, sa.Text()),
        )  # fmt: skip
        kind = next((found for python, found in kinds if isinstance(value, python)), None)
        made: BindParameter[Any] = sa.bindparam("least", value, type_=kind)
        return made

    def _no_table(self, inspector: Inspector, relation: Relation) -> Fatal:
        schema, name = relation.parts
        known = [*inspector.get_table_names(schema=schema), *inspector.get_view_names(schema=schema)]
        hint = f"Did you mean {near}?" if (near := did_you_mean(name, known)) else ""
        if not hint:
            elsewhere = [
                f"{other}.{name}"
                for other in inspector.get_schema_names()
                if other != schema and name in (*inspector.get_table_names(other), *inspector.get_view_names(other))
            ]
            listed = ", ".join(sorted(known)[:20]) or "nothing that this user may see"
            hint = f"Did you mean {elsewhere[0]}?" if elsewhere else f"There is {listed}."
        return Fatal(f"There is no table or view {relation.name}.", code="REV-501", hint=hint)

    # --- what went wrong ---------------------------------------------------------------------------------------------

    def _clean(self, error: object) -> str:
        """The first lines of a driver's message, without what it quotes of the statement, and without secrets."""
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        kept = [line for line in lines[:3] if not re.match(r"LINE \d|\^|\[SQL|\(Background", line)]
        return redact(" ".join(kept), self._secrets)[:300].rstrip(".")

    def _explained(self, error: BaseException, *, lost: bool) -> RevalignError:
        state = str(getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "")
        said = self._clean(error)
        for pattern, code, hint in _REFUSALS:
            if re.search(pattern, f"{state}|{said}", re.IGNORECASE):
                return Fatal(f"The database {self.where} says: {said}.", code=code, hint=hint)
        if state == "57014" or "interrupted" in said:
            return Retriable(
                f"A statement took longer than {self._timeout:g} seconds and was ended.",
                hint="Add an index on the cursor and key columns, or raise statement_timeout.",
            )
        if lost or state[:2] in {"08", "40", "53", "57"} or _PASSING.search(said):
            return Retriable(
                f"The connection to {self.where} failed: {said}.", hint="What was marked is kept; pull again."
            )
        return Fatal(f"The database {self.where} says: {said}.", code="REV-506")


_REFUSALS: tuple[tuple[str, str, str], ...] = (
    (r"^28|password authentication failed|no password supplied|access denied for user",
     "REV-506", "Check the user, and the password that the settings refer to."),
    (r"^3D000|database \"[^\"]*\" does not exist|unknown database", "REV-501", "Correct the name of the database."),
    ((r"could not translate host|failed to resolve host|name or service not known|nodename nor servname"
      r"|unknown mysql server host"), "REV-501", "Correct the host's name, or check the network and the VPN."),
    (r"^42P01|no such table|doesn't exist", "REV-501", "Correct `from` or the query."),
    (r"^42703|no such column|unknown column", "REV-502", "Correct the names of the columns in the settings or the query."),
    (r"^42501|permission denied|not authorized", "REV-506", "Grant it: GRANT SELECT ON ... TO the user of this connection."),
    (r"^25006|readonly database|read-only transaction", "REV-506", "Only reading is allowed: write a SELECT."),
    (r"^42601|syntax error", "REV-506", "Try the query in the database's own client first."),
    (r"not a database|disk image is malformed", "REV-506", "The file is no SQLite database, or it is damaged."),
    (r"^(42|22|0A)", "REV-506", "Correct the query or the settings of this table."),
)  # fmt: skip

_PASSING = re.compile(
    r"connection refused|timed? ?out|timeout expired|server closed the connection|terminating connection|lost connection"
    r"|gone away|is locked|starting up|shutting down|too many connections|could not connect|connection reset"
    r"|no such file or directory|network is unreachable|broken pipe|connection (is|was)? ?(closed|lost|bad)",
    re.IGNORECASE,
)


def _forms(password: str) -> list[str]:
    """A password as it may show up: plain, and quoted as in an address."""
    return [form for form in {password, quote(password, safe=""), quote(password), unquote(password)} if form]


def _single(query: str) -> str:
    """One SELECT without what follows it. Raises ConfigError REV-305 for anything else.

    >>> _single("SELECT ';' AS x /* all; of it */ ;")
    "SELECT ';' AS x"
    """
    bare = _COMMENT.sub(" ", _TEXTS.sub("''", query)).strip().rstrip(";").rstrip()
    if ";" in bare or not re.match(r"(?i)\(*\s*(select|with|values|table)\b", bare):
        raise ConfigError(
            "A query is one SELECT.", code="REV-305", hint="Leave out other statements and semicolons; WITH is fine."
        )
    plain = _Stripper.comments(query).strip()
    return plain.rstrip(";").rstrip()


class _Stripper:
    """Takes comments out and leaves quoted text alone: a comment at the end would swallow what is put around the query."""

    _parts: ClassVar[re.Pattern[str]] = re.compile(rf"({_TEXTS.pattern})|{_COMMENT.pattern}", re.DOTALL)

    @classmethod
    def comments(cls, query: str) -> str:
        return cls._parts.sub(lambda found: found[1] or " ", query)


def _with_calendar(connection: Any, _record: Any) -> None:
    """Let dates beyond Python's calendar through as :class:`Unusable` instead of failing the whole batch, and JSON as the
    text it is: read into Python, 1.10 would come back as 1.1."""
    from psycopg import DataError
    from psycopg.types import datetime as own
    from psycopg.types.string import TextLoader

    def lenient(base: type[Any]) -> type[Any]:
        class Lenient(base):  # type: ignore[misc]
            def load(self, data: Any) -> Any:
                try:
                    return super().load(data)
                except DataError:
                    return Unusable(bytes(data).decode())

        return Lenient

    loaders = {"date": own.DateLoader, "timestamp": own.TimestampLoader, "timestamptz": own.TimestamptzLoader}
    for name, base in loaders.items():
        connection.adapters.register_loader(name, lenient(base))
    for name in ("json", "jsonb"):
        connection.adapters.register_loader(name, TextLoader)
