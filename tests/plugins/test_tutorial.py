"""The tutorial works as it stands: every block is written or run, in its order, in an empty folder."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import command

from revalign_udf.testing import Vendor, drop_in

TUTORIAL = Path(__file__).parents[2] / "plugins" / "TUTORIAL.md"
BLOCK = re.compile(r"^```(\w+) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILLED = 60


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORCHARD_KEY", "orchard-key-0815")
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


class Reader:
    """Does what the page says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vendor: Vendor | None = None
        self.commands = 0

    def block(self, kind: str, name: str, text: str) -> None:
        if kind == "console":
            for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                self.run(*step.splitlines())
        elif name == "revalign.toml":
            self.write(name, "\n" + text.replace("http://127.0.0.1:PORT", self.served()))
        else:
            assert name, f"a block of {kind} without a file"
            self.write(name, text)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        gap = "" if not before or name.endswith(".toml") else "\n" if text.startswith(" ") else "\n\n"
        path.write_text(before + gap + text, encoding="utf-8")

    def run(self, line: str, *shown: str) -> None:
        words = shlex.split(line)
        assert words[0] == "revalign"
        done = command(*words[1:])
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        for text in shown:
            assert text in done.stdout + done.stderr, f"{line}\n{done.stdout}\n{done.stderr}"
        self.commands += 1

    def served(self) -> str:
        """The fake, as the other terminal would run it."""
        module = drop_in(self.folder / "plugins" / "tests" / "vendor_orchard.py")
        vendor: Vendor = module.OrchardVendor()
        vendor.fill(FILLED)
        self.vendor = vendor
        return vendor.api.base_url


@pytest.fixture
def reader(project: Path) -> Iterator[Reader]:
    found = Reader(project)
    yield found
    if found.vendor is not None:
        found.vendor.close()


def test_every_block_of_the_tutorial(reader: Reader) -> None:
    text = TUTORIAL.read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    assert len(blocks) == text.count("```") // 2
    for kind, name, content in blocks:
        reader.block(kind, name, content)
    assert reader.commands == 12
