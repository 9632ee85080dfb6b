"""Rules about what happens at the vendor's between two pulls."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

from revalign_udf.canonical import TABLES
from revalign_udf.connector import Stream
from revalign_udf.testing.contract.rules import Suite, Trial, need, read_of, rule
from revalign_udf.testing.pulling import PullResult

__all__ = ["Changes"]

#: a stage that no vendor has and no default explains
_STAGE = "Contract Suite Stage 9"
_VALUE = "Größe 12 ✓"
#: after so long a sweep of the keys is due
_SWEEP = timedelta(days=8)


class Changes(Suite):
    """What happens at the vendor's between two pulls."""

    @rule
    def test_a_second_pull_changes_nothing(self) -> None:
        """Where nothing happened a second pull writes nothing, and reads only what the cursor needs."""
        with self.trial(self.many) as trial:
            first = trial.pull()
            second = trial.pull()
            need(second.tables == first.tables, "The rows differ although nothing happened.")
            written = second.report.counts.written + second.report.counts.deleted
            need(not written, f"A second pull writes {written} rows although nothing happened.")
            if self._main(trial).cursor:
                before, now = read_of(first, self.vendor.main), read_of(second, self.vendor.main)
                need(now < before, f"A second pull reads {now} records of {self.vendor.main}, as the first ({before}).")
                need(
                    len(second.calls) <= len(first.calls),
                    f"It takes {len(second.calls)} calls ({len(first.calls)} before).",
                )

    @rule
    def test_one_change_is_one_upsert(self) -> None:
        """One changed record becomes one new version of one row of its table."""
        with self.trial(self.vendor.page_size + 1) as trial:
            key, table = trial.keys[0], self.vendor.table
            before = trial.pull()
            versions = self._versions(trial)
            trial.vendor.change(key)
            after = trial.pull()
            need(after.row(table, key) != before.row(table, key), f"The change of {key} did not arrive.")
            others = [row["_key"] for row in after.rows(table) if row["_key"] != key]
            changed = [other for other in others if after.row(table, other) != before.row(table, other)]
            need(not changed, f"Rows nobody changed are different now: {changed[:3]}")
            new = self._versions(trial) - versions
            need(new == 1, f"One change wrote {new} versions of {table} rows.")

    @rule
    def test_same_second_at_a_page_boundary(self) -> None:
        """Records that share a second on both sides of a page boundary, and one more of that second later, all arrive."""
        with self.trial(self.vendor.page_size - 1) as trial:
            keys = [*trial.keys, *trial.vendor.same_second(2)]
            found = trial.pull().keys(self.vendor.table)
            need(set(keys) <= found, f"Records of one second are missing: {sorted(set(keys) - found)}")
            keys += trial.vendor.same_second(self.vendor.page_size + 1)
            found = trial.pull().keys(self.vendor.table)
            need(
                set(keys) <= found,
                f"Records that came in the second of the cursor are missing: {sorted(set(keys) - found)}",
            )

    @rule
    def test_deleted_is_a_tombstone(self) -> None:
        """A record deleted at the vendor's is marked deleted, stays so, and its history stays."""
        with self.trial(3) as trial:
            trial.pull()
            gone, *left = trial.keys
            trial.vendor.remove(gone)
            result = self._swept(trial)
            need(gone not in result.keys(self.vendor.table), f"{gone} was deleted at the vendor's and is still live.")
            need(result.row(self.vendor.table, gone)["deleted"], f"The row {gone} vanished instead of being marked.")
            need(set(left) <= result.keys(self.vendor.table), "A deletion took other rows along.")
            again = trial.pull()
            need(gone not in again.keys(self.vendor.table), f"The next pull brings the deleted {gone} back.")
            need(not again.report.counts.deleted, "The next pull deletes again.")
        with self.trial(3) as trial:
            trial.vendor.remove(trial.keys[0])
            found = trial.pull().keys(self.vendor.table)
            need(trial.keys[0] not in found, "A first pull shows a record as live that was deleted long ago.")

    @rule
    def test_merged_is_linked(self) -> None:
        """A record merged into another is marked deleted and says into which; the other stays."""
        with self.trial(3) as trial:
            trial.pull()
            gone, stays = trial.keys[:2]
            trial.vendor.merge(gone, stays)
            result = self._swept(trial)
            for text in ("The pull", "The next pull"):
                row = result.row(self.vendor.table, gone)
                need(row["deleted"], f"{text}: {gone} was merged into {stays} and is still live.")
                need(row["merged_into"] == stays, f"{text}: {gone} says it was merged into {row['merged_into']!r}.")
                need(stays in result.keys(self.vendor.table), f"{text}: {stays}, which stays, is gone.")
                result = trial.pull()

    @rule
    def test_an_unknown_stage_is_kept_and_reported(self) -> None:
        """A stage that nobody has explained is kept as it is and named in the report."""
        with self.trial(1) as trial:
            trial.vendor.stage(_STAGE)
            result = trial.pull()
            kept = [
                f"{table}.{name}"
                for table in result.tables
                for row in result.rows(table)
                for name, value in row.items()
                if value == _STAGE and name in ("stage", "status", "from_stage", "step")
            ]
            need(kept, f"The stage {_STAGE!r} is in no row.")
            reported = any(_STAGE in text for text in result.report.messages)
            need(reported, f"The report does not name the stage {_STAGE!r} (kept in {', '.join(sorted(set(kept)))}).")

    @rule
    def test_a_custom_field_is_kept(self) -> None:
        """A field that only this customer has arrives in ``attrs``."""
        with self.trial(2) as trial:
            name = trial.vendor.custom(trial.keys[0], _VALUE)
            row = trial.pull().row(self.vendor.table, trial.keys[0])
            kept = json.loads(row["attrs"] or "{}")
            need(name in kept, f"The custom field {name} is not in attrs: {sorted(kept)}")
            need(str(kept[name]) == _VALUE, f"The custom field {name} is {kept[name]!r} instead of {_VALUE!r}.")

    @rule
    def test_money_without_cents_is_exact(self) -> None:
        """An amount in yen, which have no cents, arrives as the amount that was meant."""
        with self.trial(1) as trial:
            table, key, expected = trial.vendor.money()
            result = trial.pull()
            row = result.row(table, key)
            found = {name: row[name] for name in TABLES[table].of_kind("money") if row[name] is not None}
            need(Decimal(expected) in found.values(), f"{table} {key}: {expected} yen arrived as {found}")
            if "currency" in TABLES[table].columns:
                need(row["currency"] == "JPY", f"{table} {key}: the currency of the yen is {row['currency']!r}.")

    @rule
    def test_more_than_the_search_gives(self) -> None:
        """Where the vendor's search ends after so many results (10,000, say), the records beyond arrive too."""
        if not self.vendor.cap:
            raise NotImplementedError("cap")
        with self.trial(self.vendor.cap + self.vendor.page_size + 1) as trial:
            missing = set(trial.keys) - trial.pull().keys(self.vendor.table)
            need(not missing, f"{len(missing)} of {len(trial.keys)} records are missing.")

    def _main(self, trial: Trial) -> Stream:
        return {stream.name: stream for stream in trial.bench.streams()}[self.vendor.main]

    def _versions(self, trial: Trial) -> int:
        found = trial.bench.store.con.execute(
            f"SELECT count(*) FROM h_{self.vendor.table} WHERE _conn = ?", [trial.bench.name]
        ).fetchall()
        return int(found[0][0])

    def _swept(self, trial: Trial) -> PullResult:
        """The next pull; for a source that tells no deletions the one after a sweep of its keys has become due."""
        if self._main(trial).delete_mode == "sweep":
            trial.bench.shift += _SWEEP
        return trial.pull()
