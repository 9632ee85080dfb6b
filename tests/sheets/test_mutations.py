"""Deliberate breaks of the sync, each of which a named test must notice.

A row of ``BREAKS`` names a rule of the product, breaks it, and names the test that must fail then. The test itself runs
unbroken in its own file; here it runs on the broken sync. A break that nothing notices is a missing test.
"""

import inspect
import random
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from beside import campaign

from revalign_udf.errors import RevalignError
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import (
    AmbiguousWrite,
    GoogleSpreadsheet,
    Options,
    SheetTarget,
    align,
    current,
    desired,
    gsheets,
    identity,
    looks,
    open_spreadsheet,
    packing,
    plan,
    rows,
    sync_report,
    update,
)
from revalign_udf.sheets.carried import Carried
from revalign_udf.sheets.columns import Columns
from revalign_udf.sheets.memory import BlockMemory
from revalign_udf.sheets.packing import Batch
from revalign_udf.sheets.requests import Outbox
from revalign_udf.sheets.rowlooks import RowLooks
from revalign_udf.sheets.rules import settle
from revalign_udf.sheets.update import Judgement

from . import test_around, test_charts, test_links, test_packing, test_people, test_rules, test_sync, test_totals
from .conftest import QUICK, report

Patch = pytest.MonkeyPatch
Break = Callable[[Patch], None]


# --- ways of breaking ------------------------------------------------------------------------------------------------


def put(place: str, made: Any) -> Break:
    """Replaces ``module.name`` of the sync."""
    return lambda patch: patch.setattr(f"revalign_udf.sheets.{place}", made)


def without(*kinds: str) -> Break:
    """Leaves out every request of some kinds."""

    def break_(patch: Patch) -> None:
        real = packing.pack

        def pack(groups: Any, *more: Any) -> Any:
            kept = [
                [item for item in group if not (isinstance(item, dict) and set(item) & set(kinds))] for group in groups
            ]
            return real([group for group in kept if group], *more)

        patch.setattr(plan, "pack", pack)

    return break_


def user_entered(patch: Patch) -> None:
    def write_values(self: Any, data: Any) -> None:
        body = {"valueInputOption": "USER_ENTERED", "data": list(data)}
        self._call(lambda: self._http.values_batch_update(self._key, body), write=True)

    patch.setattr(gsheets.GoogleSpreadsheet, "write_values", write_values)


def text_as_formula(patch: Patch) -> None:
    real = desired.extended

    def extended(value: object) -> Any:
        return {"formulaValue": value} if isinstance(value, str) and value.startswith("=") else real(value)

    patch.setattr(desired, "extended", extended)


def marks_first(patch: Patch) -> None:
    real = packing.pack

    def pack(groups: Any, *more: Any) -> Any:
        def is_mark(group: Any) -> bool:
            return any("createDeveloperMetadata" in item for item in group if isinstance(item, dict))

        tabs_ = [group for group in groups if any("addSheet" in item for item in group if isinstance(item, dict))]
        rest = [group for group in groups if group not in tabs_]
        return real([*tabs_, *filter(is_mark, rest), *(group for group in rest if not is_mark(group))], *more)

    patch.setattr(plan, "pack", pack)


def judged(**changes: Any) -> Break:
    """Judges otherwise than it was told to."""

    def break_(patch: Patch) -> None:
        real = Options.judgement.fget  # type: ignore[attr-defined]

        def judgement(self: Options) -> Judgement:
            found: Judgement = replace(real(self), **changes)
            return found

        patch.setattr(Options, "judgement", property(judgement))

    return break_


def uncounted(patch: Patch) -> None:
    patch.setattr(packing._Counter, "batch", lambda _self, made: Batch(tuple(made)))


def stage_stays(patch: Patch) -> None:
    real = packing._Counter.batch

    def batch(self: Any, made: Any) -> Batch:
        return real(self, [item for item in made if "deleteSheet" not in item])

    patch.setattr(packing._Counter, "batch", batch)


def plain_places(patch: Patch) -> None:
    def find(_tab: Any, area: Any, wanted: Any, *_: Any) -> Columns:
        places = list(range(area.left, area.left + wanted.width))
        keys = [column.key for column in wanted.block.columns]
        return Columns(places, dict(zip(places, keys, strict=True)))

    patch.setattr(update, "find_columns", find)


def unmeant(patch: Patch) -> None:
    def written(self: BlockMemory, key: str, column: str) -> Iterator[Any]:
        if self.rows.get(key) and column in self.columns:
            yield self.rows[key][self.columns.index(column)]

    patch.setattr(BlockMemory, "written", written)


def unguarded(patch: Patch) -> None:
    real = align.align
    patch.setattr(update, "align", lambda old, new, _guarded=(): real(old, new))


def always_replace(patch: Patch) -> None:
    real = rows.arrange

    def arrange(standing: Any, apart: Any, wanted: Any, _mode: Any, *more: Any, **options: Any) -> Any:
        return real(standing, apart, wanted, "replace", *more, **options)

    patch.setattr(update, "arrange", arrange)


