"""Marketing, leads and attribution a second time: plain Python over plain rows, written from the definitions."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from beside import load

HERE = Path(__file__).parent
ORACLE: Any = load(HERE / "oracle.py")
FORMULAS: Any = load(HERE / "formulas.py")
COMPANY: Any = load(HERE / "company.py")
Row = dict[str, Any]
Where = dict[str, str]
ONE, YEAR = timedelta(days=1), timedelta(days=365)
STAGES = ("lead", "mql", "sal", "sql", "opportunity", "customer")
MODELS = ("first", "last", "linear", "u", "w", "time_decay")
SILENT = ("sent", "delivered", "bounced", "unsubscribed", "opened")
LIVELY = ("visit", "form", "signup", "demo", "trial", "clicked", "ad_click", "meeting", "call")
NONE = "(none)"


class MarketingCompany(COMPANY.Company):  # type: ignore[misc]
    """The random company with campaigns, touches, scores, programmes, custom fields and deals with amounts."""

    def __init__(self, seed: int, *, invoiced: bool) -> None:
        super().__init__(seed, invoiced=invoiced)
        self.random = random.Random(seed)
        self._campaigns()
        self._leads()
        self._touches()
        self._scores()

    def someone(self) -> Row:
        """A person, a lead, or a cookie."""
        kind = self.random.choice(("person_id", "person_id", "lead_id", "anonymous_id"))
        number = self.random.randint(0, {"person_id": 11, "lead_id": 39, "anonymous_id": 5}[kind])
        return {
            "person_id": None,
            "lead_id": None,
            "anonymous_id": None,
            kind: f"{'pdc'['pla'.index(kind[0])]}{number}",
        }

    def _campaigns(self) -> None:
        pick, whole = self.random.choice, self.random.randint
        self.keys = [f"k{n}" for n in range(6)]
        self.tables["campaign"] = [
            {"id": key, "name": key, "channel": self.maybe(pick(("ads", "event", "mail")), 0.7),
             "automated": pick(("true", "false", "false")), "audience": self.maybe(pick(("prospect", "customer"))),
             "start_date": self.maybe(self.day(last=date(2025, 9, 1)), 0.6)}
            for key in self.keys
        ]  # fmt: skip
        cost = {
            (pick(self.keys), self.day(), pick(("media", "labour"))): f"{whole(-500, 90000) / 100:.2f}"
            for _ in range(60)
        }
        self.tables["campaign_cost"] = [
            {"campaign_id": key, "date": day, "kind": kind, "amount": amount, "currency": self.maybe(pick(("EUR", "USD"))),
             "channel": self.maybe("ads", 0.2)}
            for (key, day, kind), amount in cost.items()
        ]  # fmt: skip
        web = {(self.day(), pick(("ads", "event", "mail"))) for _ in range(120)}
        self.tables["web_daily"] = [
            {"date": day, "channel": channel, "visitors": whole(0, 50), "signups": whole(0, 5)}
            for day, channel in sorted(web)
        ]

    def _leads(self) -> None:
        pick, whole = self.random.choice, self.random.randint
        for number, row in enumerate(self.tables["lead"]):
            row["campaign_id"] = self.maybe(pick(self.keys), 0.6)
            row["lead_source"] = "y" if row["campaign_id"] in ("k4", "k5") else row["lead_source"]
            row |= {
                "budget": self.maybe(pick(("yes", "no")), 0.7),
                "size": pick(("s", "m", "l")),
                "memo": f"memo{number}",
            }
        for row in self.tables["person"]:
            row["anonymous_id"] = self.maybe(f"c{whole(0, 5)}", 0.7)
        events = self.tables["lifecycle_event"]
        for number in range(60):
            events.append(
                {"id": f"aside{number}", "subject_type": "lead", "subject_id": f"d{whole(0, 39)}",
                 "stage": pick(("not_ready", "disqualified", "recycled", "mql", "lead")), "occurred_at": self.day()}
            )  # fmt: skip
        for row in self.tables["opportunity"]:
            code = self.maybe(pick(("EUR", "JPY", "USD")), 0.6)
            row |= {"amount": self.maybe(f"{whole(-500, 90000) / 100:.2f}", 0.9), "currency": code,
                    "type": self.maybe(pick(("new", "new", "expansion", "renewal")), 0.8),
                    "outcome": pick(("won", "won", "won", "lost", "open")),
                    "campaign_id": self.maybe(pick(self.keys), 0.3)}  # fmt: skip

    def _touches(self) -> None:
        pick, whole = self.random.choice, self.random.randint
        rows: list[Row] = []
        for _ in range(260):
            kind = pick((*LIVELY, "trial", "trial", "opened", "unsubscribed"))
            rows.append({**self.someone(), "occurred_at": self.day(), "kind": kind, "campaign_id": self.maybe(pick(self.keys)),
                         "channel": self.maybe(pick(("ads", "event")), 0.3), "message_id": None,
                         "is_bot": pick(("true", *[None] * 9))})  # fmt: skip
        for number in range(60):
            who, day, key = self.someone(), self.day(), pick(self.keys)
            for kind in ("delivered", "opened", "opened", "clicked"):
                if self.random.random() < 0.6:
                    rows.append({**who, "occurred_at": day, "kind": kind, "campaign_id": key, "channel": None,
                                 "message_id": f"m{number // 2}", "is_bot": pick(("true", None, None))})  # fmt: skip
                day += timedelta(days=whole(0, 60))
        self.tables["touch"] = [{"id": f"t{n:03d}", **row} for n, row in enumerate(rows)]

    def _scores(self) -> None:
        pick, whole = self.random.choice, self.random.randint
        scores, members = [], []
        for number in range(150):
            who = {**self.someone(), "anonymous_id": None}
            if who["lead_id"] is None:
                who["person_id"] = f"p{whole(0, 11)}"
            scores.append({"id": f"s{number:03d}", "person_id": who["person_id"], "lead_id": who["lead_id"],
                           "occurred_at": self.day(), "value": whole(-200, 1200) / 10,
                           "delta": self.maybe(whole(-9, 9))})  # fmt: skip
        for number in range(80):
            began, lead = self.day(), self.random.random() < 0.5
            members.append({"id": f"g{number}", "person_id": None if lead else f"p{whole(0, 11)}",
                            "lead_id": f"d{whole(0, 39)}" if lead else None, "campaign_id": pick(self.keys[:2]),
                            "step": f"Mail{pick((1, 2, 10))}", "entered_at": began,
                            "left_at": self.maybe(began + timedelta(days=whole(0, 120)), 0.7),
                            "status": pick(("advanced", "stalled", "dropped", None))})  # fmt: skip
        self.tables |= {"score_event": scores, "programme_membership": members}


class MarketingOracle(ORACLE.Oracle):  # type: ignore[misc]
    def __init__(self, tables: dict[str, list[Row]], company: str, through: date) -> None:
        super().__init__(tables, company, through)
        self.by_id = cache(lambda name: {row["id"]: row for row in self.rows(name)})
        self.credits = cache(self._credits)

    # --- people -------------------------------------------------------------------------------------------------

    def person_of(self, row: Row) -> str | None:
        if row["person_id"]:
            return str(row["person_id"])
        if row.get("lead_id"):
            return self.by_id("lead")[row["lead_id"]]["person_id"]  # type: ignore[no-any-return]
        same = [
            p["id"] for p in self.rows("person") if p["anonymous_id"] and p["anonymous_id"] == row.get("anonymous_id")
        ]
        return same[0] if len(same) == 1 else None

    def customer_of(self, org: str | None, person: str | None) -> str | None:
        return self.customer(org, person) if org or person else None

    def lead_of(self, row: Row, person: str | None) -> Row | None:
        if row["lead_id"]:
            return self.by_id("lead")[row["lead_id"]]  # type: ignore[no-any-return]
        own = [lead for lead in self.rows("lead") if person and lead["person_id"] == person]
        early = [lead for lead in own if lead["created_at"] <= row["occurred_at"]]
        if early:
            newest = max(lead["created_at"] for lead in early)
            own = [lead for lead in early if lead["created_at"] == newest]
        first: Row | None = min(own, key=lambda lead: (lead["created_at"], str(lead["id"])), default=None)
        return first

    @cached_property
    def touches(self) -> list[Row]:
        """Touches of people, with who did them, in the order they came."""
        found = []
        for row in sorted(self.rows("touch"), key=lambda row: (row["occurred_at"], row["id"])):
            person, named = self.person_of(row), self.by_id("lead").get(row["lead_id"])
            lead = self.lead_of(row, person)
            campaign = self.by_id("campaign").get(row["campaign_id"], {})
            found.append(
                {**row, "person": person, "home": lead and lead["id"], "day": row["occurred_at"],
                 "customer": self.customer_of(named and named["org_id"], person),
                 "channel": row["channel"] or campaign.get("channel"), "campaign": row["campaign_id"],
                 "lead_source": lead and lead["lead_source"], "named_source": named and named["lead_source"]}
            )  # fmt: skip
        return found

    @cached_property
    def lively(self) -> list[Row]:
        return [row for row in self.touches if row["kind"] not in SILENT and row["is_bot"] != "true"]

    # --- attribution --------------------------------------------------------------------------------------------

    @cached_property
    def deals(self) -> list[Row]:
        """Closed deals with their own or their lead's origin."""
        found = []
        for row in self.rows("opportunity"):
            if row["outcome"] in ("won", "lost"):
                lead = self.by_id("lead").get(self.lead_of_deal(row), {})
                found.append(
                    {**row, "day": row["closed_at"], "customer": self.customer(row["org_id"]), "lead": lead,
                     "code": row["currency"] or self.company, "channel": row["channel"] or lead.get("channel"),
                     "lead_source": lead.get("lead_source"), "campaign": row["campaign_id"] or lead.get("campaign_id")}
                )  # fmt: skip
        return found

    def path(self, deal: Row) -> list[Row]:
        people = {row["person_id"] for row in self.rows("opportunity_contact") if row["opportunity_id"] == deal["id"]}
        people |= {deal["lead"].get("person_id")} - {None}
        return [
            touch for touch in self.lively
            if touch["day"] <= deal["day"] and (
                touch["customer"] == deal["customer"] or touch["person"] in people
                or (touch["home"] is not None and touch["home"] == deal["lead"].get("id")))
        ]  # fmt: skip

    def _credits(self, model: str, half_life: int = 7) -> list[Row]:
        """Every credit: deal, touch (or None), amount in company currency (None without a rate)."""
        found = []
        for deal in self.deals:
            if deal["outcome"] != "won":
                continue
            touches, total = self.path(deal), ORACLE.micro(ORACLE.number(deal["amount"] or 0))
            unit = Fraction(1) if deal["code"] == "JPY" else Fraction(1, 100)
            parts = shared(total, self.weights(deal, touches, model, half_life), unit) if touches else [total]
            for touch, part in zip(touches or (None,), parts, strict=True):
                origin = touch or deal
                found.append({"deal": deal, "touch": touch, "part": part,
                              **{name: origin[name] for name in ("channel", "lead_source", "campaign")}})  # fmt: skip
        return found

    @staticmethod
    def weights(deal: Row, touches: list[Row], model: str, half_life: int) -> list[Fraction]:
        count, ones = len(touches), [Fraction(1)] * len(touches)
        if model in ("first", "last"):
            ones = [Fraction(0)] * count
            ones[0 if model == "first" else -1] = Fraction(1)
        elif model == "u" and count > 2:
            ones = [Fraction(20, count - 2)] * count
            ones[0] = ones[-1] = Fraction(40)
        elif model == "w" and count > 1:

            def made(day: date | None) -> int:
                return max((n for n, touch in enumerate(touches) if day and touch["day"] <= day), default=0)

            keys = [0, made(deal["lead"].get("created_at")), made(deal["created_at"])]
            rest = count - len(set(keys))
            ones = [Fraction(10, rest) if n not in keys else Fraction(0) for n in range(count)]
            for key in keys:
                ones[key] += 30 if rest else Fraction(100, 3)
        elif model == "time_decay":
            with localcontext() as context:
                context.prec = 60
                days = [(deal["day"] - touch["day"]).days for touch in touches]
                ones = [Fraction(Decimal(2) ** (Decimal(-n) / Decimal(half_life))) for n in days]
        return ones

    def credited(
        self, start: date, end: date, where: Where, model: str, half_life: int = 7
    ) -> Iterator[tuple[Row, Fraction]]:
        days = [deal["day"] for deal in self.deals]
        start, end = self.between(days, start, end)
        for one in self.credits(model, half_life):
            deal = one["deal"]
            own = {"channel": one["channel"], "lead_source": one["lead_source"], "campaign": one["campaign"],
                   "currency": deal["code"], "owner": None, "team": None, "pod": None, "rep": None}  # fmt: skip
            if start <= deal["day"] < end and self.fits(deal["customer"], own, deal["day"], where):
                yield one, one["part"] * self.rate(deal["day"], deal["code"]) if one["part"] else Fraction(0)

    def between(self, days: list[date], start: date, end: date) -> tuple[date, date]:
        if not days or end <= min(days) or start > self.through:
            raise ORACLE.NoValue
        return start, min(end, self.through + ONE)

    # --- campaigns ----------------------------------------------------------------------------------------------

    @cached_property
    def named(self) -> dict[str, set[str]]:
        """Campaign -> every lead source its leads name."""
        named: dict[str, set[str]] = {}
        for lead in self.rows("lead"):
            if lead["campaign_id"] and lead["lead_source"]:
                named.setdefault(lead["campaign_id"], set()).add(lead["lead_source"])
        return named

    @cached_property
    def sources(self) -> dict[str, str]:
        """Campaign -> the lead source all its leads name."""
        return {key: next(iter(some)) for key, some in self.named.items() if len(some) == 1}

    def undivided(self, amounts: list[tuple[str, Fraction]], where: Where, *, rest: bool) -> None:
        """No value where a lead source took an unknown part of a campaign that came to something. ``amounts`` are those of
        the slice without its lead source, by campaign. ``rest``: "(none)" has none of it either, being set beside leads."""
        wanted = where.get("lead_source")
        for key in {key for key, _ in amounts}:
            some = self.named.get(key, set())
            shares = len(some) > 1 and (wanted in some or (rest and wanted == "(none)"))
            if shares and sum((amount for one, amount in amounts if one == key), Fraction(0)):
                raise ORACLE.NoValue

    @cached_property
    def spend_rows(self) -> list[Row]:
        found = []
        for row in self.rows("campaign_cost"):
            campaign = self.by_id("campaign")[row["campaign_id"]]
            found.append({**row, "day": row["date"], "campaign": row["campaign_id"], "code": row["currency"] or self.company,
                          "channel": row["channel"] or campaign["channel"], "own": campaign["channel"],
                          "lead_source": self.sources.get(row["campaign_id"])})  # fmt: skip
        return found

    def cost(self, start: date, end: date, where: Where, *, rest: bool = False) -> Fraction:
        start, end = self.between([row["day"] for row in self.spend_rows], start, end)
        others = {name: value for name, value in where.items() if name != "lead_source"}
        rows = [
            (row, ORACLE.micro(ORACLE.number(row["amount"])) * self.rate(row["day"], row["code"]))
            for row in self.spend_rows
            if start <= row["day"] < end and self.fits(None, {**row, "currency": row["code"]}, row["day"], others)
        ]
        self.undivided([(row["campaign"], amount) for row, amount in rows], where, rest=rest)
        wanted = where.get("lead_source")
        return sum(
            (amount for row, amount in rows if wanted is None or (row["lead_source"] or "(none)") == wanted),
            Fraction(0),
        )

    def first_year(self, model: str) -> Iterator[tuple[str, date, Row, date, Fraction, str]]:
        """(kind, day it counts on, origin, day it happened, amount, currency)."""
        for one in self.credits(model):
            deal, touch, key = one["deal"], one["touch"], one["campaign"]
            if key is None:
                continue
            campaign = self.by_id("campaign")[key]
            day = campaign["start_date"] or (touch["day"] if touch else deal["created_at"])
            if deal["type"] != "renewal" and day <= deal["day"] <= day + YEAR:
                origin = {
                    "campaign": key,
                    "channel": campaign["channel"] or one["channel"],
                    "lead_source": self.sources.get(key),
                }
                yield "value", day, origin, deal["day"], one["part"], deal["code"]
        for row in self.spend_rows:
            day = self.by_id("campaign")[row["campaign"]]["start_date"] or row["day"]
            if row["day"] <= day + YEAR:
                origin = {
                    "campaign": row["campaign"],
                    "channel": row["own"] or row["channel"],
                    "lead_source": row["lead_source"],
                }
                yield "cost", day, origin, row["day"], ORACLE.micro(ORACLE.number(row["amount"])), row["code"]

    def earned(self, p: Any, where: Where, kind: str, model: str) -> Fraction:
        rows = list(self.first_year(model))
        start, end = self.between([row[1] for row in rows], p.start, p.end)
        others = {name: value for name, value in where.items() if name != "lead_source"}
        found = [
            (origin, amount * self.rate(happened, code)) for what, day, origin, happened, amount, code in rows
            if what == kind and start <= day < end and happened <= self.through and amount
            and self.fits(None, origin, day, others)
        ]  # fmt: skip
        self.undivided([(origin["campaign"], amount) for origin, amount in found], where, rest=False)
        wanted = where.get("lead_source")
        return sum(
            (amount for origin, amount in found if wanted is None or (origin["lead_source"] or "(none)") == wanted),
            Fraction(0),
        )

    # --- touches ------------------------------------------------------------------------------------------------

    def trials(self, p: Any, where: Where, days: int | None = None) -> Fraction:
        shown = [row for row in self.touches if row["kind"] in ("demo", "trial") and row["is_bot"] != "true"]
        start, end = self.between([row["day"] for row in shown], p.start, p.end)
        total = 0
        for row in shown:
            own = {"channel": row["channel"], "campaign": row["campaign"], "lead_source": row["named_source"]}
            paid = self.starts.get(row["customer"])
            won = (
                paid is not None and paid <= self.through and days is not None and 0 <= (paid - row["day"]).days <= days
            )
            if (
                row["kind"] == "trial"
                and start <= row["day"] < end
                and self.fits(row["customer"], own, row["day"], where)
            ):
                total += days is None or won
        return Fraction(total)

    def mails(self, p: Any, where: Where, kind: str, audience: str) -> Fraction:
        messages: dict[tuple[str, str], list[Row]] = {}
        for row in self.touches:
            if row["message_id"]:
                who = row["person"] or row["lead_id"] or row["anonymous_id"]
                messages.setdefault((row["message_id"], who), []).append(row)
        sent = {key: rows for key, rows in messages.items() if any(row["kind"] == "delivered" for row in rows)}
        first = {key: min(row["day"] for row in rows if row["kind"] == "delivered") for key, rows in sent.items()}
        start, end = self.between(list(first.values()), p.start, p.end)
        total = 0
        for key, rows in sent.items():
            campaign = self.by_id("campaign")[min(row["campaign"] for row in rows)]
            group = "automated" if campaign["automated"] == "true" else campaign["audience"] or "prospect"
            customers = [row["customer"] for row in rows]
            own = {"channel": campaign["channel"], "campaign": campaign["id"]}
            if group == audience and start <= first[key] < end and self.fits(customers[0], own, first[key], where):
                total += kind == "delivered" or any(
                    row["kind"] == kind and row["is_bot"] != "true" and row["day"] <= self.through for row in rows
                )
        return Fraction(total)

    def visits(self, p: Any, where: Where, what: str) -> Fraction:
        rows = self.rows("web_daily")
        start, end = self.between([row["date"] for row in rows], p.start, p.end)
        others = {name: value for name, value in where.items() if name != "campaign"}
        # visits are counted by channel only, which says nothing of any campaign
        if where.get("campaign", "(none)") != "(none)" and self.visits(p, others, what):
            raise ORACLE.NoValue
        fit = [row for row in rows if start <= row["date"] < end
               and self.fits(None, {"channel": row["channel"], "campaign": None}, row["date"], where)]  # fmt: skip
        return Fraction(sum(row[what] for row in fit))

    # --- leads --------------------------------------------------------------------------------------------------

    @cached_property
    def reopened(self) -> list[tuple[str, date]]:
        """(lead, day) of every time a lead was opened again."""
        events: dict[str, list[tuple[date, str]]] = {row["id"]: [] for row in self.rows("lead")}
        for lead, stage, day in self.homes():
            events[lead].append((day, stage))
        for row in self.lively:
            if row["home"]:
                events[row["home"]].append((row["day"], "touch"))
        found = []
        for lead, some in events.items():
            steps = [(day, stage) for day, stage in some if stage in STAGES]
            own = [] if any(stage == "lead" for _, stage in steps) else [self.by_id("lead")[lead]["created_at"]]
            born = min([day for day, _ in steps] + own)
            wakes = sorted(day for day, stage in some if (stage in STAGES or stage == "touch") and day > born)
            asides = [day for day, stage in some if stage in ("not_ready", "disqualified")
                      and day >= self.reached[lead]["lead"]]  # fmt: skip
            found += [(lead, day) for day in sorted({min(w for w in wakes if w > a) for a in asides
                                                     if any(w > a for w in wakes)})]  # fmt: skip
        return found

    def homes(self) -> Iterator[tuple[str, str, date]]:
        """(lead, stage, day) of every event that has a lead."""
        leads, people = self.rows("lead"), self.by_id("person")
        for event in self.rows("lifecycle_event"):
            kind, subject = event["subject_type"], event["subject_id"]
            if kind == "lead":
                home = subject if subject in self.by_id("lead") else None
            elif kind == "opportunity":
                home = self.lead_of_deal(self.by_id("opportunity")[subject])
            else:
                fit = [row for row in leads if subject == (
                    row["person_id"] if kind == "person"
                    else row["org_id"] or people.get(row["person_id"], {}).get("org_id"))]  # fmt: skip
                early = [row for row in fit if row["created_at"] <= event["occurred_at"]]
                newest = max((row["created_at"] for row in early), default=None)
                home = (
                    min((str(row["id"]) for row in early if row["created_at"] == newest), default=None)
                    or min(((row["created_at"], str(row["id"])) for row in fit), default=(None, None))[1]
                )
            if home is not None:
                yield home, event["stage"], event["occurred_at"]

    def lead_fits(self, lead: Row, day: date, where: Where) -> bool:
        org = lead["org_id"] or self.by_id("person").get(lead["person_id"], {}).get("org_id")
        own = {"channel": lead["channel"], "lead_source": lead["lead_source"], "campaign": lead["campaign_id"], "owner": None,
               "team": None, "pod": None, "rep": None, "cohort": f"{day:%Y-%m}"}  # fmt: skip
        return bool(self.fits(self.customer_of(org, lead["person_id"]), own, day, where))

    def opened_again(self, p: Any, where: Where) -> Fraction:
        start, end = self.clip("reach", p.start, p.end)
        return Fraction(sum(start <= day < end and self.lead_fits(self.by_id("lead")[lead], day, where)
                            for lead, day in self.reopened))  # fmt: skip

    def stage_leads(self, p: Any, where: Where, stage: str) -> list[str]:
        start, end = self.clip("reach", p.start, p.end)
        return [
            lead["id"] for lead in self.rows("lead")
            if (day := self.reached[lead["id"]].get(stage)) and start <= day < end and self.lead_fits(lead, day, where)
        ]  # fmt: skip

    def at_stage(self, p: Any, where: Where, stage: str) -> Fraction:
        return Fraction(len(self.stage_leads(p, where, stage)))

    def velocity(self, p: Any, where: Where, stage: str, later: str) -> tuple[int, int, list[float | None]]:
        """(leads, finished, the days by which half, three and nine tenths have made the step)."""
        seen = []
        for key in self.stage_leads(p, where, stage):
            days = self.reached[key]
            made = later in days and days[later] <= self.through
            seen.append((((days[later] if made else self.through) - days[stage]).days, made))
        quantiles: list[float | None] = []
        for part in (Fraction(1, 2), Fraction(3, 4), Fraction(9, 10)):
            alive, hit = Fraction(1), None
            for day in sorted({day for day, made in seen if made}):
                risk = sum(other >= day for other, _ in seen)
                alive *= 1 - Fraction(sum(other == day and made for other, made in seen), risk)
                if alive <= 1 - part:
                    hit = float(day)
                    break
            quantiles.append(hit)
        return len(seen), sum(made for _, made in seen), quantiles

    def score(self, lead: Row, first: date) -> Fraction | None:
        """A lead's score at the end of the month of its first day."""
        fit = [
            row for row in self.rows("score_event")
            if (row["occurred_at"].year, row["occurred_at"].month) <= (first.year, first.month)
            and (row["lead_id"] == lead["id"] or (row["lead_id"] is None and row["person_id"] == lead["person_id"]))
        ]  # fmt: skip
        newest = max(fit, key=lambda row: (row["occurred_at"], row["id"]), default=None)
        return newest and ORACLE.number(newest["value"])

    def scores(self, p: Any, where: Where) -> list[Fraction | None]:
        leads = [self.by_id("lead")[key] for key in self.stage_leads(p, where, "lead")]
        return [self.score(lead, self.reached[lead["id"]]["lead"]) for lead in leads]

    # --- programmes ---------------------------------------------------------------------------------------------

    def members(self, p: Any, where: Where) -> list[Row]:
        rows = self.rows("programme_membership")
        start, end = self.between([row["entered_at"] for row in rows], p.start, p.end)
        found = []
        for row in rows:
            lead = self.by_id("lead").get(row["lead_id"], {})
            person = row["person_id"] or lead.get("person_id")
            own = {"channel": self.by_id("campaign")[row["campaign_id"]]["channel"], "campaign": row["campaign_id"],
                   "lead_source": lead.get("lead_source"), "owner": None, "team": None, "pod": None, "rep": None}  # fmt: skip
            customer = self.customer_of(lead.get("org_id"), person)
            if start <= row["entered_at"] < end and self.fits(customer, own, row["entered_at"], where):
                found.append({**row, "moved": self.moved_score(row, person)})
        return found

    def moved_score(self, row: Row, person: str | None) -> Fraction | None:
        fit = [
            score for score in self.rows("score_event")
            if (row["lead_id"] and score["lead_id"] == row["lead_id"]) or (
                person and score["person_id"] == person and not (row["lead_id"] and score["lead_id"]))
        ]  # fmt: skip
        fit.sort(key=lambda score: (score["occurred_at"], score["id"]))
        before = [score for score in fit if score["occurred_at"] < row["entered_at"]]
        inside = [score for score in fit if row["entered_at"] <= score["occurred_at"]
                  and (row["left_at"] is None or score["occurred_at"] < row["left_at"])]  # fmt: skip
        if before:
            began = ORACLE.number(before[-1]["value"])
        elif inside and inside[0]["delta"] is not None:
            began = ORACLE.number(inside[0]["value"]) - ORACLE.number(inside[0]["delta"])
        else:
            return None
        return (ORACLE.number(inside[-1]["value"]) if inside else began) - began  # type: ignore[no-any-return]


