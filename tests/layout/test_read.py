"""A layout is refused with the file, the place and the nearest right word."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from revalign_udf.errors import SurfaceError
from revalign_udf.layout import available, find, packaged, read, resolve


def test_the_good_one_is_read(write: Callable[..., Path]) -> None:
    layout = read(write())
    block = layout.tabs[0].blocks[0]
    assert (layout.key, layout.title) == ("demo", "Test")
    assert [metric.key for metric in block.metrics] == ["opening_mrr", "mrr", "mrr_smb"]
    assert block.metrics[2].where == {"segment": "SMB"}
    assert block.computed[0].title == "Change"
    assert (block.charts[0].key, block.charts[0].x) == ("chart1", "period")


def test_every_packaged_report_is_read() -> None:
    assert [read(find(name)).title for name in available()]


def test_where_and_decimals_of_a_block_are_for_all_its_columns(write: Callable[..., Path], good: str) -> None:
    path = write(
        good,
        ('kind = "series"', 'kind = "series"\nwhere = { country = "SE" }\ndecimals = 0'),
        ("where = { seg", "decimals = 2, where = { seg"),
    )
    metrics = read(path).tabs[0].blocks[0].metrics
    assert [dict(metric.where) for metric in metrics] == [{"country": "SE"}] * 2 + [{"country": "SE", "segment": "SMB"}]
    assert [metric.decimals for metric in metrics] == [0, 0, 2]


WRONG = [
    ('title = "Test"', 'titel = "Test"', r'"title" is missing'),
    ('title = "Test"', 'title = "Test"\ndescripton = "x"', r'unknown key "descripton".*Did you mean description'),
    ('title = "Main"', 'titel = "Main"', r'tab\[one\]\.block\[main\]: unknown key "titel".*Did you mean title'),
    ("[[tab.block.chart]]", "[[tab.block.charts]]", r'block\[main\]: unknown key "charts".*Did you mean chart'),
    ("[[tab]]", "[[tabs]]", r'no "\[\[tab\]\]"'),
    ('kind = "series"', 'kind = "serie"', r"block\[main\]\.kind: .*Did you mean series"),
    ('kind = "series"', "", r'"kind" is missing'),
    ('kind = "series"', 'kind = "series"\ngrain = "span"', r"no grain 'span'.*month"),
    ('kind = "series"', 'kind = "series"\nby = "segment"', r'unknown key "by"'),
    ('kind = "series"', 'kind = "series"\nwhere = { segment = true }', r"where: must be a table"),
    ('kind = "series"', 'kind = "series"\nwhere = "SMB"', r"where: must be a table"),
    ('kind = "series"', 'kind = "series"\ndecimals = 1.5', r"decimals: must be a whole number"),
    ('periods = "LAST_N_MONTHS:3"', "", r'"periods" is missing.*periods = "LTM"'),
    ('periods = "LAST_N_MONTHS:3"', 'from = "2026-01"', r'"to" is missing'),
    ('periods = "LAST_N_MONTHS:3"', 'periods = "LTM"\nto = "2026-01"', r'either "periods" or "from"'),
    ('key = "one"', 'key = "One Tab"', r"'One Tab' is no key.*one_tab"),
    ('name = "One"', 'name = "One/Two"', r"tab\[one\]\.name: 'One/Two' cannot be the name of a sheet"),
    ('name = "One"', 'name = "Definitions"', r"cannot be the name of a sheet"),
    ('name = "One"', f'name = "{"x" * 32}"', r"cannot be the name of a sheet"),
    ('series = ["mrr", "change"]', 'series = ["mmr"]', r'chart\[1\]\.series: no column "mmr".*Did you mean mrr'),
    ('series = ["mrr", "change"]', 'series = ["mrr"]\nx = "month"', r'chart\[1\]\.x: no column "month"'),
    ('series = ["mrr", "change"]', "series = []", r"series: must be a list of texts"),
    ('kind = "line"', 'kind = "pie"', r"no kind 'pie'.*line"),
    ('formula = "mrr - opening_mrr"', 'formula = "mrr - opening_mr"', r"formula: .*Did you mean opening_mrr"),
    ('formula = "mrr - opening_mrr"', 'formula = "mrr -"', r"computed\[change\]\.formula: Cannot read"),
    ('formula = "mrr - opening_mrr"', "formula = \"HYPERLINK('x')\"", r"formula: "),
    ('formula = "mrr - opening_mrr"', 'formula = "sqrt(mrr)"', r'no function "sqrt".*min'),
    ('formula = "mrr - opening_mrr"', 'formula = ""', r"formula: must be a text"),
    ('unit = "money"', 'unit = "euro"', r"no unit 'euro'"),
    ('key = "change"', 'key = "mrr"', r'two columns named "mrr"'),
    ('"opening_mrr", "mrr",', '"opening_mrr", "mrr", "mrr",', r'two columns named "mrr"'),
    ('"opening_mrr", "mrr",', "3,", r"metrics\[1\]: must be a metric's name or a table"),
    ('metric = "mrr"', 'metrc = "mrr"', r'metrics\[3\]: "metric" is missing'),
    ('metric = "mrr"', 'metric = "mrr", titel = "x"', r'metrics\[3\]: unknown key "titel".*title'),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[new or f"no {old}" for old, new, _ in WRONG])
def test_what_is_wrong_is_said_with_its_place(
    write: Callable[..., Path], good: str, old: str, new: str, said: str
) -> None:
    path = write(good, (old, new))
    with pytest.raises(SurfaceError, match=said) as caught:
        read(path)
    assert caught.value.code == "REV-701"
    assert str(path) in str(caught.value)


def test_no_metrics(write: Callable[..., Path], good: str) -> None:
    text = "\n".join(line for line in good.splitlines() if not line.startswith("metrics"))
    with pytest.raises(SurfaceError, match=r'block\[main\]: "metrics" is missing or empty'):
        read(write(text))


def test_two_tabs_of_one_name_differ_only_in_case(write: Callable[..., Path], good: str) -> None:
    with pytest.raises(SurfaceError, match=r'two tab names named "one"'):
        read(
            write(
                good
                + '[[tab]]\nkey="two"\nname="ONE"\n[[tab.block]]\nkey="b"\nkind="table"\nperiod="LTM"\nmetrics=["funnel"]\n'
            )
        )


def test_a_table_has_one_metric_and_nothing_computed(write: Callable[..., Path], good: str) -> None:
    table = (('kind = "series"', 'kind = "table"'), ("periods =", "period ="))
    with pytest.raises(SurfaceError, match="a table shows one metric"):
        read(write(good, *table))
    one = ('"opening_mrr", "mrr", { metric = "mrr", where = { segment = "SMB" } }', '"funnel"')
    with pytest.raises(SurfaceError, match="a table cannot have computed columns"):
        read(write(good, *table, one))


@pytest.mark.parametrize(
    ("content", "said"),
    [(b'title = "x', "not valid TOML"), (b"\xff\xfe\x00", "cannot be read"), (b"", '"title" is missing')],
)
def test_unreadable_files(write: Callable[..., Path], content: bytes, said: str) -> None:
    path = write()
    path.write_bytes(content)
    with pytest.raises(SurfaceError, match=said) as caught:
        read(path)
    assert caught.value.code == "REV-701"


def test_a_byte_order_mark_is_no_harm(write: Callable[..., Path], good: str) -> None:
    path = write()
    path.write_bytes(b"\xef\xbb\xbf" + good.encode())
    assert read(path).title == "Test"


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(SurfaceError, match="There is no layout"):
        read(tmp_path / "layout.toml")


def test_the_example_of_the_readme_is_a_layout(write: Callable[..., Path], ask: Any, answering: Any) -> None:
    readme = (packaged() / "README.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", readme, flags=re.DOTALL)
    report = resolve(read(write(example)), ask, answering)
    (tab,) = report.tabs
    assert [block.key for block in tab.blocks] == [
        "by_month", "scores", "segments", "countries", "cohorts", "funnel", "lost", "history", "own", "why", "read",
    ]  # fmt: skip
    assert [parameter.key for parameter in report.parameters] == ["month", "segment"]


def test_the_readme_names_every_report() -> None:
    readme = (packaged() / "README.md").read_text("utf-8")
    assert [name for name in available() if f"[{name}]({name})" not in readme] == []