def repeats_writes(patch: Patch) -> None:
    """A write without an answer is simply sent again."""
    real = plan.apply

    def apply(client: Any, made: Any, progress: Any = None) -> bool:
        try:
            return real(client, made, progress)
        except AmbiguousWrite:
            return real(client, made, progress)

    patch.setattr(plan, "apply", apply)


def copies_are_ours(patch: Patch) -> None:
    def tab(self: Any, path: str) -> Any:
        title = "My copy" if path.endswith("overview") else ""
        found = next((item for item in self.tabs.values() if item.title == title), None)
        return found or self.tabs.get(identity.number_id("tab", path))

    patch.setattr(current.Current, "tab", tab)


def striped_anew(self: Any) -> list[Any]:
    """Stripes wherever there are none."""
    there = identity.number_id("banding", self.wanted.path) in self.tab.bandings
    return [] if there else [looks.banding(self.wanted.path, self.after)]


class Drawn:
    """Ids drawn by chance instead of following from what they are of."""

    def __init__(self) -> None:
        self.random = random.Random(7)

    def __call__(self, *_: str) -> int:
        return self.random.randrange(1, 2**31)


@dataclass(frozen=True)
class Case:
    """A rule, its break, and the test that must notice."""

    rule: str
    break_: Break
    test: Callable[..., None]
    more: tuple[tuple[str, Any], ...] = ()


def nothing(*_: Any, **__: Any) -> list[Any]:
    return []


#: The names a person would give the rules; the first ones run always.
BREAKS = [
    Case(
        "values are RAW",
        user_entered,
        test_packing.test_text_that_looks_like_a_formula_stays_text_in_every_way_of_writing,
    ),
    Case("text is never a formula", text_as_formula, test_sync.test_text_stays_text, (("text", "=1+1"),)),
    Case(
        "ids follow from what they are of",
        put("identity.number_id", Drawn()),
        test_sync.test_a_second_plan_is_empty_and_writes_nothing,
    ),
    Case(
        "the mark comes last",
        marks_first,
        test_sync.test_killed_at_a_write_and_run_again,
        (("step", 0), ("after_commit", True)),
    ),
    Case(
        "the named range follows its rows",
        without("updateNamedRange"),
        test_sync.test_rows_come_and_go_with_their_record,
    ),
    Case(
        "much may not vanish at once",
        judged(max_delete=1.0),
        test_people.test_a_source_that_answers_half_empties_nothing,
    ),
    Case(
        "what was written is remembered",
        judged(memory=None),
        test_people.test_an_edit_is_left_for_one_cycle_logged_and_then_written_over,
    ),
    Case(
        "changes are counted",
        uncounted,
        test_packing.test_of_two_syncs_from_one_state_the_second_is_refused_and_plans_again,
    ),
    Case(
        "a row somebody wrote beside is kept",
        put("update._Update._noted", lambda *_: set()),
        test_sync.test_what_people_write_beside_travels_with_the_record,
    ),
    Case("the stage is cleared away", stage_stays, test_packing.test_a_full_load_is_staged_and_swapped_in_one_call),
    Case(
        "formulas take the marks of the country",
        put("plan.formula_marks", lambda _: (".", ",")),
        test_around.test_formulas_take_the_marks_of_the_country,
    ),
    Case(
        "places are looked at after the write",
        put("plan._in_place", lambda *_: True),
        test_packing.test_rows_inserted_between_plan_and_write_are_noticed,
    ),
    Case(
        "what was meant is remembered before it is sent",
        unmeant,
        test_people.test_a_run_cut_off_before_its_memory_was_written_sees_no_edit,
    ),
    Case(
        "a write without an answer is looked at first",
        repeats_writes,
        test_sync.test_a_write_without_an_answer_is_read_back,
    ),
    Case("guarded rows move whole", unguarded, test_sync.test_what_people_write_beside_travels_with_the_record),
    Case(
        "columns are found, not assumed",
        plain_places,
        test_sync.test_survives_rename_move_and_inserted_rows_and_columns,
    ),
    Case(
        "earlier snapshots are never touched",
        put("desired.WantedBlock.is_earlier", lambda *_: False),
        test_people.test_append_adds_beneath_and_never_touches_earlier_snapshots,
    ),
    Case("people's order is kept", always_replace, test_people.test_upsert_keeps_the_order_people_sorted_into),
    Case(
        "their formulas are filled down",
        put("update.fill_down", nothing),
        test_people.test_their_formulas_are_filled_down_into_new_rows,
    ),
    Case(
        "a colour belongs to its row",
        put("update._Update._plain_colours", nothing),
        test_people.test_a_colour_belongs_to_its_row,
    ),
    Case(
        "charts go on covering the rows",
        put("dressing.redraw", nothing),
        test_sync.test_rows_come_and_go_with_their_record,
    ),
    Case(
        "edits are told in the log",
        put("plan.write_log", lambda *_: Outbox()),
        test_people.test_an_edit_is_left_for_one_cycle_logged_and_then_written_over,
    ),
    Case(
        "a deleted name is found again",
        put("tabs.search", lambda *_: None),
        test_people.test_a_deleted_named_range_is_found_by_its_header,
    ),
    Case(
        "a copied tab is a person's",
        copies_are_ours,
        test_people.test_a_copied_tab_is_theirs_even_when_the_first_one_is_deleted,
    ),
    Case(
        "verifying compares",
        put("verify._agree", lambda *_, **__: True),
        test_around.test_verify_compares_every_cell_by_record,
    ),
    Case(
        "numbers not final are shown as such",
        put("dressing.row_looks", lambda *_: RowLooks([])),
        test_around.test_rows_that_are_not_final_stand_in_italics_until_they_are,
    ),
    Case(
        "a row beneath a total is none itself",
        put("dressing.carry", lambda *_, **__: Carried([])),
        test_totals.test_rows_of_each_snapshot_have_their_own_total,
    ),
    Case(
        "new records come above the totals",
        put("desired.WantedBlock.total_keys", lambda _: ()),
        test_totals.test_a_total_keeps_its_look_and_its_place_when_rows_come_and_go,
        (("mode", "upsert"),),
    ),
    Case(
        "rules go on covering the rows",
        put("rules._stretched", lambda rule, _: rule["ranges"]),
        test_rules.test_rules_follow_rows_that_come_go_and_move,
    ),
    Case(
        "rules have their place among others",
        put("tabs.settle", lambda count, changes, _: settle(count, changes, ())),
        test_rules.test_rules_of_people_keep_their_place_among_ours,
    ),
    Case(
        "a rule that is gone stays away",
        put("rules._find", lambda *_: None),
        test_rules.test_rules_follow_rows_that_come_go_and_move,
    ),
    Case(
        "a link leads where its cell says",
        put("dressing.Dressing.addresses", nothing),
        test_links.test_links_follow_their_records,
    ),
    Case(
        "charts stand apart",
        put("tabs.TabPlanner._chart_column", lambda _: 0),
        test_charts.test_charts_cover_neither_data_nor_each_other,
    ),
    Case(
        "a sync unticks the box",
        put("tabs.banner.box", lambda *_: Outbox()),
        test_around.test_a_ticked_box_is_found_wherever_it_was_moved_and_unticked,
    ),
    Case(
        "deleted stripes stay away",
        put("update._Update._stripes", striped_anew),
        test_people.test_stripes_grow_with_the_rows_and_stay_away_when_taken_away,
    ),
    Case(
        "an edited name keeps its record",
        put("update._Update._recognise", lambda *_: None),
        test_people.test_a_row_whose_name_was_edited_keeps_its_record,
    ),
    Case(
        "a new column needs room",
        put("columns._Finder.check_room", lambda *_: None),
        test_sync.test_new_columns_need_room,
    ),
]