def shared(total: Fraction, weights: list[Fraction], unit: Fraction) -> list[Fraction]:
    """Whole units by largest remainder, earlier first; what is less than a unit goes where the next unit would."""
    size, whole = abs(total), sum(weights)
    parts = [size * weight / whole // unit * unit for weight in weights]
    order = sorted(range(len(weights)), key=lambda n: (parts[n] - size * weights[n] / whole, n))
    left = size - sum(parts)
    for place in order:
        given = min(unit, left)
        parts[place] += given
        left -= given
    return [part if total >= 0 else -part for part in parts]


Formula = Callable[[Any, Any, Where], Fraction]


def _value(model: str) -> Formula:
    return lambda o, p, w: o.earned(p, w, "value", model)


def _roi(model: str) -> Formula:
    def run(o: Any, p: Any, w: Where) -> Fraction:
        cost = o.earned(p, w, "cost", model)
        return ORACLE.divide(o.earned(p, w, "value", model) - cost, cost)  # type: ignore[no-any-return]

    return run


def _year_cost(o: Any, p: Any, w: Where) -> Fraction:
    return o.earned(p, w, "cost", "last")  # type: ignore[no-any-return]


def _at(stage: str) -> Formula:
    return lambda o, p, w: o.at_stage(p, w, stage)


def _mail(kind: str, audience: str) -> Formula:
    return lambda o, p, w: o.mails(p, w, kind, audience)


def _met(o: Any, p: Any, w: Where) -> Fraction:
    """The visitors leads are set beside: where some leads have a campaign, those without one are not all the visitors'."""
    others = {name: value for name, value in w.items() if name != "campaign"}
    visitors = o.visits(p, w, "visitors")
    if w.get("campaign") == "(none)" and visitors and o.at_stage(p, others, "lead") != o.at_stage(p, w, "lead"):
        raise ORACLE.NoValue
    return visitors  # type: ignore[no-any-return]


def _cost(lag: int, *, rest: bool = True) -> Formula:
    def run(o: Any, p: Any, w: Where) -> Fraction:
        first, end = (FORMULAS.month_start(p.first + months - lag) for months in (0, p.months))
        return o.cost(first, end, w, rest=rest)  # type: ignore[no-any-return]

    return run


divided = FORMULAS.divided

METRICS: dict[str, Formula] = {
    "visitors": lambda o, p, w: o.visits(p, w, "visitors"),
    "visitor_to_signup": divided(lambda o, p, w: o.visits(p, w, "signups"), lambda o, p, w: o.visits(p, w, "visitors")),
    "visitor_to_lead": divided(_at("lead"), _met),
    "trials": lambda o, p, w: o.trials(p, w),
    "trial_to_paid": divided(lambda o, p, w: o.trials(p, w, 90), lambda o, p, w: o.trials(p, w)),
    "trial_to_paid days=300": divided(lambda o, p, w: o.trials(p, w, 300), lambda o, p, w: o.trials(p, w)),
    "reopened_leads": lambda o, p, w: o.opened_again(p, w),
    "mql_rate_period": divided(_at("mql"), _at("lead")),
    "sql_rate_period": divided(_at("sql"), _at("mql")),
    "sql_to_customer_period": divided(_at("customer"), _at("sql")),
    "campaign_cost": _cost(0, rest=False),
    "cost_per_lead": divided(_cost(0), _at("lead")),
    "cost_per_sql lag=2": divided(_cost(2), _at("sql")),
    **{
        f"email_{rate}{suffix}": divided(_mail(kind, audience), _mail("delivered", audience))
        for rate, kind in (("open_rate", "opened"), ("ctr", "clicked"))
        for suffix, audience in (("", "prospect"), ("_automated", "automated"), ("_customers", "customer"))
    },
    **{f"campaign_roi model={model}": _roi(model) for model in MODELS},
    "campaign_value_ratio": divided(_value("last"), _year_cost),
}
