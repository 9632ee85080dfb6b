"""Teams, our own people, the companies we sell to and the people there."""

from __future__ import annotations

from revalign_sample.clock import DAY, FIRST, LAST, Dice, at, day_of, iso, later
from revalign_sample.out import Ids, Out
from revalign_sample.world import Org, Owner, Person, World

__all__ = ["COUNTRIES", "FIRST_NAMES", "LAST_NAMES", "hire", "new_org", "new_person", "write_orgs", "write_people"]

TEAMS = {
    "marketing": ("Marketing", "marketing", None),
    "sdr": ("Sales development", "sales", None),
    "north": ("Pod North", "sales", "North"),
    "south": ("Pod South", "sales", "South"),
    "west": ("Pod West", "sales", "West"),
    "success": ("Customer success", "success", None),
    "support": ("Support", "support", None),
    "finance": ("Finance", "finance", None),
    "product": ("Product", "product", None),
}
FIRST_NAMES = (
    "Ada", "Ben", "Chloe", "Dan", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kira", "Leo", "Mina", "Noah",
    "Olga", "Paul", "Quinn", "Rosa", "Sam", "Tara", "Umar", "Vera", "Will", "Xenia", "Yann", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Berger", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Haas", "Ivanov", "Jansen", "Khan", "Lopez",
    "Moreau", "Novak", "Okafor", "Patel", "Quist", "Rossi", "Schmidt", "Tanaka", "Ueda", "Vogel", "Weber", "Young",
)  # fmt: skip
#: country -> (weight, currency, ending of domains)
COUNTRIES = {
    "US": (0.52, "USD", "com"), "GB": (0.12, "USD", "co.uk"), "CA": (0.09, "USD", "ca"), "AU": (0.05, "USD", "com.au"),
    "DE": (0.08, "EUR", "de"), "FR": (0.06, "EUR", "fr"), "NL": (0.04, "EUR", "nl"), "ES": (0.04, "EUR", "es"),
}  # fmt: skip
INDUSTRIES = ("Software", "Manufacturing", "Logistics", "Retail", "Healthcare", "Finance", "Education", "Energy")
_WORDS_A = (
    "Alder", "Amber", "Arc", "Basalt", "Birch", "Blue", "Bright", "Cedar", "Clear", "Cobalt", "Copper", "Coral",
    "Crest", "Delta", "Dune", "East", "Ember", "Fern", "Flint", "Forge", "Gale", "Glen", "Granite", "Harbor", "Hazel",
    "Iron", "Jade", "Juniper", "Kestrel", "Lark", "Laurel", "Linden", "Lumen", "Maple", "Meadow", "Mint", "Moss",
    "North", "Oak", "Onyx", "Opal", "Pine", "Quartz", "Raven", "Reef", "River", "Sable", "Sage", "Silver", "Slate",
    "Solar", "Spruce", "Stone", "Summit", "Swift", "Teal", "Terra", "Vale", "Willow", "Zephyr",
)  # fmt: skip
_WORDS_B = (
    "bridge", "field", "works", "lane", "labs", "point", "grid", "ware", "port", "yard", "path", "mark", "line",
    "craft", "stack", "gate", "view", "crest", "mill", "shore",
)  # fmt: skip
_ENDS = {
    "US": "Inc.",
    "GB": "Ltd",
    "CA": "Inc.",
    "AU": "Pty Ltd",
    "DE": "GmbH",
    "FR": "SAS",
    "NL": "B.V.",
    "ES": "S.L.",
}


def hire(world: World) -> None:
    """Our own people: who stays, who joins on the way, who leaves, who moves to the new pod."""
    dice = world.dice("owners")
    early, new_pod = day_of("2021-06-01"), day_of("2025-01-01")
    plan = (
        [("marketing", "marketing")] * 5 + [("sdr", "sdr")] * 6 + [("ae", "north")] * 5 + [("ae", "south")] * 5
        + [("csm", "success")] * 6 + [("support", "support")] * 5
    )  # fmt: skip
    for number, (role, team) in enumerate(plan, 1):
        first = FIRST_NAMES[number * 7 % len(FIRST_NAMES)]
        name = f"{first} {LAST_NAMES[(number * 5 + number // 24) % len(LAST_NAMES)]}"
        start = early if number % 3 else FIRST + dice.between(30, 500)
        owner = Owner(number, name, role, [(start, team)], start)
        if role == "ae" and number % 4 == 0:
            owner.teams.append((max(new_pod, start + 30), "west"))
        world.owners.append(owner)
    for role in ("ae", "sdr"):
        world.staff(role, FIRST)[-1].end = FIRST + dice.between(400, 600)


def new_org(world: World, dice: Dice, created: int, segment: str = "") -> Org:
    """One more company."""
    number = len(world.orgs) + 1
    segment = segment or dice.weigh({"SMB": 0.60, "MM": 0.30, "ENT": 0.10})
    country = dice.weigh({code: weight for code, (weight, _, _) in COUNTRIES.items()})
    # every pair of words comes once before any comes twice
    pair = number * 7 % (len(_WORDS_A) * len(_WORDS_B))
    stem = f"{_WORDS_A[pair % len(_WORDS_A)]}{_WORDS_B[pair // len(_WORDS_A)]}"
    again = number // (len(_WORDS_A) * len(_WORDS_B))
    stem = f"{stem} {again + 1}" if again else stem
    staff = world.staff("csm", created)
    org = Org(
        number,
        f"{stem} {_ENDS[country]}",
        f"{stem.lower().replace(' ', '')}.{COUNTRIES[country][2]}",
        country,
        dice.pick(INDUSTRIES),
        dice.between(*{"SMB": (8, 90), "MM": (100, 900), "ENT": (1000, 9000)}[segment]),
        segment,
        created,
        dice.pick(staff).number,
        COUNTRIES[country][1],
        [(created, segment)],
    )
    if dice.chance(0.05):
        org.billing_domain = f"{stem.lower().replace(' ', '')}-group.com"  # who pays is not who uses
    if number > 50 and dice.chance(0.02):
        org.parent = dice.between(1, 40)
    world.orgs.append(org)
    return org


