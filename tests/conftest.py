"""On a build server nothing may be left out for want of a tool: a skip is a failure there."""

import os

import pytest

#: reasons that are about the machine's rights, not about a missing tool
_ALLOWED = ("cannot be mounted here", "as on Linux")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get("CI") != "true" or hasattr(session.config, "workerinput"):
        return
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = [report.longrepr[2] for report in reporter.stats.get("skipped", [])] if reporter else []
    missing = [reason for reason in skipped if not any(text in reason for text in _ALLOWED)]
    if missing and reporter is not None:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        reporter.write_line(f"left out on a build server: {'; '.join(missing)}", red=True)
