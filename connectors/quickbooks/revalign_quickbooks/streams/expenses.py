"""What the company spends: lines of purchases, bills, vendor credits and journal entries -> expenses of a function.

QuickBooks knows accounts, classes and departments, not functions: ``[source.NAME.accounts]`` says which function and kind
an account is. A class or a department may say otherwise for its lines. What nobody says is reported, never guessed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from revalign_quickbooks.api import Books, Record, value_of
from revalign_quickbooks.following import Reading, read
from revalign_udf.canonical import TABLES
from revalign_udf.connector import CanonicalRow, Context, Log, Message, Stream
from revalign_udf.connector.values import Path, attrs, fill, instant
from revalign_udf.errors import ConfigError, did_you_mean

__all__ = ["Meanings", "amounts", "expense_rows", "read_expenses"]

ENTITIES = ("Purchase", "Bill", "VendorCredit", "JournalEntry")
_TABLES = ("accounts", "classes", "departments")
_COLUMNS = ("function", "kind", "team_id", "channel", "campaign_id", "product_id")
_SHOWN = 12


def read_expenses(ctx: Context, books: Books, stream: Stream, state: Mapping[str, Any]) -> Iterator[Message]:
    """Expense lines that changed, each with what the settings say of its account; then the accounts nobody speaks of."""
    meanings = Meanings.of(ctx, books)
    missing: dict[str, tuple[int, dict[str, Decimal]]] = {}

    def prepare(entity: str, record: Record) -> Mapping[str, Any] | None:
        lines, left = _sorted_out(meanings, entity, record)
        for account, amount in left:
            count, sums = missing.get(account, (0, {}))
            currency = value_of(record, "CurrencyRef") or ctx.currency
            missing[account] = (count + 1, {**sums, currency: sums.get(currency, Decimal(0)) + amount})
        return {"entity": entity, "record": record, "lines": lines} if lines else None

    def keys(entity: str, record: Record) -> Mapping[str, Sequence[str]]:
        lines, _ = _sorted_out(meanings, entity, record)
        return {"expense": [str(line["id"]) for line in lines]}

    reading = Reading(
        ENTITIES,
        lambda entity, key: f"{entity}:{key}",
        keys,
        {},
        dict.fromkeys(ENTITIES, "expense"),
        prepare,
        meanings.stamp,
    )
    yield from read(ctx, books, stream, state, reading)
    if missing:
        parts = [
            f'"{name}" ({count} lines, {", ".join(f"{amount:,.2f} {currency}" for currency, amount in sums.items())})'
            for name, (count, sums) in sorted(missing.items(), key=lambda item: -item[1][0])
        ]
        more = f" and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
        yield Log(
            f"Spending on these accounts is left out, as nobody said what they are for: {', '.join(parts[:_SHOWN])}{more}."
            f" Name each under [source.{ctx.connection}.accounts], or mark it {{ ignore = true }}.", "warning",
        )  # fmt: skip


def amounts(entity: str, record: Record) -> Iterator[tuple[str, Decimal, Record, str]]:
    """(line id, amount, detail, description) of every line that is booked on an account or an item.

    Spending is positive. A credit on a card, a vendor's credit and the credit side of a journal are negative.
    """
    sign = -1 if entity == "VendorCredit" or (entity == "Purchase" and record.get("Credit") is True) else 1
    for place, line in enumerate(record.get("Line") or (), 1):
        kind = str(line.get("DetailType") or "")
        detail = line.get(kind) or {}
        if kind not in ("AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail", "JournalEntryLineDetail"):
            continue
        amount = Decimal(str(line.get("Amount") or 0))
        if kind == "JournalEntryLineDetail":
            amount = amount if detail.get("PostingType") == "Debit" else -amount
        yield str(line.get("Id") or place), sign * amount, detail, str(line.get("Description") or "")


def _sorted_out(
    meanings: Meanings, entity: str, record: Record
) -> tuple[list[dict[str, Any]], list[tuple[str, Decimal]]]:
    """Expense lines with their meaning, and (account, amount) of those without one."""
    lines: list[dict[str, Any]] = []
    left: list[tuple[str, Decimal]] = []
    for key, amount, detail, description in amounts(entity, record):
        account = meanings.account_of(detail)
        meaning = meanings.of_line(account, detail, record)
        if meaning is None:
            if meanings.is_expense(account):
                left.append((meanings.name_of(account), amount))
        elif not meaning.get("ignore"):
            lines.append(
                {
                    "id": f"{entity}:{record['Id']}:{key}", "amount": str(amount), "description": description,
                    "account": meanings.name_of(account), "class": (detail.get("ClassRef") or {}).get("name"), **meaning,
                }
            )  # fmt: skip
    return lines, left


def expense_rows(record: Record, mapping: Mapping[str, Any]) -> Iterator[CanonicalRow]:
    """The expense rows of one document."""
    one = record["record"]
    defaults: dict[str, Path] = {
        "date": lambda doc: instant(doc.get("TxnDate")),
        "currency": "CurrencyRef.value",
        "updated_at": lambda doc: instant((doc.get("MetaData") or {}).get("LastUpdatedTime")),
    }
    for line in record["lines"]:
        row = fill(one, defaults, mapping, "expenses")
        row |= {"id": line["id"], "amount": line["amount"]}
        row |= {name: line[name] for name in _COLUMNS if name in line}
        more = [("account", line["account"]), ("class", line["class"]), ("description", line["description"])]
        more += [("document", record["entity"]), ("vendor", _vendor(one))]
        yield "expense", attrs(row, {}, more=more)


def _vendor(record: Record) -> str | None:
    return (record.get("VendorRef") or record.get("EntityRef") or {}).get("name")


@dataclass(frozen=True, slots=True)
class Meanings:
    """What the settings say of accounts, classes and departments.

    An account goes by its full name (``Marketing:Online``), its plain name or its id; what is said of an account holds for
    those under it. Of several that speak of one line, a class has the last word, then the department, then the account.
    """

    accounts: Mapping[str, Record]
    """QuickBooks' accounts by id"""
    items: Mapping[str, str]
    """item -> its expense account"""
    said: Mapping[str, Mapping[str, Record]]
    stamp: str = ""
    _found: dict[str, Record | None] = field(default_factory=dict)

    @classmethod
    def of(cls, ctx: Context, books: Books) -> Meanings:
        """Read the settings and the accounts. Raises ConfigError REV-302 or REV-305 for what no account can be."""
        said = {table: _checked(ctx, table) for table in _TABLES}
        stamp = hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:16]
        accounts = {str(one["Id"]): one for one in books.everything("Account")}
        items = {
            str(one["Id"]): account
            for one in books.everything("Item")
            if (account := value_of(one, "ExpenseAccountRef"))
        }
        known = {
            str(name)
            for one in accounts.values()
            for name in (one.get("FullyQualifiedName"), one.get("Name"), one["Id"])
        }
        for name in said["accounts"]:
            if name not in known:
                near = did_you_mean(name, known)
                raise ConfigError(
                    f"[source.{ctx.connection}.accounts] speaks of an account {name!r} that QuickBooks does not have.",
                    code="REV-302", hint=f"Did you mean {near}?" if near else "Write it as QuickBooks' chart of accounts does.",
                )  # fmt: skip
        return cls(accounts, items, said, stamp)

    def account_of(self, detail: Record) -> str:
        """The account a line is booked on: its own, or its item's."""
        return value_of(detail, "AccountRef") or self.items.get(value_of(detail, "ItemRef") or "", "")

    def name_of(self, account: str) -> str:
        """The full name of an account."""
        known = self.accounts.get(account, {})
        return str(
            known.get("FullyQualifiedName") or known.get("Name") or account or "an item without an expense account"
        )

    def is_expense(self, account: str) -> bool:
        """Whether an account is one of expenses; one that QuickBooks does not list is taken for one, to be reported."""
        return str(self.accounts.get(account, {}).get("Classification") or "Expense") == "Expense"

    def of_line(self, account: str, detail: Record, record: Record) -> Record | None:
        """What a line is for; None where nothing says its function."""
        if account not in self._found:
            self._found[account] = self._of_account(account)
        parts = [self._found[account]]
        department = (detail.get("DepartmentRef") or record.get("DepartmentRef") or {}).get("name")
        parts.append(_of_name(self.said["departments"], str(department or "")))
        own_class = (detail.get("ClassRef") or record.get("ClassRef") or {}).get("name")
        parts.append(_of_name(self.said["classes"], str(own_class or "")))
        if self._found[account] is None and not self.is_expense(account):
            return None  # a class on the line of a bank account makes it no expense
        meaning: dict[str, Any] = {}
        for part in parts:
            meaning.update(part or {})
        return meaning if meaning.get("function") or meaning.get("ignore") else None

    def _of_account(self, account: str) -> Record | None:
        said = self.said["accounts"]
        known = self.accounts.get(account, {})
        for name in (account, str(known.get("FullyQualifiedName") or "")):
            if found := _of_name(said, name):
                return found
        return said.get(str(known.get("Name") or ""))


