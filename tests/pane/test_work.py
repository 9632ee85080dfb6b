"""Status, freezing, demo and live, and what happens when there is no server, no sign-in or no snapshot."""

from typing import Any

from playwright.sync_api import expect

from revalign_udf.config import load
from revalign_udf.governance import read_closes
from revalign_udf.governance.requests import attended, leave, read_requests, working
from revalign_udf.jobs.requests import carry_out


def test_freezing_leaves_a_request_that_jobs_carry_out(pane: Any, own: Any) -> None:
    page = pane(own, marks="view=freeze")
    page.select_option("#month", "2026-02")
    expect(page.locator(".freeze")).to_contain_text("€140.00")
    page.click("main button[type=submit]")
    expect(page.locator(".wrong")).to_have_text("A reason is needed, so that others can read why.")
    expect(page.locator("#reason")).to_be_focused()
    page.fill("#reason", "Board of March")
    page.click("main button[type=submit]")
    expect(page.locator(".confirm h3")).to_be_focused()
    page.keyboard.press("Escape")
    assert read_requests(own.folder).every == (), "nothing is left before it is confirmed"
    page.click("main button[type=submit]")
    page.click(".confirm .primary")
    expect(page.locator(".working")).to_contain_text("2026-02 is waiting")
    expect(page.locator(".trouble.calm")).to_contain_text("revalign requests watch")
    [request] = read_requests(own.folder).every
    assert (request.kind, dict(request.details)) == ("close", {"period": "2026-02", "reason": "Board of March"})
    carry_out(load(own.folder))
    expect(page.locator(".trouble.good")).to_contain_text("2026-02 is frozen.")
    assert [one.why for one in read_closes(own.folder).standing] == ["Board of March"]
    expect(page.locator("#month option[value='2026-02']")).to_have_text("February 2026 (frozen)")
    assert ["calculate", "Full"] in page.evaluate("sheet.log")
    page.click("nav >> text=Insert")
    page.fill("#search", "mrr")
    page.press("#search", "Enter")
    page.fill("#period-period", "2026-02")
    page.press("#period-period", "Enter")
    expect(page.locator(".mark-closed")).to_contain_text("closed")


def test_a_refused_freeze_says_why(pane: Any, own: Any) -> None:
    page = pane(own, marks="view=freeze", refusals=True)
    page.select_option("#month", "2026-02")
    page.fill("#reason", "x")
    page.click("main button[type=submit]")
    leave(own.folder, "close", {"period": "2026-02", "reason": "first"}, "ada")
    carry_out(load(own.folder))
    page.click(".confirm .primary")
    expect(page.locator(".trouble").first).to_contain_text("by ada")


def test_a_refresh_is_asked_for_and_its_outcome_taken_up(pane: Any, own: Any) -> None:
    page = pane(own, marks="view=status")
    expect(page.locator(".facts")).to_contain_text("2026-03-31#1")
    expect(page.locator(".rows").first).to_contain_text("files")
    page.click("text=Refresh the numbers")
    expect(page.locator(".working")).to_contain_text("waiting")
    path = own.folder / "data" / "subscription_item_period.csv"
    path.write_text(path.read_text().replace(",100,", ",180,"))
    with working(own.folder):
        page.click("text=Calculate anew")
        expect(page.locator(".trouble.calm")).to_have_count(0)
        assert attended(own.folder)
    carry_out(load(own.folder))
    expect(page.locator(".facts")).to_contain_text("2026-03-31#2")
    expect(page.locator(".state.done")).to_have_text("Done")
    assert ["calculate", "Full"] in page.evaluate("sheet.log")


def test_the_stamp_of_the_chosen_cell(pane: Any) -> None:
    page = pane()
    page.evaluate("""sheet.cells.B4 = {formula: '=REVALIGN.METRIC("mrr","2026-01")', value: 190}""")
    page.click("nav >> text=Status")
    expect(page.locator(".status .formula")).to_contain_text("s:2026-03-31#1")


def test_stale_numbers_say_so(pane: Any, own: Any) -> None:
    manifest = next(own.folder.glob(".revalign/snapshots/*/manifest.json"))
    text = manifest.read_text()
    assert text.count('"as_of": "2026-03-31"') == 1
    own.stop()
    manifest.write_text(text.replace('"as_of": "2026-03-31"', '"as_of": "2026-04-20"'))
    own.start()
    page = pane(own)
    expect(page.locator(".chip")).to_have_text("Live, stale")
    expect(page.locator(".strip.stale")).to_contain_text("files is loaded through 31 Mar 2026")
    page.click(".strip >> text=Status")
    expect(page.locator(".state.stale")).to_have_text("Stale")
    page.click("nav >> text=Freeze")
    page.select_option("#month", "2026-04")
    expect(page.locator(".freeze .trouble")).to_contain_text("not over")


