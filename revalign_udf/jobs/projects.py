"""Making a project folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from revalign_udf.config import SETTINGS_FILE
from revalign_udf.errors import ConfigError
from revalign_udf.layout import packaged

__all__ = ["SAMPLE", "init_project"]

_SETTINGS = """\
# What Revalign knows of your company. Every key: README.md of Revalign; a typo is answered with "did you mean".

[company]
name = "{name}"
currency = "USD"
time_zone = "UTC"
fiscal_year_start = 1
# fiscal_weeks = "4-4-5"   # a fiscal year of 52 or 53 weeks, to the last Saturday of its last month

# A folder of canonical CSV files (organization.csv, subscription.csv ...): put them into data/.
[source.files]
connector = "csv"
path = "data"

[plugins]
enabled = []
folder = "plugins"

# What `revalign run` writes into output/. All there are: revalign workbook list; one of your own: revalign workbook new NAME
[workbooks]
reports = ["saas_metrics"]

# A Google Sheet to keep in step; share it with the service account's address.
# [sheets.board]
# url = "https://docs.google.com/spreadsheets/d/..."
# key_file = "../secrets/service-account.json"
# layout = "saas_metrics"

# When runs begin by themselves (revalign schedule), in the company's time zone.
# [schedule]
# at = ["06:00", "18:00"]    # or every = "1h"
# days = ["mon", "tue", "wed", "thu", "fri"]

# Who is told when a run fails, an agreement is not kept, or a sync holds back. Try it out: revalign alerts test
# [alerts]
# webhook = "$env:CHAT_WEBHOOK"
# email = ["finance@example.com"]
# smtp = "$env:REVALIGN_SMTP"   # smtps://user:password@mail.example.com:465
# from = "revalign@example.com"
# on = ["failure", "breach", "guard"]
"""

_REPORTS = """\
# Reports

One folder per report, with a `layout.toml` that says which numbers stand where. One of your own begins with

    revalign workbook new board                          # a small commented layout, which shows the language
    revalign workbook new board --from saas_metrics      # or a copy of a report: revalign workbook list

then `revalign workbook build board` writes it into `output/`.
"""

#: the settings of the sample company, without the reports it builds
SAMPLE = """\
# The sample company: four systems with their own keys, as in real life.
# Records show made-up addresses (links): nothing behind .example is real.

[company]
name = "Sample Software Inc."
currency = "USD"
time_zone = "Europe/Stockholm"

[source.crm]
connector = "sample"
system = "crm"
links = true

[source.billing]
connector = "sample"
system = "billing"
links = true

[source.support]
connector = "sample"
system = "support"
links = true

[source.finance]
connector = "sample"
system = "finance"
links = true

[definitions]
# its sales orders are one-time services; revenue is what was invoiced
revenue_source = "invoice"
"""


def init_project(folder: Path, settings: str = "") -> Path:
    """Make a project folder: settings, plugins/, workbooks/, data/. Existing files are never touched.

    Raises ConfigError REV-306 when the folder is a project already.
    """
    if (folder / SETTINGS_FILE).exists():
        raise ConfigError(f"{folder} is a project already.", code="REV-306", hint="Name another folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SETTINGS_FILE).write_text(settings or _SETTINGS.format(name=folder.resolve().name), encoding="utf-8")
        for name in ("plugins", "workbooks", "data"):
            (folder / name).mkdir(exist_ok=True)
        if not (readme := folder / "workbooks" / "README.md").exists():
            readme.write_text(_REPORTS, encoding="utf-8")
        template = packaged().parent / "plugins" / "_template.py"
        if template.is_file():
            shutil.copyfile(template, folder / "plugins" / "_template.py")
    except OSError as error:
        raise ConfigError(
            f"Cannot write {folder}: {error.strerror}.", code="REV-804", hint="Name a folder you may write."
        ) from error
    return folder
