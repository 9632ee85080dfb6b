"""Discovery: a bad plugin is reported with its origin and harms nobody else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from revalign_udf.config import PluginSettings
from revalign_udf.errors import PluginProblem
from revalign_udf.metrics import CALLS
from revalign_udf.plugins import Registry, discover, fingerprint
from revalign_udf.query.formulas import CALLS as MEANT

Dropped = Callable[..., Registry]

HEAD = """
from revalign_udf.connector import Check, Spec
from revalign_udf.hookspecs import hookimpl
from revalign_udf.metrics import Metric

class C:
    def __init__(self, name, api=1):
        self.spec = Spec(name=name, version="1", about="", api_version=api)
    def check(self, ctx): return Check(True, "")
    def discover(self, ctx): return []
    def read(self, ctx, stream, state): return []
    def map(self, stream, record, mapping): return []

def metric(name, formula="mrr / customers"):
    return Metric(name=name, label=name, family="x", formula=formula, unit="money", definition="")
"""
GOOD = (
    HEAD
    + """
@hookimpl
def register_connectors(): return [C("good")]
@hookimpl
def register_metrics(): return [metric("good.one")]
"""
)


def only(registry: Registry) -> PluginProblem:
    (problem,) = registry.problems
    return problem


def state(registry: Registry, name: str) -> str:
    return next(plugin.state for plugin in registry.plugins if plugin.name == name)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
        ("import no_such_module_at_all", "no_such_module_at_all"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("this is no python", "SyntaxError"),
        (HEAD + "@hookimpl\ndef register_connectors(): raise ValueError('later')", "ValueError: later"),
        (HEAD + "@hookimpl\ndef register_connectors(): return 7", "TypeError"),
    ],
)
def test_one_that_cannot_be_loaded(dropped: Dropped, source: str, shown: str) -> None:
    registry = dropped(bad=source, good=GOOD)
    problem = only(registry)
    assert (problem.code, problem.plugin) == ("REV-601", "bad")
    assert shown in problem.message
    assert problem.origin.endswith("bad.py")
    assert (state(registry, "bad"), state(registry, "good")) == ("broken", "enabled")
    assert registry.connectors["good"].spec.name == "good"
    assert [m.name for m in registry.metrics] == ["good.one"]
    assert "csv" in registry.connectors


def test_two_of_one_name_run_neither_and_name_both(dropped: Dropped) -> None:
    registry = dropped(csv=GOOD)
    assert {problem.code for problem in registry.problems} == {"REV-602"}
    assert {plugin.state for plugin in registry.plugins if plugin.name == "csv"} == {"broken"}
    message = registry.problems[0].message
    assert "revalign-csv" in message
    assert "csv.py" in message
    assert "csv" not in registry.connectors
    assert "sample" in registry.connectors


def test_two_that_provide_one_connector_run_neither(dropped: Dropped) -> None:
    one = HEAD + '@hookimpl\ndef register_connectors(): return [C("lake")]'
    registry = dropped(a=one, b=one, good=GOOD)
    problem = only(registry)
    assert problem.code == "REV-602"
    assert "a.py" in problem.origin
    assert "b.py" in problem.origin
    assert "lake" not in registry.connectors
    with pytest.raises(PluginProblem) as caught:
        registry.connector("lake", "mine")
    assert caught.value.code == "REV-602"
    registry = dropped(enabled=("a", "good"))
    assert "lake" in registry.connectors, "disabling one settles it"


def test_an_unknown_hook_names_the_nearest(dropped: Dropped) -> None:
    problem = only(dropped(bad=HEAD + "@hookimpl\ndef register_metric(): return []"))
    assert problem.code == "REV-604"
    assert "register_metrics" in problem.hint


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ('def register_metrics(): return [metric("one")]', "bad.one"),
        ('def register_metrics(): return [metric("other.one")]', "bad.other.one"),
        ('def register_metrics(): return ["nrr"]', "is no metric"),
        ('def register_metrics(): return [metric("bad.one", "mrrr / customers")]', "mrr"),
        ('def register_metrics(): return [metric("bad.one", "mrr +* 2")]', "bad.one"),
        ("def register_connectors(): return [object()]", "no connector"),
        ('def register_connectors(): return [C("x", api=99)]', "99"),
    ],
)
def test_one_that_breaks_the_contract(dropped: Dropped, body: str, shown: str) -> None:
    registry = dropped(bad=f"{HEAD}\n@hookimpl\n{body}", good=GOOD)
    problem = only(registry)
    assert problem.code == "REV-604"
    assert shown in f"{problem.message} {problem.hint}"
    assert (state(registry, "bad"), state(registry, "good")) == ("broken", "enabled")


def test_one_metric_twice(dropped: Dropped) -> None:
    both = HEAD + '@hookimpl\ndef register_metrics(): return [metric("bad.one"), metric("bad.one", "mrr")]'
    assert only(dropped(bad=both)).code == "REV-602"


def test_drop_ins_run_only_when_enabled(dropped: Dropped) -> None:
    registry = dropped(enabled=(), trap="raise RuntimeError('must not even be imported')", good=GOOD)
    assert registry.problems == []
    assert (state(registry, "trap"), state(registry, "good")) == ("disabled", "disabled")
    with pytest.raises(PluginProblem) as caught:
        registry.connector("good", "mine")
    assert caught.value.code == "REV-603"
    assert 'enabled = ["good"]' in caught.value.hint


def test_packaged_connectors_need_no_opt_in_but_can_be_disabled(dropped: Dropped) -> None:
    assert "csv" in dropped(enabled=()).connectors
    registry = dropped(enabled=(), disabled=("csv",))
    assert "csv" not in registry.connectors
    assert "sample" in registry.connectors


def test_a_name_in_the_settings_that_nothing_has(dropped: Dropped) -> None:
    problem = only(dropped(enabled=("god",), good=GOOD))
    assert problem.code == "REV-601"
    assert "good" in problem.hint


def test_a_connector_nobody_provides(dropped: Dropped) -> None:
    with pytest.raises(PluginProblem) as caught:
        dropped().connector("cvs", "files")
    assert caught.value.code == "REV-603"
    assert "csv" in caught.value.hint
    assert "[source.files]" in caught.value.message


def test_files_with_an_underscore_are_never_loaded(dropped: Dropped) -> None:
    registry = dropped(enabled=(), _template="raise RuntimeError", good=GOOD)
    assert "_template" not in {plugin.name for plugin in registry.plugins}


def test_a_formula_may_call_only_what_metrics_know(tmp_path: Path) -> None:

    assert set(CALLS) == set(MEANT)
    (tmp_path / "odd.py").write_text(
        "from revalign_udf.hookspecs import hookimpl\nfrom revalign_udf.metrics import Metric\n"
        "@hookimpl\ndef register_metrics():\n"
        "    return [Metric('odd.x', 'X', 'odd', 'rato(mrr, customers)', 'money', 'A mistake.')]\n"
    )
    found = discover(PluginSettings(enabled=("odd",)), tmp_path)
    assert [problem.code for problem in found.problems] == ["REV-604"]
    assert "Did you mean ratio?" in str(found.problems[0])


def test_a_pin_that_fits_no_file_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(GOOD, encoding="utf-8")
    pin = fingerprint(GOOD.encode())
    assert discover(PluginSettings(("good",), pins={"good": pin}), tmp_path).problems == []
    assert only(discover(PluginSettings(("good",), pins={"god": pin}), tmp_path)).hint == "Did you mean good?"
    assert only(discover(PluginSettings(pins={"csv": pin}), tmp_path)).code == "REV-605", (
        "what pip installed has no pin"
    )


def test_a_file_that_is_not_the_pinned_one_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(GOOD, encoding="utf-8")
    settings = PluginSettings(("good",), pins={"good": fingerprint(GOOD.encode())})
    (tmp_path / "good.py").write_text(GOOD + "raise RuntimeError('it ran')\n", encoding="utf-8")
    registry = discover(settings, tmp_path)
    assert (only(registry).code, state(registry, "good")) == ("REV-605", "broken")
    assert "it ran" not in str(only(registry))
    with pytest.raises(PluginProblem) as caught:
        registry.connector("good", "mine")
    assert caught.value.code == "REV-605"
