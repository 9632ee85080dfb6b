"""What teams mean by the words they share, and the one pipeline they share: as they were written when published."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from revalign_udf.calc.expression import Expression
from revalign_udf.config import rows_for
from revalign_udf.errors import ConfigError, UnknownName, UserError
from revalign_udf.metrics import STAGES, STATES, qualified
from revalign_udf.metrics.profiles import PROFILES
from revalign_udf.query.answers import Table
from revalign_udf.query.tables.ask import Ask, TableMetric

if TYPE_CHECKING:
    from revalign_udf.query.names import Catalogue
    from revalign_udf.query.session import Session

__all__ = [
    "SUBJECTS", "TABLES", "checked_answers", "differences", "pipeline_table", "stage_problems", "unknown_table",
]  # fmt: skip

#: what every team says of itself; besides these any metric, with its profile, formula and parameters
SUBJECTS = ("qualified_lead", "disqualification", "traits", "stages")
_OF_METRICS = ("profile", "formula", "definition")
_NUMBER = re.compile(r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?( ?%)?")
_WORDS = {"true": "yes", "false": "no"}

Row = Mapping[str, Any]


# --- answers of teams --------------------------------------------------------------------------------------------------


def checked_answers(
    rows: Sequence[Row], catalogue: Catalogue, teams: Sequence[str]
) -> tuple[list[Row], list[UserError]]:
    """The answers that mean something, metrics by their names; and of each other one why it does not.

    UnknownName REV-101 with the nearest team, subject, stage, metric, parameter, or name in a formula; UserError REV-102 for a
    formula that cannot be read.
    """
    found: list[Row] = []
    problems: list[UserError] = []
    for row in rows:
        try:
            found.append(_checked(row, catalogue, teams))
        except UserError as error:
            where = f"definitions of {row['team']}: {row['subject']} {row['question']}: {error.message}"
            problems.append(ConfigError(where, code=error.code, hint=error.hint))
    return found, problems


def _checked(row: Row, catalogue: Catalogue, teams: Sequence[str]) -> Row:
    if row["team"] not in teams:
        raise UnknownName("team", row["team"], teams)
    subject, question = row["subject"], row["question"]
    if subject in SUBJECTS:
        if subject == "stages" and question not in (*STAGES, *STATES):
            raise UnknownName("stage", question, (*STAGES, *STATES))
        return row
    try:
        metric = catalogue.metric(subject)
    except UnknownName:
        raise UnknownName("subject", subject, [*SUBJECTS, *catalogue.metrics]) from None
    parameters = [item.name for item in metric.parameters]
    plain = question.removeprefix("parameters.")
    if plain not in (*_OF_METRICS, *parameters):
        raise UnknownName(f"question about {metric.name}", plain, (*_OF_METRICS, *parameters))
    if plain == "profile" and str(row["answer"]).casefold() not in PROFILES:
        raise UnknownName("profile", row["answer"], PROFILES)
    if plain == "formula":
        for used in Expression(str(row["answer"])).names:
            name = qualified(used, catalogue.components)[1]
            if name not in catalogue.components and name not in catalogue.metrics:
                raise UnknownName("name in a formula", used, [*catalogue.components, *catalogue.metrics])
    return {**row, "subject": metric.name, "question": plain}


def differences(rows: Sequence[Row]) -> Table:
    """Each question with the answers of all teams beside each other, and whether they agree.

    Lists are compared as sets, numbers as numbers, texts without case and spacing. ``different`` where any two answers
    are; else ``unanswered`` where a team has none, or only one team has been asked; else ``agreed``.
    """
    teams = sorted({str(row["team"]) for row in rows})
    asked: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        asked.setdefault((row["subject"], row["question"]), {})[row["team"]] = row["answer"]
    place = {name: number for number, name in enumerate(SUBJECTS)}
    found = []
    for (subject, question), answers in sorted(
        asked.items(), key=lambda item: (place.get(item[0][0], len(place)), *item[0])
    ):
        meant = {_meant(question, answer) for answer in answers.values()}
        whole = len(answers) == len(teams) > 1
        state = "different" if len(meant) > 1 else "agreed" if whole else "unanswered"
        found.append((subject, question, state, *(_shown(answers.get(team)) for team in teams)))
    return Table(("subject", "question", "state", *teams), tuple(found), ("text",) * (3 + len(teams)))


def _meant(question: str, answer: Any) -> object:
    """What an answer says, in a form in which equal answers are equal."""
    if isinstance(answer, list):
        return frozenset(_meant(question, item) for item in answer)
    if isinstance(answer, bool):
        return _WORDS[str(answer).casefold()]
    text = " ".join(str(answer).casefold().split())
    if question == "formula":
        try:
            return ast.dump(ast.parse(text, mode="eval"))
        except SyntaxError:
            return text
    if _NUMBER.fullmatch(text):
        share = text.endswith("%")
        return Fraction(text.rstrip(" %").replace(",", "")) / (100 if share else 1)
    if "," in text or ";" in text:
        parts = [part for part in re.split(r"[,;]", text) if part.strip()]
        return frozenset(_meant(question, part) for part in parts)
    return _WORDS.get(text, text)


def _shown(answer: Any) -> str | None:
    if isinstance(answer, list):
        return ", ".join(str(_shown(item)) for item in answer)
    if isinstance(answer, bool):
        return _WORDS[str(answer).casefold()]
    return None if answer is None else str(answer)


# --- stages ------------------------------------------------------------------------------------------------------------


def pipeline_table(session: Session) -> Table:
    """The shared pipeline in order: each stage, who owns it, and what the sources call it on the snapshot's day.

    Where the project names owners of a stage, those of the sources do not count. ``map_version`` names the stage map,
    with the day since which it holds.
    """
    version = str(session.manifest.parameters.get("stage_map") or "")
    held = _held(session)
    rows = []
    for number, stage in enumerate((*STAGES, *STATES), 1):
        own = [row for row in held if row["stage"].strip().casefold() == stage]
        names = sorted({f"{row['connection']}: {row['source_stage']}" for row in own})
        kind = "stage" if stage in STAGES else "state"
        rows.append((number, stage, kind, ", ".join(_owners(own)) or None, ", ".join(names) or None, version or None))
    return Table(
        ("position", "stage", "kind", "owner_team", "called", "map_version"), tuple(rows), ("count",) + ("text",) * 5
    )


def _held(session: Session) -> list[Row]:
    """The rows of the stage map that hold on the snapshot's day."""
    day = str(session.snapshot.as_of)
    rows = rows_for(session.manifest.objects, "stage_map")
    return [row for row in rows if row.get("valid_from", "") <= day < row.get("valid_to", "9999")]


