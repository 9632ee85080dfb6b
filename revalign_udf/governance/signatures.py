"""Signatures under definitions: which team agreed to which text, who for it, when.

One line of ``governance/signatures.jsonl`` in the project folder each, only ever added. A signature stands under a text
(its digest) and holds that text, so that a text changed afterwards has lost its signatures, and what every owner team
has signed stays what was signed, whatever becomes of the file it was written in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from revalign_udf.errors import StoreError, UserError, redact
from revalign_udf.governance.audit import user
from revalign_udf.governance.lines import adding, content_of

__all__ = ["SIGNATURES_FILE", "Signature", "add_signature", "digest_of", "read_signatures"]

SIGNATURES_FILE = Path("governance") / "signatures.jsonl"
_NAME = "The list of signatures"


@dataclass(frozen=True, slots=True)
class Signature:
    """One team's yes to one version of a definition. ``when`` is UTC, ISO 8601; ``needed`` the teams that had to sign;
    ``agreed``: it was the last one missing, and the definition is agreed since."""

    name: str
    version: int
    digest: str
    team: str
    who: str
    when: str
    agreed: bool = False
    needed: tuple[str, ...] = ()
    definition: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The stable JSON form, without the text."""
        return {"team": self.team, "who": self.who, "when": self.when}


def digest_of(definition: Mapping[str, Any]) -> str:
    """What a text is known by: all it says, blanks left out.

    >>> digest_of({"name": "nrr", "aliases": ()}) == digest_of({"aliases": [], "name": "nrr", "question": ""})
    True
    """
    said = {key: value for key, value in definition.items() if value not in (None, "", (), [], {})}
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def read_signatures(project_folder: Path) -> list[Signature]:
    """Every signature, oldest first. Raises StoreError REV-801 where a line cannot be read."""
    path = project_folder / SIGNATURES_FILE
    return _read(path, content_of(path, _NAME))


def add_signature(
    project_folder: Path, definition: Mapping[str, Any], team: str, needed: Sequence[str], who: str = ""
) -> Signature:
    """Sign a definition (its name, version and text) for a team, now; ``who`` is the user of the operating system unless
    given. It is agreed with the last of the ``needed`` teams.

    Raises UserError REV-106 for a team that does not own it, one that has signed this text already, and a version that
    has been agreed with another text.
    """
    name, version, digest = str(definition["name"]), int(definition["version"]), digest_of(definition)
    if team not in needed:
        raise UserError(
            f"{team} does not own {name}: {', '.join(needed)}.", code="REV-106", hint="Sign for one of those teams."
        )
    with adding(project_folder / SIGNATURES_FILE, _NAME) as file:
        known = [one for one in _read(project_folder / SIGNATURES_FILE, file.content()) if one.name == name]
        if any(one.agreed and one.version >= version for one in known):
            last = max(one.version for one in known if one.agreed)
            raise UserError(
                f"Version {last} of {name} is agreed already.", code="REV-106", hint=f"Write it as version {last + 1}."
            )
        same = [one for one in known if (one.version, one.digest) == (version, digest)]
        for one in same:
            if one.team == team:
                raise UserError(
                    f"{team} has signed version {version} of {name}: {one.who}, {one.when[:10]}.", code="REV-106"
                )
        made = Signature(
            name, version, digest, team, redact(" ".join(who.split())) or user(),
            datetime.now(UTC).isoformat(timespec="seconds"), set(needed) <= {team, *(one.team for one in same)},
            tuple(needed), dict(definition),
        )  # fmt: skip
        file.add(asdict(made))
    return made


def _read(path: Path, content: bytes) -> list[Signature]:
    found = []
    for place, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        one = _signature(line)
        if one is None:
            raise StoreError(
                f"Line {place} of {SIGNATURES_FILE.as_posix()} cannot be read: nobody can say what is agreed.",
                hint=f"Restore {path} from version control; remove the line if a crash cut it short, and sign again.",
            )
        found.append(one)
    return found


def _signature(line: bytes) -> Signature | None:
    try:
        raw = json.loads(line)
        one = Signature(**{**raw, "needed": tuple(raw["needed"])})
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    texts = (one.name, one.digest, one.team, one.who, one.when, *one.needed)
    kinds = all(isinstance(text, str) for text in texts) and isinstance(one.version, int)
    return one if kinds and isinstance(one.definition, dict) and isinstance(one.agreed, bool) else None
