"""Pictures of the reports as they look, for their READMEs: `poe pictures`.

Builds the sample company in a folder that goes away again, every report as .xlsx, and has LibreOffice draw the one sheet of
each that says most; `workbooks/<report>/preview.png` is that sheet, `workbooks/sheet.png` the synced Google Sheet in a
browser. LibreOffice does not know our functions, so it draws a copy that holds what they answered.

    poe pictures                          all of them
    poe pictures --only funnel            one report (may be repeated)
    poe pictures --all DIR                every sheet as on the screen and every printed page, to look at
    poe pictures --project DIR            from a project that is there, instead of a new sample company
"""

import argparse
import re
import shutil
import subprocess
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import numpy.typing as npt
from nativecopy import plain_copy
from PIL import Image, ImageChops
from playwright.sync_api import sync_playwright
from rendering import convert, render
from reportbooks import ROUTES, Made, make_report
from samplecompany import make_company

from revalign_udf.layout.find import available, packaged
from revalign_udf.localsheets import LocalSheets
from revalign_udf.sheets import SheetTarget, open_spreadsheet, sync_report

__all__ = ["draw_sheet", "main"]

Array = npt.NDArray[Any]

#: the sheet of a report that its picture shows, where it is not the first one of data
SHOWN = {"retention": "cohorts_gross", "saas_metrics": "mrr_bridge"}
#: the report whose synced sheet is shown
SYNCED = "saas_metrics"
ROUTE = ROUTES[-1]
#: of a picture, in pixels and bytes
WIDTH, TALLEST, MARGIN, LARGEST = 1200, 1000, 16, 150_000
_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")
WHITE = 255


def main(given: Sequence[str] | None = None) -> None:
    """Takes the pictures."""
    asked = _asked(given)
    reports = asked.only or available()
    with tempfile.TemporaryDirectory(prefix="pictures-") as scratch:
        company = asked.project or Path(scratch) / "company"
        if not asked.project:
            print("building the sample company ...")
            make_company(company)
        for key in reports:
            folder = Path(scratch) / key
            folder.mkdir()
            make_report(key, company, folder)
            made = Made(key, folder)
            if asked.all:
                print(f"{key}: {_everything(made, asked.all, Path(scratch))} pictures")
            else:
                _tell(draw_sheet(made, _sheet_of(made), packaged() / key / "preview.png", Path(scratch)))
            if key == SYNCED:
                _tell(_draw_synced(made, (asked.all or packaged()) / "sheet.png"))


