"""A small company over three years with two currencies, changing segments and everything a cube is cut by."""

import random
import shutil
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from revalign_udf.config import Project, load
from revalign_udf.jobs import build, pull

THROUGH = "2026-06-15"


def _csv(path: Path, header: str, rows: Sequence[tuple[object, ...]]) -> None:
    lines = [header, *(",".join("" if cell is None else str(cell) for cell in row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def company() -> Callable[..., Project]:
    """Write a project with random rows; the same seed writes the same rows."""

    def write(folder: Path, seed: int = 1, customers: int = 40, settings: str = "", *, small: bool = False) -> Project:
        chance, data = random.Random(seed), folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        first, days = (date(2026, 4, 1), 75) if small else (date(2023, 11, 1), 950)

        def day() -> date:
            return first + timedelta(days=chance.randrange(days))

        ids = range(customers)
        _csv(data / "organization.csv", "id,name,segment,country", [
            (f"o{n}", f"Org {n}", chance.choice(["SMB", "MM", "ENT", None]), chance.choice(["SE", "US"])) for n in ids
        ])  # fmt: skip
        _csv(data / "attribute_history.csv", "entity,entity_id,attribute,value,valid_from", [
            ("organization", f"o{n}", "segment", chance.choice(["SMB", "MM", "ENT"]), day())
            for n in ids if chance.random() < 0.4
        ])  # fmt: skip
        _csv(data / "product.csv", "id,name,product_line", [("p1", "One", "Core"), ("p2", "Two", "Extra")])
        _csv(data / "subscription.csv", "id,org_id,started_at", [(f"s{n}", f"o{n}", first) for n in ids])
        items = []
        for n in range(customers * 4):
            start = day()
            end = start + timedelta(days=chance.randrange(1, 700)) if chance.random() < 0.6 else None
            items.append((f"i{n}", f"s{chance.randrange(customers)}", start, end, chance.randrange(1, 50_000) / 100,
                          chance.choice(["month", "quarter", "year"]), chance.choice(["USD", "EUR"]),
                          chance.choice(["p1", "p2", None])))  # fmt: skip
        _csv(data / "subscription_item_period.csv",
             "id,subscription_id,valid_from,valid_to,amount,interval,currency,product_id", items)  # fmt: skip
        # every third week has no rate within seven days: those days have no value, and say so
        _csv(data / "fx_rate.csv", "date,from_currency,to_currency,rate", [
            (first - timedelta(days=9) + timedelta(days=n * 7), "EUR", "USD", chance.randrange(9000, 12_000) / 10_000)
            for n in range(140) if small or n % 9
        ])  # fmt: skip
        _csv(data / "sales_order.csv", "id,org_id,ordered_at,amount,currency", [
            (f"x{n}", f"o{chance.randrange(customers)}", day(), chance.randrange(-500, 9000), chance.choice(["USD", "EUR"]))
            for n in range(customers * 2)
        ])  # fmt: skip
        _csv(data / "expense.csv", "id,period_start,period_end,amount,function,kind,channel,team_id", [
            (f"e{n}", start := day(), start + timedelta(days=chance.randrange(90)), chance.randrange(9000),
             chance.choice(["marketing", "sales", "product"]), chance.choice(["programme", "cogs", None]),
             chance.choice(["paid", "event"]), f"t{n}")
            for n in range(80)
        ])  # fmt: skip
        leads = [
            (f"l{n}", day(), chance.choice(["paid", "event", None]), f"o{chance.randrange(customers)}")
            for n in range(90)
        ]
        _csv(data / "lead.csv", "id,created_at,channel,org_id", list(leads))
        _csv(data / "lifecycle_event.csv", "id,subject_type,subject_id,stage,occurred_at", [
            (f"v{n}", "lead", f"l{chance.randrange(90)}", chance.choice(["mql", "sal", "sql", "opportunity", "customer"]), day())
            for n in range(150)
        ])  # fmt: skip
        if small:
            for path in data.glob("*.csv"):
                if path.stem not in (
                    "organization",
                    "subscription",
                    "subscription_item_period",
                    "sales_order",
                    "fx_rate",
                ):
                    path.unlink()
        source = f'[source.files]\nconnector = "csv"\npath = "data"\ncomplete_through = "{THROUGH}"\n'
        (folder / "revalign.toml").write_text(f"{settings}\n{source}", encoding="utf-8")
        return load(folder)

    return write


@pytest.fixture(scope="session")
def pulled(company: Callable[..., Project], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Project]:
    """The same, pulled and built. Made once per seed and settings, and copied."""
    made: dict[tuple[int, str, bool], Path] = {}

    def make(folder: Path, seed: int = 1, settings: str = "", *, small: bool = False) -> Project:
        kind = (seed, settings, small)
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp("company")
            project = company(made[kind], seed, settings=settings, small=small)
            for report in pull(project):
                assert (report.failures, report.counts.rejects) == ([], [])
            build(project)
        shutil.copytree(made[kind], folder, dirs_exist_ok=True)
        return load(folder)

    return make
