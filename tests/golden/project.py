"""The company of the snapshot rows: four customers, six months, every number small enough to check by hand.

MRR at the end of each month of 2026, from the rows of ``subscription_item_period`` below:

======== ===== ==== ==== ===== ===== ===== ===== =====
customer seg.  land Jan  Feb   Mar   Apr   May   Jun
======== ===== ==== ==== ===== ===== ===== ===== =====
Acme     smb   DE   100  100   120   120   120   120
Bolt     smb   SE   50   50    50    -     -     -
Core     ent   DE   -    300   300   300   240   240
Dune     ent   SE   -    -     -     100   100   100
all                 150  450   470   520   460   460
======== ===== ==== ==== ===== ===== ===== ===== =====

March is closed with one order of 500; a second one of 250 came to light afterwards.
"""

from pathlib import Path

from revalign_udf.config import load
from revalign_udf.jobs.closing import close_period
from revalign_udf.query import Query
from revalign_udf.testing import project_of

__all__ = ["golden_project"]

THROUGH = "2026-06-30"
SETTINGS = '[company]\nname = "Golden"\ncurrency = "EUR"\nfiscal_year_start = 2\n'
TABLES = {
    "organization": """id name segment country
        acme Acme smb DE
        bolt Bolt smb SE
        core Core ent DE
        dune Dune ent SE""",
    "subscription": """id org_id started_at
        s1 acme 2026-01-10
        s2 bolt 2026-01-20
        s3 core 2026-02-05
        s4 dune 2026-04-08""",
    "subscription_item_period": """id subscription_id valid_from valid_to amount interval
        i1 s1 2026-01-10 2026-03-10 100 month
        i2 s1 2026-03-10 - 120 month
        i3 s2 2026-01-20 2026-04-15 50 month
        i4 s3 2026-02-05 2026-05-05 300 month
        i5 s3 2026-05-05 - 240 month
        i6 s4 2026-04-08 - 1200 year""",
    # cost of goods is no cost of acquisition
    "expense": """id date amount function kind
        ads 2026-01-15 600 marketing programme
        jan 2026-01-31 400 sales salary
        feb 2026-02-15 700 sales salary
        mar 2026-03-15 250 marketing tool
        apr 2026-04-15 100 marketing tool
        goods 2026-04-20 999 product cogs""",
    "sales_order": "id org_id ordered_at amount\nq1 acme 2026-03-15 500",
    "lead": "id created_at\n" + "\n".join(f"l{n} 2026-02-03" for n in range(1, 11)),
    "lifecycle_event": """id subject_type subject_id stage occurred_at
        m1 lead l1 mql 2026-02-05
        m2 lead l2 mql 2026-02-05
        m3 lead l3 mql 2026-02-05
        m4 lead l4 mql 2026-02-05""",
    "team": "id name function\nmkt Marketing marketing\nnorth North sales",
    "owner": "id name team_id\no1 Ada north\no2 Bo north",
    "handoff": """id lead_id from_team to_team to_owner_id handed_at first_contact_at
        h1 l1 mkt north o1 2026-02-10T09:00 2026-02-10T10:00
        h2 l2 mkt north o1 2026-02-10T09:00 2026-02-10T13:00
        h3 l3 mkt north o2 2026-02-10T09:00 2026-02-10T14:00""",
    "opportunity": """id org_id created_at type amount amount_basis outcome closed_at owner_id
        d1 acme 2026-01-02 new 1200 acv won 2026-01-10 o1
        d2 bolt 2026-01-02 new 600 acv won 2026-01-20 o2
        d3 core 2026-01-02 new 3600 acv won 2026-02-04 o1""",
}  # fmt: skip
ALIGNMENT = {
    "sla.csv": "name,kind,by,to,stage,amount,hours\nleads,volume,marketing,sales,mql,5,\ncontact,followup,North,Marketing,,,4\n",
    "commission.toml": '[[commission]]\nname = "plan"\npot = 1000\nsplit = "80/20"\n',
}


def golden_project(folder: Path) -> Query:
    """The project, built, with March closed before its second order was known."""
    (folder / "alignment").mkdir(parents=True)
    for name, text in ALIGNMENT.items():
        (folder / "alignment" / name).write_text(text, encoding="utf-8")
    project_of(folder, TABLES, SETTINGS, through=THROUGH).close()
    close_period(load(folder), "2026-03", "books are done", "ada")
    late = TABLES["sales_order"] + "\nq2 core 2026-03-20 250"
    return project_of(folder, {"sales_order": late}, SETTINGS, through=THROUGH)
