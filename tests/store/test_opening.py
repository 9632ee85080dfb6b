"""Opening a store: migrations, a second writer, another time zone, a disk that will not have it."""

import errno
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from revalign_udf.errors import StoreError
from revalign_udf.store import Store, disk_problem


def test_a_store_of_schema_1_gets_the_columns_declared_since(tmp_path: Path) -> None:
    """The file is written as the first version did, by hand, without a column and a table of today."""
    with duckdb.connect(str(tmp_path / "store.duckdb")) as con:
        con.execute("""
            CREATE SEQUENCE seq_row START 5; CREATE SEQUENCE seq_run START 3;
            CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR);
            INSERT INTO meta VALUES ('schema', '1'), ('time_zone', 'UTC');
            CREATE TABLE sync_run (run BIGINT PRIMARY KEY, connection VARCHAR, started_at TIMESTAMP, ended_at TIMESTAMP,
                status VARCHAR, read BIGINT, written BIGINT, deleted BIGINT, rejected BIGINT, message VARCHAR);
            CREATE TABLE sync_state (connection VARCHAR, stream VARCHAR, state VARCHAR, version INTEGER,
                updated_at TIMESTAMP, PRIMARY KEY (connection, stream));
            INSERT INTO sync_state VALUES ('crm', 'organization', '{"page": 4}', 1, now()::TIMESTAMP);
            CREATE TABLE watermark (connection VARCHAR, stream VARCHAR, through DATE, pulled_at TIMESTAMP,
                declared BOOLEAN, PRIMARY KEY (connection, stream));
            CREATE TABLE reject (run BIGINT, connection VARCHAR, "table" VARCHAR, scope VARCHAR, file VARCHAR, line BIGINT,
                "column" VARCHAR, value VARCHAR, reason VARCHAR, code VARCHAR, key VARCHAR, recorded_at TIMESTAMP);
            CREATE TABLE h_organization (_seq BIGINT, _run BIGINT, recorded_at TIMESTAMP, _conn VARCHAR, _key VARCHAR,
                _scope VARCHAR, _hash VARCHAR, id VARCHAR, name VARCHAR, updated_at TIMESTAMP, updated_at__on DATE,
                deleted BOOLEAN, merged_into VARCHAR, attrs VARCHAR);
            INSERT INTO h_organization VALUES (1, 1, '2026-01-01', 'crm', '1', '', 'x', '1', 'Ada', NULL, NULL, false,
                NULL, NULL);
        """)
    with Store.open(tmp_path) as store:
        store.open_views()
        found = store.con.execute("SELECT id, name, country, created_at__on FROM c_organization").fetchall()
        assert found == [("1", "Ada", None, None)]
        assert store.state("crm") == {"organization": {"page": 4}}
        assert store.next_run() == 3
        assert store.counts() == {"organization": 1}


def test_a_store_of_other_declarations_gets_what_it_lacks(tmp_path: Path) -> None:
    """A store remembers by which declarations it was made, so that opening it need not list its columns."""
    Store.open(tmp_path).close()
    with duckdb.connect(str(tmp_path / "store.duckdb")) as con:
        ((made_by,),) = con.execute("SELECT value FROM meta WHERE key = 'columns'").fetchall()
        con.execute("DROP TABLE h_ticket; ALTER TABLE h_lead DROP COLUMN channel")
        con.execute("UPDATE meta SET value = 'those of another version' WHERE key = 'columns'")
    with Store.open(tmp_path) as store:
        store.open_views()
        assert store.con.execute("SELECT channel FROM c_lead UNION ALL SELECT id FROM c_ticket").fetchall() == []
        assert store.con.execute("SELECT value FROM meta WHERE key = 'columns'").fetchall() == [(made_by,)]


def test_a_file_without_a_single_table_becomes_a_store(tmp_path: Path) -> None:
    duckdb.connect(str(tmp_path / "store.duckdb")).close()
    with Store.open(tmp_path) as store:
        assert store.counts() == {}
        assert store.next_run() == 1


def test_a_store_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    with duckdb.connect(str(tmp_path / "store.duckdb")) as con:
        con.execute("UPDATE meta SET value = '999' WHERE key = 'schema'")
    with pytest.raises(StoreError) as caught:
        Store.open(tmp_path)
    assert caught.value.code == "REV-803"
    assert "999" in caught.value.message
    with duckdb.connect(str(tmp_path / "store.duckdb")) as con:
        assert con.execute("SELECT value FROM meta WHERE key = 'schema'").fetchall() == [("999",)]


def test_a_change_of_time_zone_is_refused(tmp_path: Path) -> None:
    Store.open(tmp_path, "Europe/Stockholm").close()
    with pytest.raises(StoreError) as caught:
        Store.open(tmp_path, "UTC")
    assert caught.value.code == "REV-803"
    assert "Europe/Stockholm" in caught.value.message
    Store.open(tmp_path, "Europe/Stockholm").close()


def test_a_second_writer_is_told_to_wait(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from revalign_udf.store import Store\n"
        "store = Store.open(pathlib.Path(sys.argv[1])); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(StoreError) as caught:
            Store.open(tmp_path)
        other.communicate("")
    assert caught.value.code == "REV-802"
    Store.open(tmp_path).close()


def test_a_file_that_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "store.duckdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError) as caught:
        Store.open(tmp_path)
    assert caught.value.code == "REV-801"


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreError):
        Store.open(tmp_path / "data")


@pytest.mark.parametrize(
    ("error", "code"),
    [(OSError(errno.ENOSPC, "No space left on device"), "REV-804"), (OSError(errno.EROFS, "Read-only"), "REV-804"),
     (PermissionError(errno.EACCES, "Permission denied"), "REV-804"), (ValueError("no idea"), None)],
)  # fmt: skip
def test_what_counts_as_a_problem_of_the_disk(error: Exception, code: str | None) -> None:
    problem = disk_problem(error, "it")
    assert (problem.code if problem else None) == code
