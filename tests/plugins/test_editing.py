"""revalign.toml is edited in one place; comments, order and layout stay, and what cannot be edited safely is refused."""

import tomllib

import pytest

from revalign_udf.cli.plugins.editing import enabled, pinned
from revalign_udf.errors import ConfigError

HASH = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[plugins]\nenabled = ["new"]\n'),
        ('[company]\nname = "A"', '[company]\nname = "A"\n\n[plugins]\nenabled = ["new"]\n'),
        ("[plugins]", '[plugins]\nenabled = ["new"]\n'),
        ('[plugins] # ours\nfolder = "p"\n', '[plugins] # ours\nenabled = ["new"]\nfolder = "p"\n'),
        ("[plugins]\nenabled = []\n", '[plugins]\nenabled = ["new"]\n'),
        ('[plugins]\nenabled = ["a"]\n', '[plugins]\nenabled = ["a", "new"]\n'),
        ("[plugins]\nenabled = ['a',]\n", "[plugins]\nenabled = ['a', \"new\",]\n"),
        (
            '[plugins]\nenabled = [\n  "a",  # "the first]"\n  "b", # last\n]\n[x]\nenabled = ["c"]\n',
            '[plugins]\nenabled = [\n  "a",  # "the first]"\n  "b", "new", # last\n]\n[x]\nenabled = ["c"]\n',
        ),
        ('[x]\nenabled = ["c"]\n[plugins]\n', '[x]\nenabled = ["c"]\n[plugins]\nenabled = ["new"]\n'),
        ('[plugins]\nenabled = ["new"]  # as it is\n', '[plugins]\nenabled = ["new"]  # as it is\n'),
    ],
)
def test_enabling(before: str, after: str) -> None:
    assert enabled(before, "new") == after
    assert "new" in tomllib.loads(after)["plugins"]["enabled"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[plugins]\npins = { new = "HASH" }\n'),
        ('[plugins]\nenabled = ["new"]\n', '[plugins]\npins = { new = "HASH" }\nenabled = ["new"]\n'),
        ("[plugins]\npins = {}\n", '[plugins]\npins = { new = "HASH" }\n'),
        ('[plugins]\npins = { a = "b" } # c\n', '[plugins]\npins = { a = "b", new = "HASH" } # c\n'),
        ('[plugins]\npins = { new = "old", a = "b" }\n', '[plugins]\npins = { new = "HASH", a = "b" }\n'),
        ('[plugins]\npins = { anew = "b" }\n', '[plugins]\npins = { anew = "b", new = "HASH" }\n'),
        ("[plugins.pins]\n", '[plugins.pins]\nnew = "HASH"\n'),
        ('[plugins.pins]\nnew = "old" # c\na = "b"\n', '[plugins.pins]\nnew = "HASH" # c\na = "b"\n'),
    ],
)
def test_pinning(before: str, after: str) -> None:
    assert pinned(before, "new", HASH) == after.replace("HASH", HASH)
    assert tomllib.loads(after)["plugins"]["pins"]["new"] == "HASH"


@pytest.mark.parametrize(
    "text", ['plugins.enabled = ["a"]\n', 'plugins = { enabled = ["a"] }\n', '["plugins"]\nenabled = []\n']
)
def test_unusual_spelling_is_left_to_the_person(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        enabled(text, "new")
    assert '"new"' in caught.value.hint
