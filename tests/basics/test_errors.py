"""Errors carry a code, a message and what to do next; secrets never show."""

import pytest

from revalign_udf import errors
from revalign_udf.errors import (
    CODES,
    BadRecord,
    Fatal,
    InternalError,
    NoData,
    PluginProblem,
    Retriable,
    RevalignError,
    Undefined,
    UnknownName,
    UserError,
    cell_error,
    did_you_mean,
    redact,
)


def test_every_class_has_a_declared_code() -> None:
    for name in errors.__all__:
        found = getattr(errors, name)
        if isinstance(found, type) and issubclass(found, RevalignError):
            assert found.default_code in CODES


def test_the_text_has_code_message_and_hint() -> None:
    assert str(UserError("It broke.", code="REV-114", hint="Mend it.")) == "REV-114 It broke. Mend it."
    assert str(Fatal("No.")) == "REV-506 No."
    assert Retriable("Busy.", retry_after=3).retry_after == 3
    assert PluginProblem("p", "o", "x").origin == "o"
    assert "report" in InternalError("x").hint


@pytest.mark.parametrize(
    ("error", "cell"),
    [
        (NoData("x"), "#N/A"),
        (Undefined("x"), "#DIV/0!"),
        (UnknownName("metric", "x"), "#VALUE!"),
        (BadRecord("x"), "#VALUE!"),
        (UserError("x", cell="#NUM!"), "#NUM!"),
        (ZeroDivisionError("x"), "#VALUE!"),
    ],
)
def test_cells(error: Exception, cell: str) -> None:
    shown, message = cell_error(error)
    assert shown == cell
    assert message.startswith("REV-")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("nnr", "nrr"),
        ("NRR", "nrr"),
        ("logo-churn", "logo_churn"),
        ("logo", "logo_churn"),
        ("zzzzzz", None),
        ("", None),
    ],
)
def test_did_you_mean(typed: str, meant: str | None) -> None:
    assert did_you_mean(typed, ["nrr", "grr", "logo_churn"]) == meant


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer s3cr3t-value",
        "api_key=s3cr3t-value&x=1",
        '"password": "s3cr3t-value"',
        "Basic s3cr3t-value",
        "token = s3cr3t-value",
    ],
)
def test_secrets_are_blanked(text: str) -> None:
    assert "s3cr3t" not in redact(text)
    assert redact("it said s3cr3t-value twice: s3cr3t-value", ["s3cr3t-value"]) == "it said *** twice: ***"
    assert redact("nothing to hide") == "nothing to hide"


def test_unknown_name_says_what_is_near() -> None:
    error = UnknownName("metric", "nnr", ["nrr"], hint="See the list.")
    assert str(error) == 'REV-101 Unknown metric "nnr". Did you mean nrr? See the list.'
    assert isinstance(error, RevalignError)
