"""Problems as one message that can be read on a telephone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from revalign_udf.errors import redact

__all__ = ["Notice", "digest", "distinct", "headline"]

_SHOWN, _LENGTH = 20, 400
#: kind -> how its lines begin
_BEGINS = {"failure": "", "breach": "Agreement ", "guard": "Held back: "}


@dataclass(frozen=True, slots=True)
class Notice:
    """One problem people are told of. ``kind`` is one of :data:`revalign_udf.config.ALERT_KINDS`.

    The text must stay the same while the problem does: another text is another problem, and is told anew.
    """

    kind: str
    text: str

    @property
    def line(self) -> str:
        """The problem on one line, without secrets."""
        return " ".join(redact(_BEGINS[self.kind] + self.text).split())


def distinct(notices: Iterable[Notice]) -> tuple[str, ...]:
    """Each problem once, failures first, then agreements, then what was held back."""
    order = list(_BEGINS)
    return tuple(dict.fromkeys(notice.line for notice in sorted(notices, key=lambda notice: order.index(notice.kind))))


def headline(lines: Sequence[str], name: str = "") -> str:
    """What a message is about, in one line.

    >>> headline(["a", "b"], "Sample Software"), headline([])
    ('Revalign, Sample Software: 2 problems', 'Revalign: no problems any more')
    """
    count = f"{len(lines)} {'problem' if len(lines) == 1 else 'problems'}" if lines else "no problems any more"
    whose = " ".join(name.split())
    return f"Revalign{', ' + whose if whose else ''}: {count}"


def digest(lines: Sequence[str], name: str = "") -> str:
    """Problems (of a company) as one message; the longest are cut, of many the first are shown.

    >>> print(digest(["crm: REV-506 refused", "sheet board: REV-702"]))
    Revalign: 2 problems
    - crm: REV-506 refused
    - sheet board: REV-702
    """
    shown = [f"- {text if len(text) <= _LENGTH else text[:_LENGTH] + ' ...'}" for text in lines[:_SHOWN]]
    rest = [f"and {len(lines) - _SHOWN} more: revalign doctor"] if len(lines) > _SHOWN else []
    return "\n".join([headline(lines, name), *shown, *rest])
