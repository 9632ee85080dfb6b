"""Which lines of which modules some names need, and those lines as modules of another package.

Top-level statements are followed from name to name, through imports. What nothing needs is left out line by line; what
stays is the source as it stands, with its comments, and only imports are written anew. So there is one source of truth,
and whoever reads the file reads what the tests have run.

A name is followed wherever it is mentioned, so a little too much may stay; too little cannot, unless code looks names up
by text, which no module here does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from revalign_udf.errors import InternalError

__all__ = ["Bundle", "bundle"]

_HOME = "revalign_udf"
#: module of the standard library -> what the bundle takes instead
Replaced = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Target:
    """What an imported name stands for: ``name`` of a module, or the module itself."""

    module: str
    name: str | None = None


@dataclass(eq=False)
class _Statement:
    """A top-level statement and its lines, from the comments above it."""

    node: ast.stmt
    first: int
    last: int


@dataclass
class _Module:
    """A source file: its statements and imports by the name they bind."""

    name: str
    tree: ast.Module
    lines: list[str]
    replaced: Replaced
    statements: dict[str, _Statement] = field(default_factory=dict)
    imports: dict[str, tuple[ast.Import | ast.ImportFrom, ast.alias]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        above = 0
        for node in self.tree.body:
            last = node.end_lineno or node.lineno
            if isinstance(node, ast.Import | ast.ImportFrom):
                for alias in node.names:
                    self.imports[(alias.asname or alias.name).split(".")[0]] = (node, alias)
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                pass  # a text: the module's docstring, or one below a name
            elif names := _bound(node):
                statement = _Statement(node, self._above(node, above), last)
                self.statements |= dict.fromkeys(names, statement)
            elif not _for_types_only(node):
                raise InternalError(f"{self.name}, line {node.lineno}: a bundle cannot hold this statement.")
            above = last

    def _above(self, node: ast.stmt, floor: int) -> int:
        """The first line of the comments and decorators right above a statement."""
        decorators: list[ast.expr] = getattr(node, "decorator_list", [])
        line = min([node.lineno, *(decorator.lineno for decorator in decorators)])
        while line - 1 > floor and self.lines[line - 2].startswith("#"):
            line -= 1
        return line

    def target(self, node: ast.Import | ast.ImportFrom, alias: ast.alias) -> _Target | None:
        """What an import of ours stands for; None for one of the standard library."""
        if isinstance(node, ast.Import):
            if alias.name.startswith(_HOME):
                raise InternalError(f"{self.name}: write `from {_HOME} import` instead of `import {alias.name}`.")
            return None
        module = self.replaced.get(node.module or "", node.module or "")
        if self.name in self.replaced.values():
            module = node.module or ""
        if module.split(".")[0] != _HOME:
            return None
        inner = f"{module}.{alias.name}"
        return _Target(inner) if _is_module(inner) else _Target(module, alias.name)


def _bound(node: ast.stmt) -> tuple[str, ...]:
    """The names a statement binds."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return (node.name,)
    if isinstance(node, ast.Assign):
        return tuple(
            inner.id for target in node.targets for inner in ast.walk(target)
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store)
        )  # fmt: skip
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return (node.target.id,)
    return ()