def _asked(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="poe pictures", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", metavar="REPORT", choices=available(), help="this report")
    parser.add_argument("--all", type=Path, metavar="DIR", help="draw everything, into this folder")
    parser.add_argument("--project", type=Path, metavar="DIR", help="a project with a published snapshot")
    return parser.parse_args(given)


def _tell(path: Path) -> None:
    with Image.open(path) as image:
        print(f"{path}: {image.width} x {image.height}, {path.stat().st_size // 1000} kB")


def _sheet_of(made: Made) -> str:
    names = {tab.key: tab.name for tab in made.report.tabs}
    return names[SHOWN[made.key]] if made.key in SHOWN else next(iter(names.values()))


# --- one sheet ---------------------------------------------------------------------------------------------------------


def draw_sheet(made: Made, sheet: str, to: Path, scratch: Path) -> Path:
    """Draws the first page of a sheet, cut to what stands on it, as a picture for a README."""
    file = _alone(plain_copy(made.path(ROUTE), scratch / "plain.xlsx"), sheet, scratch / "alone.xlsx", _bare)
    page = convert(file, "pdf", scratch, scratch / "profile")
    drawn = scratch / "drawn"
    command = ["pdftoppm", "-r", "220", "-f", "1", "-l", "1", "-singlefile", "-png", str(page), str(drawn)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    with Image.open(drawn.with_suffix(".png")) as image:
        return save(cut(image.convert("RGB")), to)


def cut(image: Image.Image) -> Image.Image:
    """The part of a page that is not white, with a margin, in the width of a README."""
    box = ImageChops.difference(image, Image.new("RGB", image.size, (WHITE,) * 3)).getbbox() or (0, 0, *image.size)
    content = image.crop(box)
    width = WIDTH - 2 * MARGIN
    content = content.crop((0, 0, content.width, _last_gap(content, TALLEST * content.width // width)))
    scaled = content.resize((width, round(content.height * width / content.width)), Image.Resampling.LANCZOS)
    framed = Image.new("RGB", (WIDTH, scaled.height + 2 * MARGIN), (WHITE,) * 3)
    framed.paste(scaled, (MARGIN, MARGIN))
    return framed


def _last_gap(image: Image.Image, limit: int) -> int:
    """Where to cut what is too tall: through the last band of white above the limit, never through a table or a chart."""
    if image.height <= limit:
        return image.height
    white = np.asarray(image.convert("L")).min(axis=1) == WHITE
    gaps = [row for row in range(12, limit) if white[row - 12 : row + 1].all()]
    return gaps[-1] if gaps else limit


def save(image: Image.Image, to: Path) -> Path:
    """Writes a picture with as many colours as its size allows; the same picture gives the same bytes."""
    points, where, counts = np.unique(
        np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0, return_inverse=True, return_counts=True
    )
    for number in (256, 128, 64, 32):
        palette, nearest = _palette(points.astype(np.int64), counts, number)
        packed = Image.fromarray(nearest[where].astype(np.uint8).reshape(image.height, image.width), "P")
        packed.putpalette(palette.astype(np.uint8).tobytes())
        packed.save(to, optimize=True)
        if to.stat().st_size < LARGEST:
            break
    return to


def _palette(points: Array, counts: Array, number: int) -> tuple[Array, Array]:
    """The colours to keep, and for each colour of the picture the place of the nearest one: always the next that leaves
    most pixels farthest from their own colour, so that a few in a strong one count as much as many that are nearly white."""
    kept: list[Array] = []
    far, nearest = np.full(len(points), 1 << 20), np.zeros(len(points), np.int64)
    while len(kept) < min(number, len(points)):
        chosen = points[np.argmax(far * counts)]
        distance = ((points - chosen) ** 2).sum(axis=1)
        nearest[distance < far] = len(kept)
        far = np.minimum(far, distance)
        kept.append(chosen)
    return np.array(kept), nearest


def _alone(file: Path, sheet: str, to: Path, change: Callable[[str], str]) -> Path:
    """A copy in which only one sheet can be seen, its XML changed."""
    with zipfile.ZipFile(file) as package, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as copy:
        root = ET.fromstring(package.read("xl/workbook.xml"))
        sheets = [item for item in root.iter() if item.tag.endswith("}sheet")]
        at = next(number for number, item in enumerate(sheets) if item.get("name") == sheet)
        for number, item in enumerate(sheets):
            item.set("state", "visible" if number == at else "hidden")
        for item in root.iter():
            if item.tag.endswith("}workbookView"):
                item.set("activeTab", str(at))
                item.attrib.pop("firstSheet", None)
            if item.tag.endswith("}definedNames"):  # a hidden sheet that has titles to print is printed
                for other in [name for name in item if name.get("localSheetId") not in (None, str(at))]:
                    item.remove(other)
        for name in package.namelist():
            content = package.read(name)
            if name == "xl/workbook.xml":
                content = ET.tostring(root)
            elif name == f"xl/worksheets/sheet{at + 1}.xml":
                content = change(content.decode()).encode()
            copy.writestr(name, content)
    return to


def _bare(text: str) -> str:
    """On one tall page, without what is printed in its margins."""
    text = re.sub(r"<((?:\w+:)?)(headerFooter|rowBreaks)\b.*?</\1\2>", "", text, flags=re.DOTALL)
    return re.sub(
        r"(<(?:\w+:)?pageSetup) [^>]*?/>",
        r'\1 paperSize="8" fitToWidth="1" fitToHeight="0" orientation="portrait"/>',
        text,
    )


def _screen(text: str) -> str:
    """On a page as large as a screen, at the size it has there."""
    text = re.sub(r'fitToPage="\w+"', 'fitToPage="0"', _bare(text))
    return re.sub(r"(<(?:\w+:)?pageSetup) [^>]*?/>", r'\1 paperSize="8" scale="100" orientation="landscape"/>', text)


# --- to look at --------------------------------------------------------------------------------------------------------


def _everything(made: Made, folder: Path, scratch: Path) -> int:
    """Every printed page, and every sheet at the size of the screen; how many pictures that is."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = plain_copy(made.path(ROUTE), scratch / f"{made.key}.xlsx")
    drawn = [(page, "print") for page in render(plain, scratch / "printed", profile=scratch / "profile", dots=80)]
    for sheet in made.book(ROUTE).worksheets:
        if sheet.sheet_state == "visible":
            name = re.sub(r"\W+", "_", sheet.title)
            file = _alone(plain, sheet.title, scratch / f"{made.key}-{name}.xlsx", _screen)
            pages = render(file, scratch / "screens", profile=scratch / "profile", dots=96)
            drawn += [(page, "screen") for page in pages]
    for page, kind in drawn:
        shutil.move(page, folder / f"{page.stem.replace('-page', f'-{kind}')}.png")
    return len(drawn)


# --- the synced sheet --------------------------------------------------------------------------------------------------


def _draw_synced(made: Made, to: Path) -> Path:
    with LocalSheets() as server, tempfile.TemporaryDirectory() as folder:
        key = server.create(made.report.title)
        with open_spreadsheet(SheetTarget(made.key, key, server.key_file, server.base_url)) as client:
            sync_report(client, made.report)
        page = Path(folder) / "sheet.html"
        with urllib.request.urlopen(f"{server.base_url}/view/{key}") as answer:
            page.write_bytes(answer.read())
        with sync_playwright() as player:
            browser = player.chromium.launch(executable_path=shutil.which("chromium"), args=list(_FLAGS))
            shown = browser.new_page(viewport={"width": 1480, "height": 760})
            shown.goto(page.as_uri())
            shown.screenshot(path=Path(folder) / "sheet.png")
            browser.close()
        with Image.open(Path(folder) / "sheet.png") as image:
            size = (WIDTH, round(image.height * WIDTH / image.width))
            return save(image.convert("RGB").resize(size, Image.Resampling.LANCZOS), to)


if __name__ == "__main__":
    main()