def test_demo_and_live(pane: Any) -> None:
    page = pane(marks="view=status")
    page.check("input[value=demo]")
    expect(page.locator(".chip")).to_have_text("Demo")
    expect(page.locator(".strip.demo")).to_contain_text("the sample company Ada & Sons")
    expect(page.locator("text=Refresh the numbers")).to_have_count(0)
    assert page.evaluate("sessionStorage['revalign.space']") == "demo"
    assert ["calculate", "Full"] in page.evaluate("sheet.log")
    page.click("nav >> text=Freeze")
    expect(page.locator(".trouble")).to_contain_text("cannot be frozen")
    page.click(".trouble button")
    expect(page.locator(".chip")).to_have_text("Live, fresh")
    assert page.evaluate("sessionStorage['revalign.space']") is None


def test_signing_in(pane: Any) -> None:
    page = pane(token=None, refusals=True)
    expect(page.locator("h2")).to_have_text("Sign in")
    expect(page.locator("nav")).to_have_count(0)
    page.click("text=Sign in >> nth=-1")
    expect(page.locator(".wrong")).to_have_text("Paste the token first.")
    page.fill("#token", "wrong")
    page.keyboard.press("Enter")
    expect(page.locator(".wrong")).to_contain_text("REV-401")
    expect(page.locator("#token")).to_be_focused()
    assert page.evaluate("sessionStorage['revalign.token']") is None
    page.fill("#token", "a-token-for-tests")
    page.keyboard.press("Enter")
    expect(page.locator("#search")).to_be_visible()
    assert page.evaluate("sessionStorage['revalign.token']") == "a-token-for-tests"
    page.reload()
    expect(page.locator("#search")).to_be_visible()
    page.click("nav >> text=Status")
    page.click("text=Sign out")
    expect(page.locator("h2")).to_have_text("Sign in")
    assert page.evaluate("sessionStorage['revalign.token']") is None


def test_a_token_in_the_address_does_not_stay_there(pane: Any) -> None:
    page = pane()
    expect(page.locator("#search")).to_be_visible()
    assert "token" not in page.url
    assert page.evaluate("history.length") <= 2


def test_a_token_that_ends_while_the_pane_is_open(pane: Any, own: Any) -> None:
    page = pane(own, refusals=True)
    expect(page.locator("#search")).to_be_visible()
    page.evaluate("revalignClient.setToken('ended')")
    page.fill("#search", "mrr")
    page.keyboard.press("Enter")
    expect(page.locator("h2")).to_have_text("Sign in")


def test_offline_the_last_values_stay_and_come_back(pane: Any, own: Any) -> None:
    page = pane(own, refusals=True)
    page.fill("#search", "mrr")
    page.keyboard.press("Enter")
    expect(page.locator(".figure")).to_be_visible()
    was = page.locator(".figure").inner_text()
    own.stop()
    page.fill("#period-period", "2026-01")
    page.keyboard.press("Enter")
    expect(page.locator(".strip.bad")).to_contain_text("Offline")
    expect(page.locator(".preview .trouble")).to_contain_text("REV-408")
    page.fill("#period-period", "LAST_MONTH")
    page.keyboard.press("Enter")
    expect(page.locator(".figure")).to_have_text(was)
    expect(page.locator(".preview")).to_contain_text("before the connection was lost")
    own.start()
    page.click("text=Try again")
    expect(page.locator(".chip")).to_have_text("Live, fresh")
    expect(page.locator(".strip")).to_have_count(0)


def test_nothing_published_then_the_first_snapshot(pane: Any, own: Any) -> None:
    (own.folder / ".revalign" / "snapshots" / "current").unlink()
    page = pane(own)
    expect(page.locator(".trouble").first).to_contain_text("REV-205")
    page.click("text=Ask for a refresh")
    expect(page.locator(".working")).to_be_visible()
    carry_out(load(own.folder))
    expect(page.locator("#search")).to_be_visible()
    expect(page.locator(".chip")).to_have_text("Live, fresh")


def test_not_allowed(pane: Any) -> None:
    page = pane(token=None, refusals=True)
    body = '{"error": {"code": "REV-403", "message": "You may not see these numbers."}}'
    page.route("**/v1/**", lambda route: route.fulfill(status=403, body=body, content_type="application/json"))
    page.fill("#token", "somebody")
    page.keyboard.press("Enter")
    expect(page.locator(".trouble")).to_contain_text("REV-403")
    expect(page.locator(".chip")).to_have_text("Not allowed")
    page.click("text=Use another token")
    expect(page.locator("h2")).to_have_text("Sign in")
