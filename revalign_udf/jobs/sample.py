"""What the teams of the sample company have agreed on, and what not yet: files of the demo's project."""

from __future__ import annotations

from pathlib import Path

from revalign_udf.errors import ConfigError
from revalign_udf.jobs.agreements import AGREEMENTS
from revalign_udf.jobs.sample_teamwork import TEAMWORK_FILES

__all__ = ["SAMPLE_FILES", "write_sample_files"]

#: path in the project folder -> text
SAMPLE_FILES: dict[str, str] = {
    **TEAMWORK_FILES,
    **AGREEMENTS,
    "definitions/marketing.toml": """\
# What marketing means by the words all use. Where sales means something else: revalign metrics diff

[qualified_lead]
score_from = 60
required_fields = ["email", "company", "country"]
counts_from = "the first demo or trial asked for"

[disqualification]
reasons = ["no budget", "student", "competitor"]

[traits]
segments = ["Mid-market", "Enterprise"]

[stages]
mql = "score reached, and a company we can name"
sql = "sales has talked to them and found a need"
""",
    "definitions/sales.toml": """\
# What sales means by the words all use.

[qualified_lead]
score_from = 75
required_fields = ["Company", "Country", "Email"]
counts_from = "The first demo or trial asked for"

[disqualification]
reasons = ["student", "competitor", "no budget", "no decision maker"]

[traits]
segments = ["enterprise", "mid-market"]

[stages]
mql = "Score reached, and a company we can name"
""",
    "definitions/metrics.toml": """\
# Agreed definitions of this company, where they are otherwise than the catalogue's. To write one is to propose it; it holds
# when every owner team has signed: revalign metrics diff quick_ratio, then revalign metrics sign quick_ratio --team finance

[[metric]]
name = "quick_ratio"
version = 2
formula = "ratio(new_mrr + expansion_mrr + reactivation_mrr, -(churned_mrr + contraction_mrr))"
definition = "(New + expansion + reactivation MRR) / the MRR lost by churn and contraction: who comes back is a gain."
""",
    "alignment/stages.toml": """\
# One pipeline for all: who owns each stage. What the CRM calls its stages it says itself.

[[stages]]
object = "lead"
source_stage = "lead"
stage = "lead"
owner_team = "marketing"

[[stages]]
object = "lead"
source_stage = "mql"
stage = "mql"
owner_team = "marketing"

[[stages]]
object = "lead"
source_stage = "sal"
stage = "sal"
owner_team = "sales"

[[stages]]
object = "lead"
source_stage = "sql"
stage = "sql"
owner_team = "sales"

[[stages]]
object = "opportunity"
source_stage = "opportunity"
stage = "opportunity"
owner_team = "sales"

[[stages]]
object = "opportunity"
source_stage = "customer"
stage = "customer"
owner_team = "success"
""",
}


def write_sample_files(folder: Path) -> None:
    """Write what is not there yet; files that are stay as they are. Raises ConfigError REV-804."""
    for name, text in SAMPLE_FILES.items():
        path = folder / name
        if path.exists():
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ConfigError(
                f"Cannot write {path}: {error.strerror}.", code="REV-804", hint="Name a folder you may write."
            ) from error