def _owners(rows: Sequence[Row]) -> list[str]:
    own = {row["owner_team"] for row in rows if row.get("owner_team") and row.get("origin") == "project"}
    return sorted(own or {row["owner_team"] for row in rows if row.get("owner_team")})


def stage_problems(session: Session) -> list[str]:
    """What is wrong with the shared pipeline: a stage that sources map and nobody owns, one with several owners, and
    positions that go another way than the stages."""
    held = _held(session)
    found = []
    for stage in STAGES:
        own = [row for row in held if row["stage"].strip().casefold() == stage]
        owners = _owners(own)
        if own and not owners:
            found.append(f"Nobody owns the stage {stage}.")
        if len(owners) > 1:
            found.append(f"The stage {stage} has several owners: {', '.join(owners)}.")
    return found + [
        f"{row['connection']}: {row['source_stage']} is mapped to {row['stage']}, which is no stage."
        for row in held
        if row["stage"].strip().casefold() not in (*STAGES, *STATES)
    ]


def unknown_table(session: Session) -> Table:
    """Stages of the data that nobody mapped, or that equally good rows map differently: how many events, of which
    source, first and last seen. Those events are left out of every number."""
    rows = session.snapshot.con.execute(
        "SELECT system, reason, count(*), CAST(min(on_day) AS VARCHAR), CAST(max(on_day) AS VARCHAR) FROM excluded"
        " WHERE fact = 'reach' AND (reason LIKE 'unknown stage \"%' OR reason LIKE 'stage \"%\" is mapped to several')"
        " GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
    ).fetchall()
    found = []
    for system, reason, count, first, last in rows:
        stage = reason[reason.index('"') + 1 : reason.rindex('"')]
        why = "unknown" if reason.startswith("unknown") else "mapped to several"
        found.append((system, stage, why, float(count), first, last))
    return Table(
        ("source", "stage", "why", "events", "first_seen", "last_seen"), tuple(found),
        ("text", "text", "text", "count", "date", "date"),
    )  # fmt: skip


def _of_session(ask: Ask) -> Table:
    return differences(rows_for(ask.session.manifest.objects, "definitions"))


#: what these metrics answer does not hang on a period: it is what holds on the snapshot's day
TABLES = {
    "definition_differences": TableMetric((), _of_session),
    "shared_pipeline": TableMetric((), lambda ask: pipeline_table(ask.session)),
    "unknown_stages": TableMetric((), lambda ask: unknown_table(ask.session)),
}
