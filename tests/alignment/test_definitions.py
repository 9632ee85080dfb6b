"""What each team answers, side by side; lists as sets, numbers as numbers, texts without case and spacing."""

from pathlib import Path
from typing import Any

import pytest

from revalign_udf.alignment.definitions import where_answers_differ
from revalign_udf.config import load
from revalign_udf.config.definitions import read_answers
from revalign_udf.errors import UserError
from revalign_udf.jobs import build
from revalign_udf.jobs.definitions import answers_of, problems_of
from revalign_udf.query import Query
from revalign_udf.testing import project_of


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    if not (folder / "revalign.toml").exists():
        (folder / "revalign.toml").write_text("")


def rows(**teams: Any) -> list[dict[str, Any]]:
    return [
        {"team": team, "subject": "qualified_lead", "question": "q", "answer": answer}
        for team, answer in teams.items()
        if answer is not None
    ]


@pytest.mark.parametrize(
    ("one", "other", "state"),
    [
        (60, "60.0", "agreed"),
        (0.6, "60 %", "agreed"),
        (1000, "1,000", "agreed"),
        (-5, "5", "different"),
        (["a", "B "], "b, A", "agreed"),
        (["a", "b"], ["a"], "different"),
        (["1", "2.0"], [2, 1], "agreed"),
        ("a; b", ["b", "a"], "agreed"),
        ("A  demo asked for", "a demo Asked for", "agreed"),
        ("a demo", "a trial", "different"),
        (True, "yes", "agreed"),
        (True, "false", "different"),
        (True, 1, "different"),
    ],
)
def test_what_counts_as_the_same_answer(one: object, other: object, state: str) -> None:
    for first, second in ((one, other), (other, one)):
        found = where_answers_differ(rows(marketing=first, sales=second))
        assert found.table.dicts()[0]["state"] == state


def test_a_formula_is_compared_as_one() -> None:
    def state(one: str, other: str) -> object:
        told = [{**row, "question": "formula"} for row in rows(sales=one, finance=other)]
        return where_answers_differ(told).table.dicts()[0]["state"]

    assert state("ratio(a,b)", "Ratio( a, b )") == "agreed"
    assert state("ratio(a,b)", "ratio(b,a)") == "different"
    assert state("a + (b * c)", "a + b*c") == "agreed"
    assert state("a +", "a  +") == "agreed"


def test_who_has_not_answered() -> None:
    told = [
        *rows(marketing=1, sales=1, success=1),
        *({**row, "question": "r"} for row in rows(marketing=1, sales=1)),
        *({**row, "question": "s"} for row in rows(marketing=1, sales=2)),
        *({**row, "subject": "nrr"} for row in rows(marketing=1)),
    ]
    found = where_answers_differ(told)
    assert found.table.columns == ("subject", "question", "state", "marketing", "sales", "success")
    assert [(row["question"], row["state"]) for row in found.table.dicts()] == [
        ("q", "agreed"), ("r", "unanswered"), ("s", "different"), ("q", "unanswered"),
    ]  # fmt: skip
    assert found.counts == {"different": 1, "unanswered": 2, "agreed": 1}
    assert where_answers_differ(rows(marketing=1)).counts["unanswered"] == 1, "nobody else has been asked"


def test_files_of_teams_and_a_tab_say_the_same_thing(tmp_path: Path) -> None:
    write(
        tmp_path, "definitions/marketing.toml", '[Qualified-Lead]\n"Score from" = 60\nfields = ["a", "b"]\nopen = ""\n'
    )
    write(
        tmp_path, "alignment/definitions.csv",
        'team,subject,question,answer\nSales,qualified lead,score from,60.0\nsales,qualified_lead,fields,"b,A"\n'
        "sales,qualified_lead,open,\nsales,NRR,Formula,ratio(retained_mrr; base_mrr)\n",
    )  # fmt: skip
    answers, problems = answers_of(load(tmp_path))
    assert [error.code for error in problems] == ["REV-102"], "that formula cannot be read"
    found = where_answers_differ(answers)
    assert [(row["question"], row["state"]) for row in found.table.dicts()] == [
        ("fields", "agreed"),
        ("score_from", "agreed"),
    ]


