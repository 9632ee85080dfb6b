"""A labelled company of three systems: which records are the same organization is known, because it was made so.

Every way in which systems disagree about a customer is in it, in the share in which people meet them: other spellings,
missing domains, free-mail addresses, two accounts with one domain, agencies that sign up for their clients, ids in custom
fields, typing errors in those ids.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field

__all__ = ["Labelled", "labelled"]

_FREE = ("gmail.com", "gmx.de", "outlook.com", "web.de")


@dataclass(slots=True)
class Labelled:
    """Rows of each system, and the true pairs."""

    organizations: list[tuple[str, str, str, str | None, str | None]] = field(default_factory=list)
    """(connection, id, name, domain, attrs)"""
    people: list[tuple[str, str, str, str]] = field(default_factory=list)
    """(connection, id, organization, e-mail)"""
    same: set[frozenset[tuple[str, str]]] = field(default_factory=set)


def labelled(companies: int = 600, seed: int = 7) -> Labelled:
    """Companies in crm, billing and support."""
    dice = random.Random(seed)
    made = Labelled()
    for number in range(companies):
        domain = f"company{number}.example"
        name = f"Company {number}"
        kind = dice.random()
        crm, billing, support = ("crm", f"a{number}"), ("billing", f"cus_{number}"), ("support", f"o{number}")
        custom: str | None = None
        domains: dict[tuple[str, str], str | None] = {crm: domain, billing: None, support: domain}
        mails = {crm: domain, billing: domain, support: domain}
        if kind < 0.15:  # the CRM knows the billing id, nothing else joins them
            custom = json.dumps({"billing_id": billing[1]})
            mails[billing] = dice.choice(_FREE)
        elif kind < 0.25:  # a free-mail customer without any key: cannot be joined, must not be
            mails = dict.fromkeys(mails, dice.choice(_FREE))
            domains = {crm: None, billing: None, support: None}
        elif kind < 0.32:  # two accounts of one group share a domain in the CRM
            twin = ("crm", f"b{number}")
            made.organizations.append((*twin, f"{name} North", domain, None))
        elif kind < 0.40:  # another spelling of the domain
            domains[support] = f"https://www.Company{number}.EXAMPLE/en"
        elif kind < 0.45:  # the id in the CRM was mistyped: it names nobody
            custom = json.dumps({"billing_id": f"cus_{number}x"})
        elif kind < 0.50:  # an agency signed up for its client: its people's addresses are the agency's
            mails[billing] = f"agency{number % 3}.example"
        for place in (crm, billing, support):
            if place is not crm and dice.random() < 0.2:
                continue  # not every customer is in every system
            shown = name if place is crm else dice.choice((f"{name} GmbH", f"{name}, Inc.", name.upper()))
            made.organizations.append((*place, shown, domains[place], custom if place is crm else None))
            made.people += [
                (place[0], f"{place[1]}-{who}", place[1], f"{who}{number}@{mails[place]}") for who in ("ann", "bob")
            ]
        present = [place for place in (crm, billing, support) if any(row[:2] == place for row in made.organizations)]
        made.same |= {frozenset((a, b)) for n, a in enumerate(present) for b in present[n + 1 :]}
    return made