def _of_name(said: Mapping[str, Record], name: str) -> Record | None:
    """What is said of a name, or of the nearest one above it."""
    while name:
        if name in said:
            return said[name]
        name = name.rpartition(":")[0]
    return None


def _checked(ctx: Context, table: str) -> dict[str, Record]:
    """One of the tables of the settings. Raises ConfigError REV-302/305."""
    found: dict[str, Record] = {}
    for name, meaning in (ctx.settings.get(table) or {}).items():
        where = f"[source.{ctx.connection}.{table}] {name}"
        if not isinstance(meaning, Mapping):
            raise ConfigError(f'{where} must be a table such as {{ function = "marketing" }}.', code="REV-305")
        for key, value in meaning.items():
            if key not in (*_COLUMNS, "ignore"):
                near = did_you_mean(key, _COLUMNS)
                hint = f"Did you mean {near}?" if near else f"Known: {', '.join(_COLUMNS)}, ignore."
                raise ConfigError(f"{where} has no {key}.", code="REV-302", hint=hint)
            allowed = TABLES["expense"].columns[key].enum if key != "ignore" else ()
            if allowed and value not in allowed:
                raise ConfigError(f"{where}: {key} is one of {', '.join(allowed)}, not {value!r}.", code="REV-305")
        found[str(name)] = dict(meaning)
    return found