def _for_types_only(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _origin(name: str) -> Path | None:
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec and spec.origin else None


def _is_module(name: str) -> bool:
    return _origin(name) is not None


@dataclass
class Bundle:
    """Modules of a package of its own, each before those that import it: ``texts`` by name."""

    package: str
    replaced: Replaced
    _read: dict[str, _Module] = field(default_factory=dict)
    _kept: dict[tuple[str, str], None] = field(default_factory=dict)

    def need(self, module: str, name: str) -> None:
        """Keep a name of a module, and whatever it needs."""
        todo = [(module, name)]
        while todo:
            key = todo.pop()
            if key in self._kept:
                continue
            found = self._module(key[0])
            if key[1] in found.statements:
                self._kept[key] = None
                todo.extend(self._mentioned(found, found.statements[key[1]].node))
            elif key[1] in found.imports:
                self._kept[key] = None
                target = found.target(*found.imports[key[1]])
                if target is not None and target.name is not None:
                    todo.append((target.module, target.name))

    def _module(self, name: str) -> _Module:
        if name not in self._read:
            origin = _origin(name)
            if origin is None:
                raise InternalError(f"There is no module {name}.")
            text = origin.read_text(encoding="utf-8")
            self._read[name] = _Module(name, ast.parse(text), text.splitlines(), self.replaced)
        return self._read[name]

    def _mentioned(self, module: _Module, node: ast.stmt) -> Iterator[tuple[str, str]]:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name):
                yield module.name, inner.id
            elif isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name):
                bound = module.imports.get(inner.value.id)
                target = module.target(*bound) if bound else None
                if target is not None and target.name is None:
                    yield target.module, inner.attr
            elif isinstance(inner, ast.ImportFrom):
                for alias in inner.names:
                    target = module.target(inner, alias)
                    if target is not None and target.name is not None:
                        yield target.module, target.name

    # --- as text -------------------------------------------------------------------------------------------------------

    @cached_property
    def texts(self) -> dict[str, str]:
        """The source of every module by its new name, in the order in which they can be run."""
        names = list(dict.fromkeys(module for module, _ in self._kept))
        ordered: dict[str, None] = {}
        for name in sorted(names):
            self._before(name, names, ordered, ())
        return {self.renamed(name): self._text(self._read[name]) for name in ordered}

    def renamed(self, name: str) -> str:
        """A module's name in the bundle; those of this folder lie at the top.

        >>> Bundle("revalign_lite", {}).renamed("revalign_udf.calc.ratios")
        'revalign_lite.calc.ratios'
        """
        inner = name.removeprefix(f"{_HOME}.").removeprefix("excel.lite.")
        return f"{self.package}.{inner}"

    def _before(self, name: str, names: list[str], ordered: dict[str, None], open_: tuple[str, ...]) -> None:
        if name in open_:
            raise InternalError(f"Modules import each other: {' > '.join((*open_, name))}.")
        if name in ordered:
            return
        for other in self._imported(self._read[name]):
            if other in names:
                self._before(other, names, ordered, (*open_, name))
        ordered[name] = None

    def _imported(self, module: _Module) -> list[str]:
        found = [
            target.module
            for bound, (node, alias) in module.imports.items()
            if (module.name, bound) in self._kept and (target := module.target(node, alias))
        ]
        return sorted(set(found))

    def _text(self, module: _Module) -> str:
        kept = {id(found): found for name, found in module.statements.items() if (module.name, name) in self._kept}
        parts = ["from __future__ import annotations", "\n".join(self._imports(module))]
        if text := ast.get_docstring(module.tree, clean=False):
            parts.insert(0, f'"""{text.rstrip()}\n"""' if "\n" in text else f'"""{text}"""')
        for found in kept.values():
            gap = "\n" if isinstance(found.node, ast.FunctionDef | ast.ClassDef) else ""
            parts.append(gap + "\n".join(self._lines(module, found)))
        return "\n\n".join(part for part in parts if part) + "\n"

    def _imports(self, module: _Module) -> list[str]:
        found: dict[int, str] = {}
        for bound, (node, _) in module.imports.items():
            if (module.name, bound) in self._kept and node.lineno not in found:
                found[node.lineno] = self._import(module, node)
        return [text for text in found.values() if text]

    def _import(self, module: _Module, node: ast.Import | ast.ImportFrom, *, inside: bool = False) -> str:
        """An import with the names that are there, under the modules' new names."""
        if isinstance(node, ast.Import):
            names = [
                alias for alias in node.names if (module.name, (alias.asname or alias.name).split(".")[0]) in self._kept
            ]
            return ast.unparse(ast.Import(names or node.names))
        homes: dict[str, list[ast.alias]] = {}
        for alias in node.names:
            if not inside and (module.name, alias.asname or alias.name) not in self._kept:
                continue
            target = module.target(node, alias)
            if target is None:
                homes.setdefault(node.module or "", []).append(alias)
            elif target.name is not None or self._holds(target.module):
                home = target.module if target.name is not None else target.module.rpartition(".")[0]
                homes.setdefault(self._package(home), []).append(alias)
        return "\n".join(ast.unparse(ast.ImportFrom(home, names, 0)) for home, names in homes.items())

    def _package(self, home: str) -> str:
        return self.package if home == _HOME else self.renamed(home)

    def _holds(self, module: str) -> bool:
        return any(name == module for name, _ in self._kept)

    def _lines(self, module: _Module, found: _Statement) -> Iterable[str]:
        lines = module.lines[found.first - 1 : found.last]
        inner = [node for node in ast.walk(found.node) if isinstance(node, ast.ImportFrom)]
        for node in sorted(inner, key=lambda item: -item.lineno):
            start, end = node.lineno - found.first, (node.end_lineno or node.lineno) - found.first
            indent = " " * node.col_offset
            text = self._import(module, node, inside=True) or "pass"
            lines[start : end + 1] = [indent + line for line in text.splitlines()]
        return lines


def bundle(roots: Iterable[tuple[str, str]], package: str, replaced: Replaced | None = None) -> Bundle:
    """The modules that (module, name) pairs need, as a package of its own. Same modules, same texts."""
    found = Bundle(package, replaced or {})
    for module, name in roots:
        found.need(module, name)
    return found
