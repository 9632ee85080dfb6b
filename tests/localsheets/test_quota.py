from collections.abc import Callable

import gspread
import pytest
from gspread.exceptions import APIError

from revalign_udf.localsheets import LocalSheets
from revalign_udf.localsheets.problems import ApiError
from revalign_udf.localsheets.quota import Quota

Connect = Callable[..., gspread.Client]


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def took(quota: Quota, caller: str = "a", *, write: bool = True) -> bool:
    try:
        quota.take(caller, write=write)
    except ApiError:
        return False
    return True


def test_a_user_has_sixty_writes_a_minute_and_reads_of_their_own() -> None:
    clock = Clock()
    quota = Quota(now=clock)
    assert [took(quota) for _ in range(61)] == [True] * 60 + [False]
    assert took(quota, write=False)
    assert took(quota, "b")
    assert (quota.left("a", write=True), quota.left("a", write=False), quota.refused) == (0, 59, 1)


def test_a_project_has_three_hundred_for_all_its_users() -> None:
    quota = Quota(now=Clock())
    for user in "abcde":
        assert all(took(quota, user) for _ in range(60))
    with pytest.raises(ApiError) as caught:
        quota.take("f", write=True)
    assert "limit 'Write requests per minute' of" in caught.value.message
    info = caught.value.details[0]["metadata"]
    assert (info["quota_limit"], info["quota_limit_value"]) == ("WriteRequestsPerMinutePerProject", "300")


def test_room_comes_back_call_by_call_a_minute_later_and_refusals_do_not_count() -> None:
    clock = Clock()
    quota = Quota(per_user=2, now=clock, retry_after=True)
    assert took(quota)
    clock.seconds += 20
    assert took(quota)
    with pytest.raises(ApiError) as caught:
        quota.take("a", write=True)
    assert caught.value.headers == {"Retry-After": "40"}
    clock.seconds += 39.5
    assert not took(quota)
    clock.seconds += 0.5
    assert [took(quota), took(quota)] == [True, False]


def test_it_is_off_unless_asked_for_and_refuses_in_googles_words(server: LocalSheets, tab: gspread.Worksheet) -> None:
    for _ in range(5):
        tab.acell("A1")
    server.quota = Quota(per_user=1, now=Clock())
    tab.update([[1]], "A1")
    with pytest.raises(APIError) as caught:
        tab.update([[2]], "A1")
    answer = caught.value.response
    assert (answer.status_code, answer.headers.get("Retry-After")) == (429, None)
    error = answer.json()["error"]
    assert error["status"] == "RESOURCE_EXHAUSTED"
    assert error["message"] == (
        "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per user' of service "
        "'sheets.googleapis.com' for consumer 'project_number:100000000000'."
    )
    assert error["details"][0]["reason"] == "RATE_LIMIT_EXCEEDED"
    assert tab.get("A1") == [["1"]]  # a read, which has its own count; and nothing was written


def test_a_call_that_fails_counts_and_drive_has_another_quota(server: LocalSheets, connect: Connect) -> None:
    client = connect()
    tab = client.open_by_key(server.create("Book")).sheet1
    server.quota = Quota(per_user=1, now=Clock())
    with pytest.raises(APIError, match="Unable to parse range"):
        tab.spreadsheet.values_clear("Nowhere!A1")
    with pytest.raises(APIError, match="Quota exceeded"):
        tab.spreadsheet.values_clear("Sheet1!A1")
    for _ in range(3):
        client.list_spreadsheet_files()
