"""Teams, pods and reps on a day; dimensions from custom fields; facts of a plugin."""

from fractions import Fraction
from pathlib import Path

import pytest

from revalign_udf.errors import ConfigError, PluginProblem, UserError
from revalign_udf.testing import project_of

TABLES = {
    "team": "id name pod\nn North p1\ns South p2",
    "owner": "id name team_id\no1 Ann n\no2 Ben s",
    "owner_team": "owner_id team_id valid_from valid_to\no1 n 2026-01-01 2026-03-01\no1 s 2026-03-01 -",
    "organization": "id name owner_id plan seats\na A o1 gold 7.0\nb B o2 blue 07\nc C - - many",
    "attribute_history": "entity entity_id attribute value valid_from\norganization b owner_id o1 2026-04-01",
    "product": "id name tier\np P high\nq Q low",
    "sales_order": "id org_id ordered_at amount product_id deal_no\n1 a 2026-02-10 100 p x\n2 a 2026-03-10 50 q y\n"
    "3 b 2026-02-20 30 p -\n4 b 2026-04-20 20 - x\n5 c 2026-02-01 7 q -",
}


def _by(query, by: str, period: str) -> dict[str, Fraction]:  # type: ignore[no-untyped-def]
    return {value: answer.exact for value, answer in query.breakdown("revenue", period, by)}


def test_who_owned_the_customer_on_the_day_and_in_which_team(tmp_path: Path) -> None:
    query = project_of(tmp_path, TABLES, through="2026-04-30")
    assert _by(query, "team", "2026-02") == {"n": 100, "s": 30, "(none)": 7}
    assert _by(query, "pod", "2026-02") == {"p1": 100, "p2": 30, "(none)": 7}
    # Ann moves to the other team in March, and takes over Ben's customer in April
    assert _by(query, "team", "2026-03") == {"s": 50}
    assert _by(query, "rep", "2026-02") == {"Ann": 100, "Ben": 30, "(none)": 7}
    assert _by(query, "rep", "2026-04") == {"Ann": 20}
    assert _by(query, "team", "2026") == {"n": 100, "s": 30 + 50 + 20, "(none)": 7}


def test_an_owner_outside_its_dated_teams_is_still_somebody(tmp_path: Path) -> None:
    tables = {**TABLES, "owner_team": "owner_id team_id valid_from valid_to\no1 n 2026-01-01 2026-03-01"}
    query = project_of(tmp_path, tables, through="2026-04-30")
    assert _by(query, "team", "2026-03") == {"(none)": 50}
    assert _by(query, "rep", "2026-03") == {"Ann": 50}


SETTINGS = """
[dimension.plan]
table = "organization"
key = "plan"

[dimension.seats]
table = "organization"
key = "seats"
kind = "number"
label = "Seats bought"

[dimension.tier]
table = "product"
key = "tier"

[dimension.deal_no]
table = "sales_order"
key = "deal_no"
"""


