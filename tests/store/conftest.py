from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from revalign_udf.connector import Message, Rows
from revalign_udf.store import Counts, Store

TODAY = date(2026, 10, 31)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "data", "Europe/Stockholm") as opened:
        yield opened


@pytest.fixture
def send(store: Store) -> Callable[..., Counts]:
    """Send messages of one stream through a pull of their own, to the end."""

    def run(*messages: Message, connection: str = "crm", stream: str = "organization") -> Counts:
        with store.pull(connection, stream, store.next_run()) as pull:
            for message in messages:
                pull.add(message)
            return pull.finish(TODAY)

    return run


@pytest.fixture
def orgs() -> Callable[..., Rows]:
    """Organizations as (id, name) pairs, as if they stood in a file from line 2 on."""

    def rows(*pairs: tuple[str, str], file: str = "organization.csv", **more: list[str]) -> Rows:
        columns = {"id": [key for key, _ in pairs], "name": [name for _, name in pairs], **more}
        return Rows("organization", columns, file, range(2, 2 + len(pairs)), file)

    return rows


@pytest.fixture
def live(store: Store) -> Callable[..., list[tuple[object, ...]]]:
    """Live rows: (id, name) of organizations unless asked otherwise."""

    def query(columns: str = "id, name", table: str = "organization", **views: object) -> list[tuple[object, ...]]:
        store.open_views(**views)  # type: ignore[arg-type]
        return store.con.execute(f"SELECT {columns} FROM c_{table} ORDER BY ALL").fetchall()

    return query
