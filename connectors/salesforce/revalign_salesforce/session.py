"""What one pull knows of an organization: its client, the objects it may read, and what each is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from revalign_salesforce.api import Api
from revalign_salesforce.objects import QUIET
from revalign_salesforce.shapes import Plan, Shape, plan_of
from revalign_udf.connector import Context, Log
from revalign_udf.connector.http import Http, Limits
from revalign_udf.errors import ConfigError

__all__ = ["Session"]

_MODES = ("auto", "always", "never")


@dataclass(slots=True)
class Session:
    """One connection during one pull."""

    ctx: Context
    api: Api
    page_size: int
    queryable: frozenset[str]
    _shapes: dict[str, Shape] = field(default_factory=dict)

    limits: ClassVar[Limits] = Limits(timeout=120)

    @classmethod
    def open(cls, ctx: Context, http: Http) -> Session:
        """Sign in and see what may be read. Raises ConfigError REV-305, Fatal REV-506."""
        size = int(ctx.settings.get("page_size") or 2000)
        mode = str(ctx.settings.get("bulk") or "auto")
        if mode not in _MODES:
            hint = f"Write one of {', '.join(_MODES)}."
            raise ConfigError(f"source.{ctx.connection}.bulk is {mode!r}.", code="REV-305", hint=hint)
        if not 1 <= size <= 2000:
            raise ConfigError(
                f"source.{ctx.connection}.page_size is {size}.", code="REV-305", hint="Write 200 to 2000."
            )
        version = str(ctx.settings.get("api_version") or "").removeprefix("v")
        api = Api(http, version, int(ctx.settings.get("keep_calls") or 0), size)
        objects = api.objects()
        return cls(ctx, api, size, frozenset(name for name, may in objects.items() if may))

    @property
    def lookback(self) -> int:
        """Seconds before the cursor that are read again: a record gets its time when it is written, and shows when its
        transaction ends, which may be ten minutes later.
        """
        return int(self.ctx.settings.get("lookback") or 0)

    def shape(self, name: str) -> Shape:
        """An object as described, asked once."""
        if name not in self._shapes:
            self._shapes[name] = Shape.of(self.api.describe(name))
        return self._shapes[name]

    def plan(self, name: str, needs: Iterable[str], wants: Iterable[str] = (), mapped: Iterable[str] = ()) -> Plan:
        """What to ask of an object: with its custom fields, or those of them that ``custom_fields`` names."""
        shape = self.shape(name)
        only = self.ctx.settings.get("custom_fields")
        custom = shape.custom if only is None else [item for item in shape.custom if item in {str(one) for one in only}]
        return plan_of(shape, needs, wants, mapped, custom=custom, quiet=QUIET)

    def plan_bare(self, name: str, needs: Iterable[str], wants: Iterable[str] = (), mapped: Iterable[str] = ()) -> Plan:
        """What to ask of an object, without its custom fields except those the settings name."""
        return plan_of(self.shape(name), needs, wants, mapped, quiet=QUIET)

    def told(self, name: str, plan: Plan) -> Iterable[Log]:
        """What a person should know of fields that cannot be read."""
        if plan.missing:
            yield Log(
                f"{name}: {', '.join(plan.missing)} cannot be read with these credentials, or do not exist; what they fill"
                " stays empty. Grant read access to them in the permission set.",
                "warning",
            )
        if plan.unmapped:
            yield Log(
                f"{name}: the mapping names {', '.join(plan.unmapped)}, which cannot be read with these credentials or do"
                " not exist. Grant read access, or correct [source.NAME.mapping].",
                "warning",
            )

    def now(self, server: datetime | None) -> datetime:
        """The server's clock; ours only where it did not say."""
        return server or self.ctx.clock()

    def with_currency(self, record: dict[str, Any]) -> Mapping[str, Any]:
        """A record of an organization with one currency says none: the setting does."""
        currency = self.ctx.settings.get("currency")
        if currency and not record.get("CurrencyIsoCode"):
            record["CurrencyIsoCode"] = currency
        return record
