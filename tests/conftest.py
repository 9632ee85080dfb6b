"""On a build server nothing may be left out for want of a tool: a skip is a failure there.

Where Python is told to keep no compiled files, a run keeps its own: else both workers, and every process that a test
starts, would compile all they import anew, which takes longer than many a test.
"""

import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.dont_write_bytecode:
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    if "PYTEST_XDIST_WORKER" not in os.environ:  # what plugins of earlier runs left
        for folder in Path(sys.pycache_prefix + tempfile.gettempdir()).glob("pytest-of-*"):
            shutil.rmtree(folder, ignore_errors=True)

#: reasons that are about the machine's rights or a vendor's API (rules of the contract suite), not about a missing tool
_ALLOWED = ("cannot be mounted here", "as on Linux", "the rule cannot apply: ")
#: connectors whose contract suite runs in the campaign only
_OTHERS = ("recurly", "marketo", "mailchimp", "pipedrive", "intercom", "quickbooks", "gsheet", "dlt", "singer")
#: rules that the HTTP client and the runner keep for every connector alike, and connectors whose suite tries these in the
#: campaign only: Harbor, Stripe and Salesforce try them in every run, and a bad connector breaks each
_ALIKE = set(
    """killed_between_pages_and_resumed an_answer_cut_off_loses_nothing an_outage_ends_and_is_made_good a_stopped_pull_ends_soon
    a_server_error_is_tried_again too_many_calls_waits_as_long_as_told a_page_repeated_for_ever_ends
    a_token_that_expires_midway_is_renewed html_where_json_belongs_is_refused a_redirect_elsewhere_is_refused""".split()
)
_LIKE_THEM = ("chargebee", "hubspot", "zendesk")
#: the demo takes longest to set up: begun last, one worker would wait for the other, or build it as well
_FIRST = "tests/journeys/"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What is marked ``campaign`` is slow or says again what a quicker test says: it runs in ``poe campaign`` only.

    So do the heavy rules of the contract suite, and all of it for connectors that share their ways with the deep ones.
    """
    items.sort(key=lambda item: not item.nodeid.startswith(_FIRST))
    for item in items:
        kinds = {kind.__name__ for kind in (getattr(item, "cls", None) or object).__mro__}
        place = item.path.parts[-3] if "ContractSuite" in kinds else ""
        alike = place in _LIKE_THEM and item.name.removeprefix("test_") in _ALIKE
        if place in _OTHERS or alike or getattr(getattr(item, "function", None), "heavy", False):
            item.add_marker("campaign")
    if os.environ.get("REVALIGN_CAMPAIGN"):
        return
    slow = [item for item in items if item.get_closest_marker("campaign")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("campaign")]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    gc.unfreeze()
    if os.environ.get("CI") != "true" or hasattr(session.config, "workerinput"):
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = [report.longrepr[2] for report in reporter.stats.get("skipped", [])] if reporter else []
    missing = [reason for reason in skipped if not any(text in reason for text in _ALLOWED)]
    if missing and reporter is not None:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"left out on a build server: {'; '.join(missing)}", red=True)


@pytest.fixture(scope="session", autouse=True)
def _state_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What all projects of a person share lies in a folder of this run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REVALIGN_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        yield
