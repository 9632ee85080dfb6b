"""The repository is what its documents say: workspace members, dependency groups, extras, contracts, top level."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "pyproject.toml", "revalign_udf", "connectors", "plugins", "workbooks", "tests", "README.md", "LICENSE", "CHANGELOG.md",
}  # fmt: skip


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def connectors() -> list[str]:
    return sorted(path.name for path in (ROOT / "connectors").iterdir() if (path / "pyproject.toml").is_file())


def test_every_connector_is_in_the_dev_group_the_extras_the_sources_and_the_contracts(settings: dict[str, Any]) -> None:
    names = connectors()
    assert names
    group = {item for item in settings["dependency-groups"]["dev"] if item.startswith("revalign-")}
    assert group == {f"revalign-{name}" for name in names}
    extras = settings["project"]["optional-dependencies"]
    assert {item for item in extras["all"] if item.startswith("revalign-")} == group
    assert {name: extras[name] for name in names} == {name: [f"revalign-{name}"] for name in names}
    assert set(settings["tool"]["uv"]["sources"]) == group | {"revalign-udf"}
    modules = {f"revalign_{name}" for name in names}
    contracts = {contract["name"]: contract for contract in settings["tool"]["importlinter"]["contracts"]}
    assert set(settings["tool"]["importlinter"]["root_packages"]) == modules | {"revalign_udf"}
    assert set(contracts["the core does not know the connectors"]["forbidden_modules"]) == modules
    assert set(contracts["connectors know only the contract"]["source_modules"]) == modules


def test_each_connector_is_named_after_its_folder_and_explains_itself() -> None:
    for name in connectors():
        own = tomllib.loads((ROOT / "connectors" / name / "pyproject.toml").read_text(encoding="utf-8"))
        assert own["project"]["name"] == f"revalign-{name}"
        assert own["project"]["entry-points"]["revalign_udf"] == {name: f"revalign_{name}"}
        assert len((ROOT / "connectors" / name / "README.md").read_text(encoding="utf-8")) > 300


def test_nothing_else_stands_at_the_top() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    top = {line.split("/")[0] for line in tracked.stdout.splitlines()}
    assert {name for name in top if not name.startswith(".")} <= ALLOWED
    assert "uv.lock" not in top


@pytest.mark.parametrize("folder", ["revalign_udf", "connectors", "plugins", "workbooks", "tests"])
def test_each_folder_explains_itself(folder: str) -> None:
    assert len((ROOT / folder / "README.md").read_text(encoding="utf-8")) > 300


def test_every_dependency_has_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = text[text.index("dependencies = [") : text.index("]\n", text.index("dependencies = ["))]
    lines = [line for line in block.splitlines()[1:] if line.strip()]
    assert all("#" in line for line in lines), [line for line in lines if "#" not in line]


def test_modules_stay_small() -> None:
    large = {
        str(path.relative_to(ROOT)): count
        for path in [*(ROOT / "revalign_udf").rglob("*.py"), *(ROOT / "connectors").rglob("*.py")]
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 600
    }
    assert large == {}


def test_functions_import_nothing_heavy() -> None:
    script = (
        "import sys; import revalign_udf, revalign_udf.functions;"
        "print([m for m in ('pandas', 'numpy', 'duckdb', 'pyarrow', 'xlwings') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_errors_in_the_code_are_declared() -> None:
    import re

    from revalign_udf.errors import CODES

    used = {
        code
        for path in (ROOT / "revalign_udf").rglob("*.py")
        for code in re.findall(r"REV-\d{3}", path.read_text(encoding="utf-8"))
    }
    assert used <= set(CODES), used - set(CODES)


def test_the_formulas_of_the_readme_answer_what_it_says() -> None:
    import re
    import shlex

    from revalign_udf.functions import call_cell

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"uv run revalign call (REVALIGN\.\w+ .*?)#.*?(\d+)$", text, re.MULTILINE)
    assert len(lines) == 2
    for command, shown in lines:
        name, *arguments = shlex.split(command)
        values = [json.loads(item) if re.match(r"[\[\d]", item) else item for item in arguments]
        assert call_cell(name, values) == {"cell": float(shown)}
