"""How a drawn page becomes a picture: cut to what stands on it, between two blocks, in few colours that still tell apart."""

from pathlib import Path

import pytest
from pictures import LARGEST, MARGIN, TALLEST, WIDTH, cut, main, save
from PIL import Image, ImageDraw


def page(*boxes: tuple[int, int, int, int], size: tuple[int, int] = (2400, 4000)) -> Image.Image:
    drawn = Image.new("RGB", size, "white")
    for box in boxes:
        ImageDraw.Draw(drawn).rectangle(box, fill="#0B3C5D")
    return drawn


def test_white_around_is_cut_off() -> None:
    made = cut(page((100, 200, 1267, 783)))  # 1168 x 584, exactly as wide as the picture without its margins
    assert made.size == (WIDTH, 584 + 2 * MARGIN)
    assert made.getpixel((MARGIN - 1, MARGIN)) == (255, 255, 255)
    assert made.getpixel((MARGIN, MARGIN)) == (11, 60, 93)
    assert made.getpixel((WIDTH - MARGIN - 1, 584 + MARGIN - 1)) == (11, 60, 93)


def test_what_is_too_tall_ends_between_two_blocks() -> None:
    made = cut(page((0, 0, 1167, 599), (0, 700, 3, 1500), (0, 1600, 1167, 1700), size=(1168, 1800)))
    assert TALLEST == 1000
    assert 600 < made.height - 2 * MARGIN <= 700, "even a thin line is no gap"


def test_few_colours_keep_a_rare_strong_one(tmp_path: Path) -> None:
    drawn = Image.linear_gradient("L").resize((600, 600)).convert("RGB")
    ImageDraw.Draw(drawn).rectangle((10, 10, 19, 19), fill="#E69F00")
    ImageDraw.Draw(drawn).line((0, 300, 599, 300), fill="#DDE3E8")
    first, second = save(drawn, tmp_path / "a.png"), save(drawn, tmp_path / "b.png")
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_size < LARGEST
    with Image.open(first) as image:
        assert image.mode == "P"
        seen = image.convert("RGB")
    assert seen.getpixel((15, 15)) == (0xE6, 0x9F, 0)
    assert seen.getpixel((300, 300)) == (0xDD, 0xE3, 0xE8)


def test_help_says_what_it_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("--only", "--all", "--project", "preview.png"))