@pytest.fixture(scope="module")
def server() -> Iterator[LocalSheets]:
    with LocalSheets() as local:
        yield local


@pytest.fixture
def play(server: LocalSheets, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Runs a test of another file with what its fixtures would give it."""
    opened: list[GoogleSpreadsheet] = []

    def opener(key: str = "", retry: Any = QUICK) -> GoogleSpreadsheet:
        target = SheetTarget("team", key or server.create("Broken"), server.key_file, server.base_url)
        opened.append(open_spreadsheet(target, retry=retry))
        return opened[-1]

    def run(test: Callable[..., None], **more: Any) -> None:
        client = opener()
        server.calls.clear()
        with Patch.context() as patch:
            given: dict[str, Any] = {
                "server": server, "client": client, "tmp_path": tmp_path, "monkeypatch": patch,
                "sync": test_people.Sync(client, tmp_path), "sheet": test_people.Sheet(server, client),
                "opener": lambda key="", retry=QUICK: opener(key or client.key, retry),
            } | more  # fmt: skip
            names = inspect.signature(test).parameters
            if "tab" in names:
                sync_report(client, report())
                given["tab"] = server.book(client.key).sheet("Overview").id
            test(**{name: given[name] for name in names})

    yield run
    server.faults.clear()
    for client in opened:
        client.close()


def test_every_break_is_of_another_rule() -> None:
    assert len({case.rule for case in BREAKS}) == len(BREAKS)


@pytest.mark.parametrize("case", campaign(BREAKS, 12), ids=lambda case: case.rule)
def test_the_break_is_noticed(play: Callable[..., None], monkeypatch: Patch, case: Case) -> None:
    monkeypatch.delenv("CI", raising=False)  # there a failing assertion is explained in full: minutes for a large sheet
    case.break_(monkeypatch)
    with pytest.raises((Exception, pytest.fail.Exception)) as caught:
        play(case.test, **dict(case.more))
    # a break that merely stumbles proves nothing
    where = Path(traceback.extract_tb(caught.value.__traceback__)[-1].filename)
    assert where.parent.name != "sheets" or "tests" in where.parts or isinstance(caught.value, RevalignError), (
        caught.value
    )
    assert where.suffix, caught.value


@pytest.mark.parametrize("case", campaign(BREAKS, 2), ids=lambda case: case.rule)
def test_unbroken_it_passes(play: Callable[..., None], case: Case) -> None:
    play(case.test, **dict(case.more))
