"""What a drop-in says of itself, read from its text: nothing of it is run before somebody has agreed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from revalign_udf.connector import Setting, Spec, http_settings
from revalign_udf.errors import PluginProblem
from revalign_udf.plugins import fingerprint

__all__ = ["Described", "describe"]

#: modules that any plugin uses and that reach nothing outside it
_HARMLESS = frozenset(
    "__future__ abc base64 collections contextlib copy dataclasses datetime decimal enum fractions functools hashlib hmac"
    " itertools json math operator re statistics string textwrap types typing unicodedata uuid zoneinfo revalign_udf".split()
)
_COMPUTED = "(computed when it runs)"


@dataclass(slots=True)
class Described:
    """What stands in a plugin's file."""

    name: str
    origin: str
    sha256: str
    hooks: list[str] = field(default_factory=list)
    connectors: list[dict[str, Any]] = field(default_factory=list)
    """name, version, about, scopes, settings of each"""
    imports: list[str] = field(default_factory=list)
    """modules it uses besides ours and the harmless part of Python's own"""

    def lines(self) -> list[str]:
        """For people."""
        found = [f"plugin     {self.name}", f"from       {self.origin}", f"hash       {self.sha256}"]
        found.append(f"hooks      {', '.join(self.hooks) or 'none'}")
        found.append(f"also uses  {', '.join(self.imports) or 'nothing besides Revalign and plain Python'}")
        for item in self.connectors:
            found.append(f"connector  {item['name']} {item['version']}: {item['about']}")
            found += [f"  grant    {scope}" for scope in item["scopes"]]
            found += [f"  setting  {line}" for line in item["settings"]]
        return found


def describe(path: Path) -> Described:
    """Read a plugin's file. Raises PluginProblem REV-601 for one that cannot be read or is no Python."""
    try:
        source = path.read_bytes()
        tree = ast.parse(source, str(path))
    except (OSError, SyntaxError, ValueError) as error:
        text = f"{path} cannot be read: {error}."
        raise PluginProblem(path.stem, str(path), text, hint="Name a Python file.") from error
    found = Described(path.stem, str(path), fingerprint(source))
    found.hooks = sorted(set(_hooks(tree)))
    found.imports = sorted(_imports(tree) - _HARMLESS)
    found.connectors = [
        _spec(node) for node in ast.walk(tree) if isinstance(node, ast.Call) and _called(node) == "Spec"
    ]
    return found


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _hooks(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            marks = [mark.func if isinstance(mark, ast.Call) else mark for mark in node.decorator_list]
            if any("hookimpl" in (getattr(mark, "id", ""), getattr(mark, "attr", "")) for mark in marks):
                yield node.name


def _imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Call) and _called(node) in ("__import__", "import_module", "exec", "eval", "compile"):
            found.add(f"{_called(node)}()")
    return found - ({"typing_extensions"} if "typing_extensions" not in sys.modules else set())


def _literal(node: ast.expr | None, default: Any = "") -> Any:
    if node is None:
        return default
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return _COMPUTED


def _arguments(node: ast.Call, names: list[str]) -> dict[str, ast.expr]:
    given = dict(zip(names, node.args, strict=False))
    return given | {item.arg: item.value for item in node.keywords if item.arg}


def _spec(node: ast.Call) -> dict[str, Any]:
    given = _arguments(node, [item.name for item in fields(Spec)])
    scopes = _literal(given.get("scopes"), ())
    return {
        "name": str(_literal(given.get("name"))),
        "version": str(_literal(given.get("version"))),
        "about": str(_literal(given.get("about"))),
        "scopes": [str(item) for item in scopes] if isinstance(scopes, tuple | list) else [str(scopes)],
        "settings": list(_settings(given.get("settings"))),
    }


def _settings(node: ast.expr | None) -> Iterator[str]:
    if node is None:
        return
    items = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
    for item in items:
        inner = item.value if isinstance(item, ast.Starred) else item
        if isinstance(inner, ast.Call) and _called(inner) == "http_settings":
            address = _literal(inner.args[0] if inner.args else None)
            for setting in http_settings(str(address)):
                yield f"{setting.name} ({setting.default or setting.kind}): {setting.help}"
        elif isinstance(inner, ast.Call) and _called(inner) == "Setting":
            given = _arguments(inner, [field.name for field in fields(Setting)])
            marks = [str(_literal(given.get("kind"), "text"))]
            marks += ["required"] if _literal(given.get("required"), default=False) else []
            yield f"{_literal(given.get('name'))} ({', '.join(marks)}): {_literal(given.get('help'))}"
        else:
            yield _COMPUTED
