"""Editing ``[plugins]`` of revalign.toml without touching anything else in it: comments and layout stay.

The text is changed in one place and read again; where the result does not mean exactly what was wanted, nothing is
written, and the person is told which lines to write.
"""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable
from typing import Any

from revalign_udf.errors import ConfigError

__all__ = ["enabled", "pinned"]

_HEADER = re.compile(r"^[ \t]*\[[ \t]*plugins[ \t]*\][ \t]*(?:#.*)?$", re.MULTILINE)
_NEXT = re.compile(r"^[ \t]*\[", re.MULTILINE)


def enabled(text: str, name: str) -> str:
    r"""The settings with a plugin named under ``[plugins] enabled``.

    >>> print(enabled('[plugins]\nenabled = ["a"]  # ours\n', "b"), end="")
    [plugins]
    enabled = ["a", "b"]  # ours

    Raises ConfigError REV-302 where the file is written in a way that cannot be edited safely.
    """

    def wanted(settings: dict[str, Any]) -> None:
        names = settings.setdefault("plugins", {}).setdefault("enabled", [])
        if name not in names:
            names.append(name)

    return _edited(text, wanted, lambda: _array(text, name), f'[plugins]\nenabled = [..., "{name}"]')


def pinned(text: str, name: str, sha256: str) -> str:
    r"""The settings with a drop-in pinned to a hash under ``[plugins] pins``, in place of an older pin.

    >>> print(pinned('[plugins]\nenabled = ["a"]\n', "a", "sha256:12"), end="")
    [plugins]
    pins = { a = "sha256:12" }
    enabled = ["a"]
    """

    def wanted(settings: dict[str, Any]) -> None:
        settings.setdefault("plugins", {}).setdefault("pins", {})[name] = sha256

    return _edited(text, wanted, lambda: _table(text, name, sha256), f'[plugins]\npins = {{ {name} = "{sha256}" }}')


def _edited(text: str, change: Callable[[dict[str, Any]], None], edit: Callable[[], str], lines: str) -> str:
    before = tomllib.loads(text)
    wanted = copy.deepcopy(before)
    change(wanted)
    if wanted == before:
        return text
    try:
        edited = edit()
        good = tomllib.loads(edited) == wanted
    except (tomllib.TOMLDecodeError, ValueError):
        good = False
    if not good:
        raise ConfigError(
            "revalign.toml is written in a way that cannot be edited here without risk.", code="REV-302",
            hint=f"Write into it yourself:\n{lines}",
        )  # fmt: skip
    return edited


def _section(text: str) -> tuple[int, int]:
    """Where the lines of ``[plugins]`` begin and end; both -1 where there is no such section."""
    header = _HEADER.search(text)
    if header is None:
        return -1, -1
    begin = min(header.end() + 1, len(text))
    following = _NEXT.search(text, begin)
    return begin, following.start() if following else len(text)


def _array(text: str, name: str) -> str:
    begin, end = _section(text)
    if begin < 0:
        return _with_section(text, f'enabled = ["{name}"]')
    key = re.compile(r"^[ \t]*enabled[ \t]*=[ \t]*\[", re.MULTILINE).search(text, begin, end)
    if key is None:
        return _with_line(text, begin, f'enabled = ["{name}"]')
    last = _last_string(text, key.end(), "]")
    if last < 0:
        return f'{text[: key.end()]}"{name}"{text[key.end() :]}'
    return f'{text[:last]}, "{name}"{text[last:]}'


def _table(text: str, name: str, sha256: str) -> str:
    entry = f'{name} = "{sha256}"'
    own = re.compile(r"^[ \t]*\[[ \t]*plugins[ \t]*\.[ \t]*pins[ \t]*\][ \t]*(?:#.*)?$", re.MULTILINE).search(text)
    if own:
        begin = min(own.end() + 1, len(text))
        following = _NEXT.search(text, begin)
        end = following.start() if following else len(text)
        line = re.compile(rf'^([ \t]*{re.escape(name)}[ \t]*=[ \t]*)"[^"]*"', re.MULTILINE).search(text, begin, end)
        if line:
            return f'{text[: line.start()]}{line[1]}"{sha256}"{text[line.end() :]}'
        return _with_line(text, begin, entry)
    begin, end = _section(text)
    if begin < 0:
        return _with_section(text, f"pins = {{ {entry} }}")
    key = re.compile(r"^[ \t]*pins[ \t]*=[ \t]*\{", re.MULTILINE).search(text, begin, end)
    if key is None:
        return _with_line(text, begin, f"pins = {{ {entry} }}")
    stop = text.index("}", key.end())
    old = re.compile(rf'(?<![\w-])({re.escape(name)}[ \t]*=[ \t]*)"[^"]*"').search(text, key.end(), stop)
    if old:
        return f'{text[: old.start()]}{old[1]}"{sha256}"{text[old.end() :]}'
    last = _last_string(text, key.end(), "}")
    if last < 0:
        return f"{text[: key.end()]} {entry} {text[stop:]}"
    return f"{text[:last]}, {entry}{text[last:]}"


def _last_string(text: str, begin: int, closing: str) -> int:
    """Right after the last string before a closing bracket; comments are passed over. -1 where there is no string."""
    last, place = -1, begin
    while text[place] != closing:
        if text[place] in "\"'":
            quote = text[place]
            place += 1
            while text[place] != quote:
                place += 2 if text[place] == "\\" and quote == '"' else 1
            last = place + 1
        elif text[place] == "#":
            place = text.index("\n", place)
        place += 1
    return last


def _with_line(text: str, place: int, line: str) -> str:
    before = text[:place]
    return f"{before}{'' if not before or before.endswith(chr(10)) else chr(10)}{line}\n{text[place:]}"


def _with_section(text: str, line: str) -> str:
    gap = "" if not text.strip() else "\n" if text.endswith("\n") else "\n\n"
    return f"{text}{gap}[plugins]\n{line}\n"
