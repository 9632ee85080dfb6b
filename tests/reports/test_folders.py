"""Each report's folder shows what it is: a picture, and a README that names every sheet."""

import re
from pathlib import Path

from PIL import Image

from revalign_udf.layout import read
from revalign_udf.layout.find import packaged


def test_there_is_a_picture_that_loads_quickly(folder: Path) -> None:
    path = folder / "preview.png"
    assert path.stat().st_size < 150_000
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert 1000 <= image.width <= 1400
        assert 200 <= image.height <= 1100
        colours = image.convert("RGB").getcolors(image.width * image.height)
    assert len(colours or []) > 20, "an empty page"


def test_its_readme_shows_the_picture_and_names_every_sheet(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert re.search(r"!\[[^\]]{10,}\]\(preview\.png\)", text), "the picture, with what it shows in words"
    rows = re.findall(r"^\|\s*([^|]+?)\s*\|", text, re.MULTILINE)
    names = [tab.name for tab in read(folder / "layout.toml").tabs]
    assert rows[: len(names) + 2] == ["sheet", rows[1], *names]
    assert set(rows[1]) <= set("-:")


def test_its_title_is_that_of_the_layout(folder: Path) -> None:
    first = (folder / "README.md").read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# {read(folder / 'layout.toml').title}"


def test_the_folder_of_reports_lists_them_all(folder: Path) -> None:
    text = (packaged() / "README.md").read_text(encoding="utf-8")
    assert f"[{folder.name}]({folder.name})" in text