def test_a_metric_is_a_subject_by_any_name(tmp_path: Path) -> None:
    write(tmp_path, "definitions/sales.toml", '["net revenue retention"]\nformula = "ratio(kept_mrr, base_mrr)"\n')
    write(tmp_path, "definitions/finance.toml", '[nrr]\nprofile = "default"\n[trial_to_paid.parameters]\ndays = 60\n')
    answers, problems = answers_of(load(tmp_path))
    assert problems == []
    assert {(row["subject"], row["question"]) for row in answers} == {
        ("nrr", "formula"), ("nrr", "profile"), ("trial_to_paid", "days"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "code", "says"),
    [
        ("marketng", "[qualified_lead]\na = 1\n", "REV-101", "Did you mean marketing?"),
        ("sales", "[qualified_leed]\na = 1\n", "REV-101", "Did you mean qualified_lead?"),
        ("sales", "[nnr]\nformula = 'mrr'\n", "REV-101", "Did you mean nrr?"),
        ("sales", "[nrr]\nformula = 'kept_mr'\n", "REV-101", "Did you mean kept_mrr?"),
        ("sales", "[nrr]\nformula = 'ratio('\n", "REV-102", "Cannot read the formula"),
        ("sales", "[nrr]\nprofile = 'strpe'\n", "REV-101", "Did you mean stripe?"),
        ("sales", "[nrr]\nformulla = 'mrr'\n", "REV-101", "Did you mean formula?"),
        ("sales", "[stages]\nsqll = 'x'\n", "REV-101", "Did you mean sql?"),
        ("sales", "score = 60\n", "REV-305", "a table, written [score]"),
        ("sales", "[qualified_lead\n", "REV-301", "cannot be read"),
    ],
)
def test_what_means_nothing_is_told_with_the_file(tmp_path: Path, name: str, text: str, code: str, says: str) -> None:
    write(tmp_path, f"definitions/{name}.toml", text)
    answers, [error] = answers_of(load(tmp_path))
    assert answers == []
    assert error.code == code
    assert says in str(error)
    assert name in str(error)
    assert problems_of(load(tmp_path))[0] == [str(error)]


def test_a_team_that_contradicts_itself(tmp_path: Path) -> None:
    write(tmp_path, "definitions/sales.toml", "[qualified_lead]\nscore = 60\n")
    told = [
        {"team": "Sales", "subject": "qualified lead", "question": "Score", "answer": answer} for answer in (60, 75)
    ]
    found, [problem] = read_answers(tmp_path, told)
    assert [row["answer"] for row in found] == [60]
    assert (problem.error.code, "twice, and not the same" in str(problem)) == ("REV-302", True)


def test_the_published_answers_are_a_table_and_bad_ones_stop_no_build(tmp_path: Path) -> None:
    write(tmp_path, "definitions/sales.toml", "[qualified_lead]\nscore = 75\nseen = 2026-01-05\n[stags]\nsql = 'x'\n")
    write(tmp_path, "definitions/marketing.toml", "[qualified_lead]\nscore = 60\n")
    query = project_of(tmp_path, {"lead": "id created_at\nL1 2026-02-01"}, through="2026-03-31")
    rows = query.metric("definition_differences", "2026-02").rows
    assert rows is not None
    assert rows.dicts() == [
        {"subject": "qualified_lead", "question": "score", "state": "different", "marketing": "60", "sales": "75"},
        {"subject": "qualified_lead", "question": "seen", "state": "unanswered", "marketing": None, "sales": "2026-01-05"},
    ]  # fmt: skip
    with pytest.raises(UserError, match="cannot be cut by segment"):
        query.metric("definition_differences", "2026-02", {"segment": "SMB"})
    write(tmp_path, "definitions/marketing.toml", "[qualified_lead]\nscore = 75\n")
    done = build(load(tmp_path))
    assert done.is_new
    assert any('Unknown subject "stags". Did you mean stages?' in note for note in done.notes)
    rows = Query.open(tmp_path).metric("definition_differences", "2026-02").rows
    assert rows is not None
    assert rows.dicts()[0]["state"] == "agreed"
