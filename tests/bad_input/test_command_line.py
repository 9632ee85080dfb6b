"""Bad input through the real command line: an exit code, a coded message, and the rest goes on."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from revalign_udf.config import load
from revalign_udf.jobs import build

Run = Callable[..., subprocess.CompletedProcess[str]]


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def report(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    (source,) = json.loads(done.stdout)
    return dict(source)


def test_a_good_project_for_comparison(shop: Path, revalign: Run) -> None:
    assert revalign("pull", "--strict").returncode == 0
    assert revalign("build").returncode == 0
    done = revalign("metric", "mrr", "2026-05", "--json")
    assert (done.returncode, json.loads(done.stdout)["value"]) == (0, 150)


def test_a_missing_folder(shop: Path, revalign: Run) -> None:
    edit(shop, "revalign.toml", '"data"', '"dta"')
    done = revalign("pull")
    assert done.returncode == 1
    assert "REV-501" in done.stdout


def test_a_missing_required_column(shop: Path, revalign: Run) -> None:
    edit(shop, "data/subscription_item_period.csv", "amount", "amont")
    done = revalign("pull", "--json")
    assert done.returncode == 1
    found = report(done)
    assert "REV-502" in str(found["failures"])
    assert "amont" in str(found["failures"])
    assert found["written"] == 4, "the other files load"


def test_wrong_types_and_duplicate_keys(shop: Path, revalign: Run) -> None:
    with (shop / "data" / "subscription_item_period.csv").open("a", encoding="utf-8") as file:
        file.write("i3,s1,soon,1,month\ni4,s1,2026-01-01,much,month\ni1,s1,2026-01-01,7,month\n")
    done = revalign("pull", "--json")
    assert done.returncode == 0, "rows refused are no failure"
    rejects = report(done)["rejects"]
    assert isinstance(rejects, list)
    assert [(r["line"], r["column"], r["value"], r["code"]) for r in rejects] == [
        (4, "valid_from", "soon", "REV-503"), (5, "amount", "much", "REV-503"), (6, "id", "i1", "REV-504"),
    ]  # fmt: skip
    (shop / "data" / "organization.csv").write_text("id,name\n1,\n", encoding="utf-8")
    assert revalign("pull", "--strict").returncode == 1
    build(load(shop))
    assert json.loads(revalign("metric", "mrr", "2026-05", "--json").stdout)["value"] == 150


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("metric", "nnr", "2026-05"), "nrr"),
        (("metric", "mrr", "2026-5x"), "REV-101"),
        (("metric", "mrr", "Jan-26"), "2026-01"),
        (("metric", "mrr", "2026-05", "--where", "segmnt=SMB"), "segment"),
        (("metric", "mrr", "2026-05", "--where", "segment=SMBB"), "SMB"),
    ],
)
@pytest.mark.usefixtures("published")
def test_unknown_names(revalign: Run, arguments: tuple[str, ...], shown: str) -> None:
    done = revalign(*arguments)
    assert done.returncode == 2
    assert "REV-101" in done.stderr
    assert shown in done.stderr


@pytest.mark.parametrize(
    ("text", "code"),
    [("[company\nname = 'x'", "REV-301"), ("[compani]\nname = 'x'", "REV-302"),
     ('[source.x]\nconnector = "csv"\npath = "data"\napi_key = "sk_live_123"', "REV-303")],
)  # fmt: skip
def test_bad_settings(shop: Path, revalign: Run, text: str, code: str) -> None:
    (shop / "revalign.toml").write_text(text, encoding="utf-8")
    done = revalign("pull")
    assert done.returncode == 2
    assert code in done.stderr
    assert "sk_live_123" not in done.stderr


def test_no_project(tmp_path: Path, revalign: Run) -> None:
    done = revalign("pull", project=tmp_path)
    assert (done.returncode, "REV-301" in done.stderr) == (2, True)


def test_bad_plugins_do_not_stop_a_pull(shop: Path, revalign: Run) -> None:
    (shop / "plugins").mkdir()
    (shop / "plugins" / "bad.py").write_text("raise RuntimeError('no luck')", encoding="utf-8")
    (shop / "plugins" / "sample.py").write_text("", encoding="utf-8")
    edit(shop, "revalign.toml", "[source.files]", '[plugins]\nenabled = ["bad", "sample"]\n[source.files]')
    assert revalign("pull").returncode == 0
    done = revalign("plugins", "list")
    assert "REV-601" in done.stdout + done.stderr
    assert "REV-602" in done.stdout + done.stderr
    assert "no luck" in done.stdout + done.stderr


def test_nothing_pulled_nothing_published(shop: Path, revalign: Run) -> None:
    done = revalign("build")
    assert (done.returncode, "REV-205" in done.stderr) == (1, True)
    done = revalign("metric", "mrr", "2026-05", "--json")
    assert json.loads(done.stdout)["status"] == "REV-205"
    assert json.loads(done.stdout)["value"] is None


def test_an_empty_source_has_no_value_and_a_reason(shop: Path, revalign: Run) -> None:
    for path in (shop / "data").iterdir():
        path.write_text(path.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
    assert revalign("pull").returncode == 0
    assert revalign("build").returncode == 0
    for name in ("mrr", "revenue"):
        done = revalign("metric", name, "2026-05", "--json")
        answer = json.loads(done.stdout)
        assert (done.returncode, answer["value"], answer["status"]) == (0, None, "REV-201")


def test_a_damaged_snapshot(published: Path, revalign: Run) -> None:
    (next((published / ".revalign" / "snapshots").glob("2*")) / "movement.parquet").write_bytes(b"")
    done = revalign("metric", "mrr", "2026-05", "--json")
    assert json.loads(done.stdout)["status"] == "REV-207"
    assert revalign("build").returncode == 0
    assert json.loads(revalign("metric", "mrr", "2026-05", "--json").stdout)["value"] == 150