def test_custom_fields_are_dimensions(tmp_path: Path) -> None:
    query = project_of(tmp_path, TABLES, SETTINGS, through="2026-04-30")
    assert _by(query, "plan", "2026") == {"gold": 150, "blue": 50, "(none)": 7}
    assert _by(query, "seats", "2026") == {"7": 200, "(none)": 7}  # 7.0 and 07 are one number, "many" is none
    assert _by(query, "tier", "2026") == {"high": 130, "low": 57, "(none)": 20}
    assert _by(query, "deal_no", "2026") == {"x": 120, "y": 50, "(none)": 37}
    assert query.metric("revenue", "2026", {"plan": "gold", "tier": "low"}).exact == 50
    assert {"plan", "seats", "tier", "deal_no"} <= set(query.dimensions("revenue"))
    assert "tier" not in query.dimensions("mql")
    assert query.names("plan") == ["blue", "gold", "(none)"]
    left = query.session().snapshot.con.execute("SELECT reason, record_id FROM excluded WHERE fact = 'dimension'")
    assert left.fetchall() == [("seats is no number", "c")]
    # records add up in a slice of a custom field
    shown = [row[-1] for row in query.records("revenue", "2026", {"tier": "high"}).rows]
    assert sum(value for value in shown if isinstance(value, float)) == 130


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('[dimension.x]\ntable = "nobody"\nkey = "k"\n', "there is no table nobody"),
        ('[dimension.x]\ntable = "ticket"\nkey = "k"\n', "no number is made of ticket"),
        ('[dimension.segment]\ntable = "organization"\nkey = "k"\n', "segment is declared already"),
        ('[dimension.amount]\ntable = "sales_order"\nkey = "k"\n', "has a column of that name"),
        ('[dimension.X]\ntable = "sales_order"\nkey = "k"\n', "small letters"),
        ('[dimension.x]\ntable = "sales_order"\n', "does not say its key"),
        ('[dimension.x]\ntabel = "sales_order"\n', "unknown setting dimension.x.tabel"),
        ('[dimension.x]\ntable = "sales_order"\nkey = "k"\nkind = "txt"\n', "text or number"),
        ("dimension = 1\n", r"written \[dimension\]"),
    ],
)
def test_a_dimension_that_cannot_be(tmp_path: Path, settings: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        project_of(tmp_path, TABLES, settings, through="2026-04-30")


PLUGIN = '''
from revalign_udf.hookspecs import hookimpl
from revalign_udf.metrics import Component, CustomDimension, Fact, FactKernel, Metric

FACT = Fact("acme_call", "on_day", ("touch",), {"segment": "customer", "acme_tone": "self"}, "calls")
SQL = """
SELECT t.occurred_at__on AS on_day, k.customer, json_extract_string(t.attrs, '$.tone') AS acme_tone, t._conn AS system,
'touch' AS record_table, t.id AS record_id FROM c_touch t LEFT JOIN c_lead l ON l._conn = t._conn AND l.id = t.lead_id
LEFT JOIN k_org k ON k._conn = t._conn AND k.id = l.org_id WHERE t.kind = 'call'
"""


@hookimpl
def register_kernels():
    calls = Component("acme_calls", "acme_call", "flow", "1", "count", "calls made")
    return [FactKernel(FACT, SQL, (calls,))]


@hookimpl
def register_dimensions():
    return [CustomDimension("acme_tone", "touch", "tone"), CustomDimension("acme_plan", "organization", "plan")]


@hookimpl
def register_metrics():
    return [
        Metric("acme.calls", "Calls", "acme", "acme_calls", "count", "Calls made.", additivity="flow"),
        Metric("acme.revenue_per_call", "Revenue per call", "acme", "ratio(revenue, acme_calls)", "money", "Revenue / calls."),
    ]
'''
WITH_CALLS = {
    **TABLES,
    "lead": "id created_at org_id\nl1 2026-01-01 a\nl2 2026-01-01 b",
    "touch": "id lead_id occurred_at kind tone\nt1 l1 2026-02-01 call warm\nt2 l1 2026-02-03 call cold\n"
    "t3 l2 2026-03-01 call warm\nt4 l2 2026-03-01 visit -",
}


def _plugin(folder: Path, text: str) -> str:
    (folder / "plugins").mkdir(parents=True, exist_ok=True)
    (folder / "plugins" / "acme.py").write_text(text, encoding="utf-8")
    return '[plugins]\nenabled = ["acme"]\n'


def test_a_plugin_brings_a_fact_components_dimensions_and_metrics(tmp_path: Path) -> None:
    # the fact's own column is a dimension by its name; the plugin need not declare it twice
    text = PLUGIN.replace('CustomDimension("acme_tone", "touch", "tone"), ', "")
    text = text.replace('"acme_tone": "self"', '"system": "self"')
    query = project_of(tmp_path, WITH_CALLS, _plugin(tmp_path, text), through="2026-04-30")
    assert query.metric("acme.calls", "2026-02").exact == 2
    assert query.metric("acme.calls", "2026-Q1", {"acme_plan": "gold"}).exact == 2
    assert query.metric("acme.revenue_per_call", "2026-Q1", {"acme_plan": "blue"}).exact == 30
    assert [row[4] for row in query.records("acme.calls", "2026-02").rows] == ["t1", "t2"]
    answer = query.explain("acme.revenue_per_call", "2026-02")
    assert answer.arithmetic == "RATIO(137, 2) = 68.5"
    with pytest.raises(UserError, match="cannot be cut by"):
        query.metric("acme.calls", "2026-02", {"product": "p"})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("t.kind = 'call'", "t.knd = 'call'", "does not run"),
        ("t.id AS record_id", "t.id AS record", "leaves out record_id"),
        ('"acme_call", "on_day"', '"call", "on_day"', "no namespace"),
        ('Component("acme_calls"', 'Component("calls"', "no namespace"),
        ('"acme_call", "flow"', '"sale", "flow"', "measured on sale"),
        ('"segment": "customer"', '"segmnt": "customer"', "unknown dimension segmnt"),
        ('CustomDimension("acme_plan"', 'CustomDimension("plan"', "no namespace"),
        ("return [FactKernel(FACT, SQL, (calls,))]", "return [1]", "is no kernel"),
    ],
)
def test_a_plugin_that_breaks_the_contract_says_how(tmp_path: Path, old: str, new: str, message: str) -> None:
    from revalign_udf.config import load
    from revalign_udf.jobs.steps import plugins_of

    text = PLUGIN.replace(old, new)
    assert text != PLUGIN
    settings = _plugin(tmp_path, text)
    if message in ("does not run", "leaves out record_id"):
        with pytest.raises(PluginProblem, match=message):
            project_of(tmp_path, WITH_CALLS, settings, through="2026-04-30")
        return
    (tmp_path / "revalign.toml").write_text(settings, encoding="utf-8")
    assert message in str(plugins_of(load(tmp_path)).problems[0])
