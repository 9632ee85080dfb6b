"""Strict reading of one table of a TOML file: known keys only, the right kind each, every complaint with its place."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from revalign_udf.errors import SurfaceError, did_you_mean
from revalign_udf.layout import formats

__all__ = ["Fields", "slug"]

#: keys of columns, blocks and tabs become defined names and metadata keys, so they stay plain
_KEY = re.compile(r"[a-z][a-z0-9_]*")


def slug(text: str) -> str:
    """A key made of a text: ``"Mid-Market"`` -> ``mid_market``."""
    return re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")


class Fields:
    """One table of a layout file. Ask for every key it may hold, then call :meth:`done`."""

    def __init__(self, values: Mapping[str, Any], file: Path, place: str = "") -> None:
        self.file, self.place = file, place
        self._values, self._asked = values, set[str]()

    def problem(self, message: str, key: str = "", hint: str = "") -> SurfaceError:
        """The error that names the file and the place in it."""
        place = ".".join(part for part in (self.place, key) if part)
        return SurfaceError(f"{self.file}: {place + ': ' if place else ''}{message}", code="REV-701", hint=hint)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def any(self, key: str) -> Any:
        """The raw value, or None."""
        self._asked.add(key)
        return self._values.get(key)

    def text(self, key: str, default: str | None = None) -> str:
        """A text; without a default it must stand there and not be empty."""
        value = self.any(key)
        if value is None and default is not None:
            return default
        if value is None:
            raise self.problem(f'"{key}" is missing.', hint=f'Add {key} = "...".')
        if not isinstance(value, str) or (default is None and not value.strip()):
            raise self.problem(f"must be a text, not {value!r}.", key)
        return value.strip()

    def key(self, key: str = "key", default: str | None = None) -> str:
        """A text of small letters, digits and underscores that begins with a letter."""
        value = self.text(key, default)
        if not _KEY.fullmatch(value):
            hint = f'Use {slug(value)!r}, for instance; "title" may hold any text.' if _KEY.match(slug(value)) else ""
            raise self.problem(f"{value!r} is no key: a-z, 0-9 and _ only, a letter first.", key, hint)
        return value

    def choice(self, key: str, known: Sequence[str], default: str | None = None) -> str:
        """One of a few words."""
        value = self.text(key, default)
        return value if value == default else self.one_of(value, known, key)

    def one_of(self, value: str, known: Sequence[str], key: str) -> str:
        """A word that must be one of a few."""
        if value not in known:
            near = did_you_mean(value, known)
            hint = f"Did you mean {near}?" if near else f"Use one of {', '.join(known)}."
            raise self.problem(f"there is no {key} {value!r}.", key, hint)
        return value

    def whole(self, key: str, low: int, high: int, default: int | None = None) -> int | None:
        """A whole number within bounds, or nothing."""
        value = self.any(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.problem(f"must be a whole number from {low} to {high}, not {value!r}.", key)
        return value

    def decimals(self, default: int | None = None) -> int | None:
        """How many decimals to show: 0 to 6, or nothing."""
        return self.whole("decimals", 0, 6, default)

    def number(self, key: str) -> float | None:
        """A number, or nothing."""
        value = self.any(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.problem(f"must be a number, not {value!r}.", key)
        return float(value)

    def flag(self, key: str) -> bool:
        """True or false; false when it is left out."""
        value = self.any(key)
        if value is not None and not isinstance(value, bool):
            raise self.problem(f"must be true or false, not {value!r}.", key)
        return bool(value)

    def pattern(self, key: str = "format") -> str:
        """A number-format pattern that Excel and Google Sheets both read; empty when it is left out."""
        value = self.any(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.problem(f"must be a text, not {value!r}.", key, 'Write format = "#,##0.0".')
        said, hint = formats.fault(value)
        if said:
            raise self.problem(f"{value!r}: {said}.", key, hint)
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of texts that holds at least one."""
        value = self.any(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise self.problem(f"must be a list of texts, not {value!r}.", key)
        return tuple(value)

    def scalars(self, key: str) -> tuple[str | int | float | bool, ...]:
        """A list of texts, numbers and truth values, which may be left out."""
        value = self.any(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str | int | float) for item in value):
            raise self.problem(f"must be a list of texts and numbers, not {value!r}.", key)
        return tuple(value)

    def where(self, key: str = "where") -> dict[str, str]:
        """Filters: dimension -> value. A whole number stands for its text (``cohort = 2026``)."""
        value = self.any(key)
        if value is None:
            return {}
        wanted = value.values() if isinstance(value, dict) else [None]
        if any(isinstance(item, bool) or not isinstance(item, str | int) for item in wanted):
            raise self.problem('must be a table of dimension = "value".', key, 'Write where = { segment = "SMB" }.')
        return {name: str(item) for name, item in value.items()}

    def tables(self, key: str, *, required: bool = False) -> list[Fields]:
        """The tables of ``[[key]]``, each knowing its place (by its own key where it has one)."""
        value = self.any(key)
        if value is None and not required:
            return []
        if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
            raise self.problem(f'there is no "[[{".".join((*self._path(), key))}]]".')
        found = []
        for number, item in enumerate(value, start=1):
            name = item.get("key")
            label = f"{key}[{name if isinstance(name, str) and name else number}]"
            found.append(Fields(item, self.file, ".".join(part for part in (self.place, label) if part)))
        return found

    def _path(self) -> Sequence[str]:
        return re.findall(r"(\w+)\[", self.place)

    def done(self) -> None:
        """Complains about a key nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                near = did_you_mean(key, self._asked)
                hint = f"Did you mean {near}?" if near else f"Known here: {', '.join(sorted(self._asked))}."
                raise self.problem(f'unknown key "{key}".', hint=hint)
