"""A block that stands nowhere yet."""

from __future__ import annotations

from dataclasses import replace

from revalign_udf.sheets import identity, looks
from revalign_udf.sheets.change import BlockChange
from revalign_udf.sheets.charts import Place, chart_count, new_charts, redraw
from revalign_udf.sheets.client import Json
from revalign_udf.sheets.current import Area, Current
from revalign_udf.sheets.desired import WantedBlock, extended
from revalign_udf.sheets.extent import data_rows, extent
from revalign_udf.sheets.identity import BlockMark
from revalign_udf.sheets.links import link_columns, links
from revalign_udf.sheets.memory import BlockMemory
from revalign_udf.sheets.requests import write_cells
from revalign_udf.sheets.rowlooks import row_looks
from revalign_udf.sheets.rules import plan_rules, put_rules, rule_count

__all__ = ["HEADER_KEY", "create_block", "remembered"]

#: The memory's key of the header row.
HEADER_KEY = "\x00header"


def remembered(wanted: WantedBlock) -> BlockMemory:
    """A block as it stands once it is written."""
    rows = {key: wanted.template(index) for index, key in enumerate(wanted.keys())}
    rows[HEADER_KEY] = wanted.header()
    return BlockMemory(tuple(column.key for column in wanted.block.columns), rows)


def create_block(current: Current, wanted: WantedBlock, tab: int, row: int, place: Place) -> BlockChange:
    """Writes a block: title on ``row``, header beneath, then the data.

    The caller has made sure that the rows are free and on the grid.
    """
    count = len(wanted.block.rows)
    area = Area(tab, row + 1, 0, row + 2 + count, wanted.width)
    change = BlockChange(inserted=count, memory=remembered(wanted), area=area)
    columns = range(wanted.width)
    places = {column.key: at for at, column in enumerate(wanted.block.columns)}
    identifier = identity.text_id("block", wanted.path)
    named = {"namedRangeId": identifier, "name": identity.range_name(wanted.path), "range": area.json()}
    values: dict[tuple[int, int], Json | None] = {(row, 0): extended(wanted.block.title)}
    for column, value in enumerate(wanted.header()):
        values[area.top, column] = value
    for index in range(count):
        at = area.top + 1 + index
        values |= {(at, column): value for column, value in enumerate(wanted.row(index, at, places))}
    found = current.block_marks.get(wanted.path)
    before = found.kept.charts if found else ()  # one a person deleted stays deleted
    data = data_rows(area, wanted.keys(), wanted.total_keys())
    charted = replace(data, top=area.top)
    charts = new_charts(current, wanted, charted, columns, place, before=before)
    rows = range(area.top + 1, area.bottom)
    known = dict.fromkeys([*before, *(chart.key for chart in wanted.block.charts)])
    mark = wanted.mark(list(known))
    made = row_looks(wanted, area, columns, rows, BlockMark(wanted.path), {})
    change.rules = plan_rules(wanted, None, None, {}, data_rows(area, wanted.keys()), data, columns)
    change.puts = put_rules(change.rules)
    linked = link_columns(wanted)
    mark = replace(
        mark, partial=made.partial, totals=made.totals, formats=made.formats, rules=change.rules.kept,
        links=linked,
    )  # fmt: skip
    stands = extent(area, wanted.keys(), wanted.total_keys(), ())
    change.out.each(
        [
            {"addNamedRange": {"namedRange": named}},
            *write_cells(tab, values),
            looks.title_look(tab, row, 0),
            *looks.header(wanted, area, columns, look=True),
            *looks.formats(wanted, area, columns, set(columns)),
            *_stripes(current, wanted, area),
            *made.requests,
            *links(wanted, tab, columns, values, rows, linked),
            *change.puts,
            *charts,
            *redraw(current, wanted, stands, charted, columns, reshaped=True),
            *looks.guard(current, wanted.path, identifier),
            *looks.mark_request(current, tab, mark),
        ]
    )
    change.words.append(f'new block "{wanted.block.title or wanted.block.key}"')
    if charts:
        change.words.append(chart_count(charts))
    if change.rules.new:
        change.words.append(rule_count(change.rules.new))
    return change


def _stripes(current: Current, wanted: WantedBlock, area: Area) -> list[Json]:
    """Stripes, unless a person's stand there; those of a rectangle that lost its name are taken over."""
    number = identity.number_id("banding", wanted.path)
    if any(number in tab.bandings for tab in current.tabs.values()):
        return [{"deleteBanding": {"bandedRangeId": number}}, looks.banding(wanted.path, area)]
    return [] if looks.striped(current.tabs.get(area.tab), area) else [looks.banding(wanted.path, area)]
