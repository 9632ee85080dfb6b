"""A company of three teams in two time zones, and what they promised each other: small enough to check by hand."""

from pathlib import Path

from revalign_udf.query import Query
from revalign_udf.testing import project_of

SETTINGS = '[company]\nname = "Hand"\ncurrency = "EUR"\ntime_zone = "Europe/Stockholm"\n'
TABLES = {
    "team": """id name function
        mkt Marketing marketing
        sdr Inside_sales sales
        ny New_York sales""",
    "owner": """id name team_id active_to
        o1 Ada sdr -
        o2 Bo sdr 2026-03-20
        o3 Cy ny -""",
    "organization": "id name segment\nbig Big ENT\nbig2 Big2 ENT\nsmall Small SMB",
    "person": "id org_id email country\np1 big a@big.example SE\np2 big2 - SE\np3 small c@small.example -",
    "lead": 'id created_at person_id org_id channel attrs\nl1 2026-02-01 p1 big ads {"budget":"yes"}\n'
    'l2 2026-02-01 p2 big2 ads -\nl3 2026-02-01 p3 small web {"budget":""}\n'
    + "\n".join(f"l{n} 2026-02-0{n % 9 + 1} - - web -" for n in range(4, 19)),
    "lifecycle_event": """id subject_type subject_id stage occurred_at
        e1 lead l1 mql 2026-02-10
        e2 lead l2 mql 2026-03-10
        e3 lead l3 mql 2026-03-11
        e4 lead l4 sql 2026-03-12
        e5 lead l1 sql 2026-03-13""",
    "goal": """metric period value team_id is_commitment
        sql_leads 2026-03 4 sdr true
        mql 2026-03 10 mkt true
        mql 2026-02 5 - false""",
    # handed over in Stockholm's time, which goes forward on Sunday, 29 March; Wednesday the 18th is a holiday
    "handoff": "id lead_id from_team to_team to_owner_id handed_at first_contact_at accepted_at rejected_at reason_code"
    """ feedback_at returned_at fields_present fields_required
        exact    l1  mkt sdr o1 2026-03-16T09:00 2026-03-16T13:00 2026-03-17 - - - - 5 5
        second   l2  mkt sdr o2 2026-03-16T09:00 2026-03-16T13:00:01 2026-03-17 - - - - 4 5
        weekend  l3  mkt sdr o1 2026-03-27T16:00 2026-03-30T12:00 - - - 2026-03-30T15:00 - - -
        holiday  l4  mkt sdr o1 2026-03-17T16:00 2026-03-19T11:00 - - - - - 5 5
        waiting  l5  mkt sdr o1 2026-03-30T09:00 - - - - - - 5 5
        notyet   l6  mkt sdr o1 2026-03-31T15:00 - - - - - - 5 5
        refused  l7  mkt sdr o1 2026-03-17T10:00 - - 2026-03-17T11:00 no_fit - - 5 5
        back     l8  mkt sdr o1 2026-03-17T10:00 - - - - - 2026-03-20T17:00 5 5
        ocean    l9  mkt ny  o3 2026-03-16T15:00 2026-03-16T20:00 2026-03-17 - - - - 5 5
        ocean2   l10 mkt ny  o3 2026-03-27T20:00 2026-03-30T17:00 - - - - - 5 5
        nobody   l11 mkt sdr -  2026-03-02T09:00 - - - - - - 5 5
        gone     l12 mkt sdr o2 2026-03-30T16:00 - - - - - - 5 5
        early    l13 mkt sdr o1 2026-03-10T09:00 2026-03-09T09:00 - - - - - 5 5
        unknown  zz  mkt sdr o1 2026-03-10T09:00 - - - - - - 5 5
        april    l15 mkt sdr o1 2026-04-02T09:00 - - - - - - 5 5
        later    l16 mkt sdr o1 2026-03-31T09:00 2026-04-01T10:00 - - - - - 5 5
        toolate  l17 mkt sdr o1 2026-03-16T09:00 2026-03-16T10:00 - 2026-03-19T10:00 no_fit - - 5 5
        silent   l18 mkt sdr o1 2026-03-31T10:00 2026-03-31T11:00 - 2026-03-31T12:00 - - - 5 5""",
}  # fmt: skip
ALIGNMENT = {
    "calendar.toml": """
        [[calendar]]
        name = "stockholm"
        hours = "Mon-Fri 09:00-17:00"
        holidays = [2026-03-18]

        [[calendar]]
        name = "newyork"
        time_zone = "America/New_York"
        monday = "09:00-17:00"
        tuesday = "09:00-17:00"
        friday = "09:00-12:30,13:30-17:00"
        """,
    "sla.csv": "name,kind,by,to,stage,amount,hours,share,calendar,valid_from\n"
    "leads,volume,marketing,sales,mql,2,,,,2026-02-01\n"
    "complete,information,Marketing,sales,,,,0.9,,\n"
    "contact,followup,sdr,mkt,,,4,0.5,stockholm,\n"
    "contact overseas,followup,New_York,marketing,,,4,,newyork,\n"
    "reasons,feedback,Inside_sales,Marketing,,,16,,stockholm,\n",
    "routing.toml": """
        [[routing]]
        from_team = "Marketing"
        to_team = "Inside_sales"
        contact = "desk@example.com"

        [[routing]]
        from_team = "marketing"
        to_team = "sdr"
        segment = ["ENT", "MID"]
        contact = "Ada"
        contact_for_questions = "Eve"
        priority = 1
        """,
}


def handed(
    folder: Path, alignment: dict[str, str] | None = None, tables: dict[str, str] | None = None,
    through: str = "2026-03-31", more: str = "",
) -> Query:  # fmt: skip
    """The company's project, with other agreements or other tables where some are given; an empty text takes one away."""
    (folder / "alignment").mkdir(parents=True, exist_ok=True)
    for name, text in {**ALIGNMENT, **(alignment or {})}.items():
        if text:
            (folder / "alignment" / name).write_text(text, encoding="utf-8")
    return project_of(folder, {**TABLES, **(tables or {})}, SETTINGS + more, through=through)
