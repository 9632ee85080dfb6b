"""Who is who across systems: what is joined and how that is known, what a person has to decide, and the decisions."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from revalign_udf.config import FOLDER, Project, read_objects
from revalign_udf.errors import ConfigError, UnknownName
from revalign_udf.files import save
from revalign_udf.governance import record
from revalign_udf.jobs.steps import keys_of
from revalign_udf.kernels.matching import Pair, check_decisions, match
from revalign_udf.plugins import Registry
from revalign_udf.store import Store

__all__ = ["IDENTITY_FILE", "IdentityMap", "decide", "identity_map"]

#: where decisions made on the command line are kept
IDENTITY_FILE = "identity.csv"
_COLUMNS = ("entity", "source_a", "id_a", "source_b", "id_b", "same", "note")


@dataclass(frozen=True, slots=True)
class IdentityMap:
    """What was found, with the names of the records."""

    pairs: tuple[Pair, ...]
    names: Mapping[tuple[str, str, str], str]
    counts: Mapping[str, Mapping[str, int]]
    """entity -> connection -> live records"""

    def summary(self) -> dict[str, int]:
        """How many pairs there are of each status."""
        return dict(Counter(pair.status for pair in self.pairs))


def identity_map(project: Project, registry: Registry) -> IdentityMap:
    """Match the records of the store as the next build will. Raises ConfigError REV-305 for a decision that cannot be
    meant."""
    decided = read_objects(project.folder).get("identity", ())
    check_decisions(decided, project.sources)
    with Store.open(project.data, project.company.time_zone, memory_limit=project.memory_limit) as store:
        store.open_views(connections=list(project.sources))
        pairs = match(store.con, keys_of(project, registry), decided).pairs
        names = {
            (entity, conn, key): name
            for entity, column in (("organization", "name"), ("person", "email"))
            for conn, key, name in store.con.execute(f"SELECT _conn, id, {column} FROM x_{entity}").fetchall()
            if name
        }
        counts = {
            entity: dict(store.con.execute(f"SELECT _conn, count(*) FROM c_{entity} GROUP BY 1 ORDER BY 1").fetchall())
            for entity in ("organization", "person")
        }
    return IdentityMap(tuple(pairs), names, counts)


def decide(
    project: Project, entity: str, a: tuple[str, str], b: tuple[str, str], *, same: bool | None, note: str = ""
) -> None:
    """Keep a decision: the same, not the same, or (None) undecided again. It holds from the next build on.

    Raises UnknownName REV-101 for a source the settings do not have, ConfigError REV-302 where the decisions are kept in
    a file of another kind, which people edit themselves.
    """
    for source, _ in (a, b):
        if source not in project.sources:
            raise UnknownName("source", source, project.sources)
    first, second = sorted((a, b))
    rows = [{name: str(row.get(name) or "") for name in _COLUMNS} for row in _kept(project)]
    ends = {(entity, *first, *second), (entity, *second, *first)}
    before = [row for row in rows if tuple(row[name] for name in _COLUMNS[:5]) not in ends]
    if same is not None:
        values = (entity, *first, *second, "yes" if same else "no", note)
        before.append(dict(zip(_COLUMNS, values, strict=True)))
    elif len(before) == len(rows):
        raise ConfigError(f"Nothing was decided of {a[0]}:{a[1]} and {b[0]}:{b[1]}.", code="REV-302")
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(before)
    path = project.folder / FOLDER / IDENTITY_FILE
    path.parent.mkdir(exist_ok=True)
    save(text.getvalue().encode(), path)
    record(
        project.folder, "identity", entity=entity, a=":".join(first), b=":".join(second),
        same="undecided" if same is None else "yes" if same else "no",
    )  # fmt: skip


def _kept(project: Project) -> list[dict[str, str]]:
    path = project.folder / FOLDER / IDENTITY_FILE
    found = list(read_objects(project.folder).get("identity", ()))
    if found and not path.is_file():
        raise ConfigError(
            f"The decisions are kept in another file of {FOLDER}/ than {IDENTITY_FILE}.", code="REV-302",
            hint="Add the row there: entity, source_a, id_a, source_b, id_b, same.",
        )  # fmt: skip
    return [{name: str(value or "") for name, value in row.items()} for row in found]
