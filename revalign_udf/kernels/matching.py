"""Which records of different systems are the same organization or person, how that is known, and what a person has to
decide.

Records join in this order, the stronger evidence first; a person's decision outranks everything:

============= ===== ============================================================================================
method        weight evidence
============= ===== ============================================================================================
``manual``    1.00  a person said so (``alignment/identity``), or said that two are NOT the same
``link``      1.00  an ``identity_link`` row of a source, with the method it names
``merge``     1.00  the source merged one record into the other
``external_id`` 1.00  one system's field holds the other's id, and no second record claims that id
``domain``    0.90  the same web domain, and in each system only one organization has it
``email``     0.95  (people) the same address, and in each system only one person has it
``email``     0.80  (organizations) one has no domain, and all its people have addresses at one that another has
============= ===== ============================================================================================

Free-mail domains join nobody. By domain or address nothing is joined that would make two records of ONE system the same,
and nothing that goes against a decision; such pairs, and those where several records could be meant, are listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import duckdb

from revalign_udf.calc.domains import FREE_MAIL, company_name
from revalign_udf.errors import ConfigError, did_you_mean

__all__ = ["ExternalKey", "Identity", "Pair", "check_decisions", "match"]

Node = tuple[str, str, str]
"""(entity, connection, id)"""

_DOMAIN = r"nullif(regexp_replace(regexp_replace(lower(trim({})), '^[a-z]+://', ''), '^www\.|[/?#:].*$', '', 'g'), '')"
#: pairs listed for one domain or name; more say no more
_LISTED = 20
_ENTITIES = ("organization", "person")
_YES, _NO = ("yes", "true", "1"), ("no", "false", "0")


@dataclass(frozen=True, slots=True)
class ExternalKey:
    """A field of one connection's rows that holds the ids of another connection."""

    entity: str
    connection: str
    field: str
    other: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records and what was found about them.

    ``status``: ``joined``; ``decide`` when a person has to say; ``apart`` when one said they are not the same.
    """

    entity: str
    source_a: str
    id_a: str
    source_b: str
    id_b: str
    method: str
    confidence: float
    status: Literal["joined", "decide", "apart"]
    reason: str = ""

    @property
    def ends(self) -> tuple[Node, Node]:
        """Both records."""
        return (self.entity, self.source_a, self.id_a), (self.entity, self.source_b, self.id_b)


@dataclass(slots=True)
class Identity:
    """What was found."""

    pairs: list[Pair] = field(default_factory=list)
    roots: dict[Node, Node] = field(default_factory=dict)
    """every record that is joined to something -> the record the group is named after"""


def match(
    con: duckdb.DuckDBPyConnection, keys: Sequence[ExternalKey] = (), decided: Sequence[Mapping[str, Any]] = (),
    *, names: bool = True,
) -> Identity:  # fmt: skip
    """Join the records behind the canonical views. ``decided`` are rows of ``alignment/identity``: entity, source_a, id_a,
    source_b, id_b, same (yes, no, or empty: not decided yet). Without ``names`` pairs of one name, which join nothing, are not
    looked for."""
    joiner = _Joiner(decided)
    joiner.take(_decisions(decided))
    joiner.take(_linked(con))
    joiner.take(_merged(con))
    joiner.take(_external(con, keys))
    con.execute(_domains())
    joiner.take(_same_domain(con))
    joiner.take(_same_address(con))
    if names:
        joiner.take(_same_name(con))
    con.execute("DROP TABLE k_domain")
    return Identity(joiner.listed(), joiner.roots())


def check_decisions(rows: Sequence[Mapping[str, Any]], sources: Iterable[str]) -> None:
    """Raise ConfigError REV-305 for a decision that cannot be meant: an entity, a source or an answer that is none."""
    known = list(sources)
    for number, row in enumerate(rows, 1):
        if not _answer(row):
            continue  # listed, and not decided yet
        wanted = (("entity", _ENTITIES), ("source_a", known), ("source_b", known), ("same", (*_YES, *_NO)))
        for name, allowed in wanted:
            value = _answer(row) if name == "same" else str(row.get(name) or "").strip()
            if value not in allowed:
                near = did_you_mean(value, allowed)
                raise ConfigError(
                    f"identity, row {number}: {name} cannot be {value!r}.", code="REV-305",
                    hint=f"Did you mean {near}?" if near else f"There are {', '.join(allowed)}.",
                )  # fmt: skip


class _Joiner:
    """Joins pair by pair, never against a decision, and lists what is left to decide."""

    def __init__(self, decided: Sequence[Mapping[str, Any]]) -> None:
        self._parent: dict[Node, Node] = {}
        self._sources: dict[Node, set[str]] = {}
        self._apart: dict[Node, set[Node]] = {}
        self._pairs: list[Pair] = []
        for pair in _decisions(decided):
            if pair.status == "apart":
                a, b = pair.ends
                self._apart.setdefault(a, set()).add(b)
                self._apart.setdefault(b, set()).add(a)
        self._members: dict[Node, list[Node]] = {}

    def take(self, pairs: Iterable[Pair]) -> None:
        """Take pairs of one kind of evidence."""
        for pair in pairs:
            self._pairs.append(self._joined(pair) if pair.status == "joined" else pair)

    def _joined(self, pair: Pair) -> Pair:
        a, b = (self._top(end) for end in pair.ends)
        if a == b:
            return pair
        if self._apart and self._decided_apart(a, b):
            return _left(pair, "apart", "a person said that these, or records joined to them, are not the same")
        careful = pair.method in ("domain", "email")
        if careful and self._sources_of(a) & self._sources_of(b):
            return _left(pair, "decide", "it would make two records of one system the same")
        first, second = sorted((a, b))
        self._parent[second] = first
        self._sources[first] = self._sources_of(first) | self._sources.pop(second, {second[1]})
        if self._apart:
            self._members.setdefault(first, [first]).extend(self._members.pop(second, [second]))
        return pair

    def _decided_apart(self, a: Node, b: Node) -> bool:
        others = {other for node in self._members.get(a, [a]) for other in self._apart.get(node, ())}
        return any(node in others for node in self._members.get(b, [b]))

    def _sources_of(self, node: Node) -> set[str]:
        return self._sources.get(node, {node[1]})

    def _top(self, node: Node) -> Node:
        parent = self._parent
        while (above := parent.get(node, node)) != node:
            parent[node] = parent.get(above, above)
            node = above
        return node

    def roots(self) -> dict[Node, Node]:
        """Every record that is joined to another -> the first of its group."""
        return {node: self._top(node) for node in sorted({*self._parent, *self._parent.values()})}

    def listed(self) -> list[Pair]:
        """The pairs, the strongest evidence once; what is joined another way needs no decision."""
        found: dict[frozenset[Node], Pair] = {}
        for pair in self._pairs:
            a, b = pair.ends
            if pair.status == "decide" and (self._top(a) == self._top(b) or b in self._apart.get(a, ())):
                continue
            found.setdefault(frozenset((a, b)), pair)
        return list(found.values())


def _left(pair: Pair, status: Literal["decide", "apart"], reason: str) -> Pair:
    return Pair(
        pair.entity, pair.source_a, pair.id_a, pair.source_b, pair.id_b, pair.method, pair.confidence, status, reason
    )


def _decisions(decided: Sequence[Mapping[str, Any]]) -> Iterator[Pair]:
    for row in decided:
        if not _answer(row):
            continue
        same = _answer(row) in _YES
        ends = (str(row["source_a"]), str(row["id_a"]), str(row["source_b"]), str(row["id_b"]))
        yield Pair(str(row["entity"]), *ends, "manual", 1.0, "joined" if same else "apart", str(row.get("note") or ""))


def _answer(row: Mapping[str, Any]) -> str:
    return str(row.get("same", "")).strip().lower() if row.get("same") is not None else ""


def _linked(con: duckdb.DuckDBPyConnection) -> Iterator[Pair]:
    for entity, a, ida, b, idb, method, confidence in con.execute(
        "SELECT entity, source_a, id_a, source_b, id_b, coalesce(method, 'manual'), CAST(confidence AS DOUBLE)"
        " FROM c_identity_link WHERE entity IN ('organization', 'person') AND valid_to IS NULL ORDER BY ALL"
    ).fetchall():
        weight = 1.0 if confidence is None else confidence
        yield Pair(entity, a, ida, b, idb, f"link ({method})", weight, "joined")


def _merged(con: duckdb.DuckDBPyConnection) -> Iterator[Pair]:
    for entity in _ENTITIES:
        for conn, gone, stays in con.execute(
            f"SELECT _conn, id, merged_into FROM x_{entity} WHERE merged_into IS NOT NULL ORDER BY ALL"
        ).fetchall():
            yield Pair(entity, conn, gone, conn, stays, "merge", 1.0, "joined")


def _external(con: duckdb.DuckDBPyConnection, keys: Sequence[ExternalKey]) -> Iterator[Pair]:
    for key in keys:
        if key.entity not in _ENTITIES:
            continue
        value = f'"{key.field}"'
        if key.field.startswith("attrs."):
            name = key.field.removeprefix("attrs.").replace('"', "").replace("'", "''")
            value = f"json_extract_string(attrs, '$.\"{name}\"')"
        rows = con.execute(
            f"WITH said AS (SELECT id, trim(CAST({value} AS VARCHAR)) AS other FROM c_{key.entity} WHERE _conn = ?)"
            f" SELECT s.id, s.other, count(*) OVER (PARTITION BY s.other) FROM said s"
            f" JOIN c_{key.entity} o ON o._conn = ? AND o.id = s.other ORDER BY ALL",
            [key.connection, key.other],
        ).fetchall()
        for own, other, claims in rows:
            pair = Pair(key.entity, key.connection, own, key.other, other, "external_id", 1.0, "joined", key.field)
            yield pair if claims == 1 else _left(pair, "decide", f"{claims} records claim this id in {key.field}")


def _domains() -> str:
    """``k_domain(_conn, id, domain, own, n)``: the domain of each organization, its own or that of all its people, and
    how many organizations of its connection have it."""
    free = ", ".join(f"'{domain}'" for domain in sorted(FREE_MAIL))
    own, mail = _DOMAIN.format("domain"), "nullif(split_part(lower(trim(email)), '@', 2), '')"
    return (
        "CREATE OR REPLACE TEMP TABLE k_domain AS"
        f" WITH own AS (SELECT _conn, id, {own} AS domain FROM c_organization WHERE merged_into IS NULL),"
        f" mail AS (SELECT _conn, org_id AS id, min({mail}) AS domain FROM c_person WHERE org_id IS NOT NULL"
        f" AND {mail} NOT IN ({free}) GROUP BY ALL HAVING count(DISTINCT {mail}) = 1),"
        " every AS (SELECT _conn, id, domain, 1 AS own FROM own WHERE domain IS NOT NULL UNION ALL"
        " SELECT o._conn, o.id, m.domain, 0 FROM own o JOIN mail m ON m._conn = o._conn AND m.id = o.id"
        " WHERE o.domain IS NULL)"
        " SELECT _conn, id, domain, own, count(*) OVER (PARTITION BY _conn, domain) AS n FROM every"
        f" WHERE domain NOT IN ({free}) AND domain LIKE '%_.__%'"
    )


def _same_domain(con: duckdb.DuckDBPyConnection) -> Iterator[Pair]:
    # own domains first: what all the people have is the weaker sign
    rows = con.execute(
        "SELECT a._conn, a.id, b._conn, b.id, a.domain, a.own + b.own AS signs, a.n + b.n - 2 AS others FROM k_domain a"
        f" JOIN k_domain b ON a.domain = b.domain AND a._conn < b._conn WHERE a.n * b.n <= {_LISTED}"
        " ORDER BY 6 DESC, 1, 2, 3, 4"
    ).fetchall()
    for a, ida, b, idb, domain, signs, others in rows:
        method, weight = ("domain", 0.9) if signs == 2 else ("email", 0.8)
        pair = Pair("organization", a, ida, b, idb, method, weight, "joined", domain)
        yield pair if not others else _left(pair, "decide", f"several organizations have the domain {domain}")


def _same_address(con: duckdb.DuckDBPyConnection) -> Iterator[Pair]:
    rows = con.execute(
        "WITH p AS (SELECT _conn, id, lower(trim(email)) AS email, count(*) OVER (PARTITION BY _conn, lower(trim(email))) AS n"
        " FROM c_person WHERE email LIKE '%_@_%' AND merged_into IS NULL)"
        f" SELECT a._conn, a.id, b._conn, b.id, a.n + b.n - 2 FROM p a JOIN p b ON a.email = b.email AND a._conn < b._conn"
        f" WHERE a.n * b.n <= {_LISTED} ORDER BY ALL"
    ).fetchall()
    for a, ida, b, idb, others in rows:
        pair = Pair("person", a, ida, b, idb, "email", 0.95, "joined")
        yield pair if not others else _left(pair, "decide", "several people of one system have this address")


def _same_name(con: duckdb.DuckDBPyConnection) -> Iterator[Pair]:
    """Organizations of one name and no other evidence: a person has to say. Never joined by name alone."""
    named: dict[str, list[tuple[str, str]]] = {}
    for conn, key, name in con.execute(
        "SELECT _conn, id, name FROM c_organization WHERE merged_into IS NULL ORDER BY ALL"
    ).fetchall():
        if plain := company_name(name):
            named.setdefault(plain, []).append((conn, key))
    for places in named.values():
        pairs = (
            [(a, b) for n, a in enumerate(places) for b in places[n + 1 :] if a[0] != b[0]] if len(places) < 8 else []
        )
        for (a, ida), (b, idb) in pairs[:_LISTED]:
            yield Pair("organization", a, ida, b, idb, "name", 0.5, "decide", "the same name, and nothing else")
