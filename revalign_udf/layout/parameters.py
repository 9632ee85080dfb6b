"""Parameters of a report: what a reader chooses on the cover, written ``$key`` wherever the layout asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from revalign_udf.errors import RevalignError, did_you_mean
from revalign_udf.layout.ask import Ask
from revalign_udf.layout.fields import Fields
from revalign_udf.layout.model import Name, Parameter
from revalign_udf.layout.plan import Layout, ParameterPlan
from revalign_udf.periods import parse_period

__all__ = ["MARK", "Chosen", "read_parameters", "refuse_unknown", "used"]

#: what stands before a parameter's key
MARK = "$"
#: kinds of names that are periods
_PERIODS = frozenset({
    "periods", "months", "quarters", "years", "fiscal_months", "fiscal_quarters", "fiscal_years", "closed",
})  # fmt: skip


def used(text: str) -> str:
    """The key of the parameter a text asks for; empty for a text that means itself.

    >>> used("$month"), used("LTM")
    ('month', '')
    """
    return text[len(MARK) :] if text.startswith(MARK) else ""


def read_parameters(fields: Fields) -> tuple[ParameterPlan, ...]:
    """The ``[[parameter]]`` tables of a layout."""
    found = list[ParameterPlan]()
    for table in fields.tables("parameter"):
        key = table.key()
        choices = table.text("choices").casefold()
        period = choices in _PERIODS
        plan = ParameterPlan(
            key, table.text("title", key.replace("_", " ").capitalize()), choices, table.text("value", None if period else ""),
            table.text("about", ""), table.place, period,
        )  # fmt: skip
        table.done()
        if any(plan.key == other.key for other in found):
            raise table.problem(f'two parameters named "{key}".')
        found.append(plan)
    return tuple(found)


def refuse_unknown(layout: Layout) -> None:
    """Refuses a layout that asks for a parameter it does not have, or for one of the wrong sort, and one that has a
    parameter nothing asks for. Raises SurfaceError REV-701."""
    known = {plan.key: plan for plan in layout.parameters}
    asked = set[str]()
    for tab in layout.tabs:
        for block in tab.blocks:
            texts: list[tuple[str, str, bool | None]] = [("period", block.first, True)]
            texts += [("where", value, False) for metric in block.metrics for value in metric.where.values()]
            texts += [
                ("arguments", one, None) for call in block.calls for one in call.arguments if isinstance(one, str)
            ]
            for key, text, period in texts:
                if name := used(text):
                    _check(Fields({}, layout.path, block.place), name, known, key, period=period)
                    asked.add(name)
    for plan in layout.parameters:
        if plan.key not in asked:
            hint = f'Write where = {{ dimension = "{MARK}{plan.key}" }}, or period = "{MARK}{plan.key}".'
            raise Fields({}, layout.path, plan.place).problem("nothing in the report asks for it.", hint=hint)


def _check(fields: Fields, name: str, known: Mapping[str, ParameterPlan], key: str, *, period: bool | None) -> None:
    if name not in known:
        near = did_you_mean(name, known)
        hint = f"Did you mean {MARK}{near}?" if near else f'Declare it: [[parameter]] with key = "{name}".'
        raise fields.problem(f'no parameter "{name}" in this report.', key, hint)
    if period is not None and known[name].period is not period:
        said = "holds a period, which is no value of a filter" if known[name].period else "holds no period"
        raise fields.problem(f'the parameter "{name}" {said}.', key)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The parameters of a report with the values they have while it is made."""

    parameters: Mapping[str, Parameter]

    @classmethod
    def of(cls, layout: Layout, ask: Ask) -> Chosen:
        """The defaults of the layout, relative periods spelled out as of the snapshot's day.

        Raises SurfaceError REV-701 for a kind of choices nobody knows and for a value that is none of them.
        """
        found = {}
        for plan in layout.parameters:
            fields = Fields({}, layout.path, plan.place)
            try:
                listed = tuple(ask.names(plan.choices))
                value = str(parse_period(plan.value, ask.as_of, ask.calendar)) if plan.period else plan.value
            except RevalignError as error:
                raise fields.problem(error.message, "", error.hint) from None
            if value and not plan.period and value not in listed:
                near = did_you_mean(value, listed)
                raise fields.problem(f"no {plan.choices} {value!r}.", "value", f"Did you mean {near}?" if near else "")
            found[plan.key] = Parameter(plan.key, plan.title, value, plan.choices, listed, plan.about)
        return cls(found)

    def value(self, text: str) -> str:
        """A text, or what the parameter it asks for holds."""
        return self.parameters[used(text)].value if used(text) else text

    def name(self, text: str) -> Name | None:
        """The parameter a text asks for."""
        return Name(used(text)) if used(text) else None

    def where(self, where: Mapping[str, str]) -> dict[str, str]:
        """Filters with the values they have now; a parameter that is empty filters nothing."""
        return {name: value for name, text in where.items() if (value := self.value(text))}
