"""Workbooks through LibreOffice: saved in another format, or drawn as the pages a printer would get."""

import re
import subprocess
from pathlib import Path

from tools import program

__all__ = ["convert", "render"]


def convert(file: Path, kind: str, folder: Path, profile: Path | None = None) -> Path:
    """The file saved by LibreOffice as ``kind`` (``pdf``, ``xlsx``) in a folder.

    ``profile`` is a folder of LibreOffice's own, which a second call finds made already; two calls at the same time
    need two of them.
    """
    home = (profile or folder / "profile").resolve().as_uri()
    command = [program("soffice", "libreoffice"), "--headless", f"-env:UserInstallation={home}"]
    done = subprocess.run(
        [*command, "--convert-to", kind, "--outdir", str(folder), str(file)],
        check=False, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    made = folder / f"{file.stem}.{kind.partition(':')[0]}"
    assert done.returncode == 0, done.stderr
    assert made.is_file(), f"LibreOffice cannot open {file.name}: {done.stdout}{done.stderr}"
    return made


def render(file: Path, folder: Path, *, profile: Path | None = None, dots: int = 70) -> list[Path]:
    """A picture of each printed page of a workbook, ``dots`` to the inch, in order."""
    folder.mkdir(parents=True, exist_ok=True)
    page = convert(file, "pdf", folder, profile)
    command = [program("pdftoppm"), "-r", str(dots), "-png", str(page), str(folder / f"{file.stem}-page")]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    found = folder.glob(f"{file.stem}-page-*.png")
    return sorted(found, key=lambda path: int(re.findall(r"\d+", path.stem)[-1]))
