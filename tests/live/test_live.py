"""The sequence on Google's own service, recorded. See README.md."""

import os
from pathlib import Path

import pytest

from revalign_udf.sheets import SheetTarget, open_spreadsheet

from .conftest import KEY_FILE, SHEET
from .recording import Recorder, secrets_of
from .sequence import run

GOLDEN = Path(__file__).parent / "golden" / "sync.json"


@pytest.mark.live
def test_a_short_life_on_a_real_spreadsheet(tmp_path: Path) -> None:
    key_file = Path(os.environ[KEY_FILE]).expanduser()
    with open_spreadsheet(SheetTarget("live", os.environ[SHEET], key_file)) as client:
        recorder = Recorder(client.key, secrets_of(key_file))
        run(client, tmp_path, recorder)
    recorder.save(GOLDEN)