def new_person(world: World, dice: Dice, seen: int, source: str, org: Org | None = None) -> Person:
    """One more person; a fifth of those without a company write from a free mailbox."""
    number = len(world.persons) + 1
    name = f"{dice.pick(FIRST_NAMES)} {dice.pick(LAST_NAMES)}"
    local = f"{name.lower().replace(' ', '.')}.{number}"
    free = org is None and dice.chance(0.2)
    domain = org.domain if org else ("mail.example" if free else f"visitor{number}.example")
    country = org.country if org else dice.weigh({code: weight for code, (weight, _, _) in COUNTRIES.items()})
    person = Person(number, org.number if org else None, name, f"{local}@{domain}", country, source, seen)
    world.persons.append(person)
    if org:
        world.people_of.setdefault(org.number, []).append(number)
    return person


def write_people(world: World, out: Out, ids: Ids) -> None:
    """The tables team, owner, owner_team, person."""
    add = out.table("team", "id name function parent_id pod")
    for code, (name, function, pod) in TEAMS.items():
        add((ids.team(code), name, function, ids.team("sdr") if pod else None, pod))
    owner = out.table("owner", "id name email team_id role active_from active_to")
    member = out.table("owner_team", "owner_id team_id valid_from valid_to")
    for one in world.owners:
        key = ids.key("own", one.number)
        mail = f"{one.name.lower().replace(' ', '.')}{one.number}@revalign.example"
        owner((key, one.name, mail, ids.team(one.teams[-1][1]), one.role, iso(one.start), iso(one.end)))
        ends = [start for start, _ in one.teams[1:]] + [one.end]
        for (start, team), end in zip(one.teams, ends, strict=True):
            member((key, ids.team(team), iso(start), iso(end)))
    add = out.table("person", "id org_id email first_source first_touch_at country anonymous_id merged_into")
    for person in world.persons:
        anonymous = f"anon-{person.number:06d}" if person.number % 3 else None
        into = ids.key("per", person.twin_of) if person.number % 2 else None
        known = (person.source, at(person.seen), person.country, anonymous, into)
        add((ids.key("per", person.number), ids.org(person.org), person.email, *known))


def write_orgs(world: World, out: Out, ids: Ids) -> None:
    """The tables organization, attribute_history, identity_link."""
    dice = world.dice("duplicates")
    columns = "id name domain country industry employees segment owner_id parent_org_id created_at referrer_org_id merged_into"
    add = out.table("organization", columns)
    for org in world.orgs:
        key, segment = ids.org(org.number), org.segments[-1][1]
        created, owner = at(org.created * DAY + 36_000), ids.key("own", _owners(world, org)[-1][1])
        known = (org.country, org.industry, org.employees, segment, owner)
        add((key, org.name, org.domain, *known, ids.org(org.parent), created, ids.org(org.referrer), None))
        if dice.chance(0.012) or org.number == 1:
            # entered twice, found out, merged: the second row says into what
            twin = f"{key}-dup"
            add((twin, org.name.split()[0], org.domain, *known, None, at(min(org.created + 20, LAST) * DAY), None, key))
    history = out.table("attribute_history", "entity entity_id attribute value valid_from valid_to")
    for org in world.orgs:
        key = ids.org(org.number)
        ends = [start for start, _ in org.segments[1:]] + [None]
        for (start, segment), end in zip(org.segments, ends, strict=True):
            history(("organization", key, "segment", segment, iso(start), iso(end)))
        held = _owners(world, org) if org.from_day is not None else []
        for (start, number), end in zip(held, [start for start, _ in held[1:]] + [None], strict=False):
            pod = ("North", "South", "West")[number % 3]
            history(("organization", key, "owner", ids.key("own", number), iso(start), iso(end)))
            history(("organization", key, "pod", pod, iso(start), iso(end)))
    _write_links(world, out, ids)


def _owners(world: World, org: Org) -> list[tuple[int, int]]:
    """Who looks after a company, from which day: some were handed over two weeks or so after they signed."""
    start = org.created if org.from_day is None else org.from_day
    moved = later(start, 1) - org.number % 14
    if org.from_day is None or org.number % 9 or moved > LAST:
        return [(start, org.owner)]
    return [(start, org.owner), (moved, next(o.number for o in world.staff("csm", moved) if o.number != org.owner))]


def _write_links(world: World, out: Out, ids: Ids) -> None:
    """Companies whose domain in billing is another one, by hand; in a single connection: people with two rows."""
    add = out.table("identity_link", "entity source_a id_a source_b id_b method confidence valid_from valid_to")
    if ids.whole:
        for person in world.persons:
            if person.twin_of is not None:
                first, second = ids.key("per", person.twin_of), ids.key("per", person.number)
                names = (ids.connection, first, ids.connection, second)
                add(("person", *names, "email", "0.9", iso(person.seen // DAY), None))
        return
    for org in world.paying():
        if org.billing_domain:
            ours, theirs = ids.org(org.number), ids.customer(org.number)
            add(("organization", ids.connection, ours, "billing", theirs, "manual", "1", iso(org.from_day), None))
