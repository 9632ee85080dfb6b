"""Rules about everything that goes wrong between us and the vendor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from revalign_udf.testing.contract.rules import Suite, Trial, campaign, need, rule
from revalign_udf.testing.fakes import ApiFault, FakeApi

__all__ = ["Faults"]

_EVER = 10**9
_RETRY_AFTER = 7
_CALLS = 300
"""a pull that makes more calls than this against one page would never end"""
_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Please sign in</h1>"
    + b" " * 5000
    + b"</body></html>"
)
_WHAT_TO_DO = ("key", "token", "secret", "password", "sign in", "permission", "scope")


class Faults(Suite):
    """Everything that goes wrong between us and the vendor."""

    @rule
    def test_too_many_calls_waits_as_long_as_told(self) -> None:
        """429 with Retry-After is waited for, as long as it says, and then nothing is missing."""
        for at in self._calls():
            with self._struck(at, status=429, headers={"Retry-After": str(_RETRY_AFTER)}) as (trial, _):
                result = trial.pull()
                waited = sum(result.slept)
                need(waited >= _RETRY_AFTER, f"Told to come again after {_RETRY_AFTER} s it waited {waited:g} s.")
                self.same(trial, result, f"After 429 at call {at + 1}")

    @rule
    def test_a_server_error_is_tried_again(self) -> None:
        """500 and 503, twice in a row, are tried again, and then nothing is missing."""
        for at in self._calls():
            with self._struck(at, status=500 if at % 2 else 503, times=2) as (trial, _):
                self.same(trial, trial.pull(), f"After server errors at call {at + 1}")

    @rule
    def test_an_answer_cut_off_loses_nothing(self) -> None:
        """A dropped connection and an answer that ends in the middle are tried again or told, never taken for all."""
        for at in self._calls():
            for cut, quiet in ((None, False), (20, False), (20, True)):
                with self._struck(at, drop=cut is None, cut=cut, quiet=quiet) as (trial, _):
                    result = trial.bench.pull()
                    after = f"After an answer cut off at call {at + 1}"
                    # a pull that says it failed is made good by the next one
                    self.same(trial, result if result.ok else trial.pull(), after)

    @rule
    def test_an_outage_ends_and_is_made_good(self) -> None:
        """While the vendor is down a pull ends after some tries with REV-505; the next one has everything."""
        with self._struck(self.clean().at(-1), status=503, times=_EVER) as (trial, fault):
            result = trial.bench.pull()
            need(not result.ok, "The pull reports success although the vendor was down.")
            text = " ".join(result.report.failures)
            need("REV-505" in text, f"An outage is told as: {text}")
            need(fault.hits < _CALLS, f"It called {fault.hits} times while the vendor was down.")
            trial.vendor.api.faults.clear()
            self.same(trial, trial.pull(), "After an outage")

    @rule
    def test_an_error_in_the_body_is_an_error(self) -> None:
        """An error that comes with status 200 is no page of records: it is tried again, and nothing is missing."""
        self.offered("throttle_in_body")
        with self.trial(self.many) as trial:
            struck = trial.vendor.api.faults.add(after=self.clean().at(-1), then=trial.vendor.throttle_in_body)
            result = trial.pull()
            need(struck.hits, "The pull never came to the last page.")
            self.same(trial, result, "After an error in the body")

    @rule
    def test_a_token_that_expires_midway_is_renewed(self) -> None:
        """An access token that expires in the middle of a pull is renewed, and nothing is missing."""
        self.offered("expire")
        with self.trial(self.many) as trial:
            struck = trial.vendor.api.faults.add(after=self.clean().at(-1), then=trial.vendor.expire)
            result = trial.pull()
            need(struck.hits, "The pull never came to the last page.")
            self.same(trial, result, "After a token expired")

    @rule
    def test_a_page_repeated_for_ever_ends(self) -> None:
        """A vendor that answers with the same page again and again ends the pull, and it is told."""
        clean = self.clean()
        pages = [clean.result.calls[number] for number in dict.fromkeys([clean.at(0), *clean.pages])]
        shapes = {f"{call.method} {call.path}" for call in pages}
        where = f"^{re.escape(shapes.pop())}(\\?|$)" if len(shapes) == 1 else ""
        with self.trial(self.many) as trial:
            after = 0 if where else clean.at(0)
            fault = trial.vendor.api.faults.add(where, after=after, repeat=True, times=_EVER)
            trial.bench.cancelled = lambda: fault.hits > _CALLS
            result = trial.bench.pull()
            need(fault.hits <= _CALLS, f"It read the same page {fault.hits} times and would not have ended.")
            need(not result.ok, "It takes one page, repeated for ever, for everything.")

    @rule
    def test_a_redirect_elsewhere_is_refused(self) -> None:
        """A redirect to another host is not followed: the key would go there too."""
        with FakeApi() as other:
            headers = {"Location": f"{other.base_url}/elsewhere"}
            with self._struck(self.clean().at(0), status=302, headers=headers, times=_EVER) as (trial, _):
                result = trial.bench.pull()
                need(not other.calls, "It followed a redirect to another host.")
                need(not result.strangers, f"It tried to follow a redirect to {result.strangers}.")
                need(not result.ok, "The pull reports success although a redirect led elsewhere.")

    @rule
    def test_revoked_credentials_say_what_to_do(self) -> None:
        """Where the vendor no longer accepts the key, check and pull say so, and what to look at."""
        with self.trial(1) as trial:
            secrets = [item.name for item in trial.vendor.connector.spec.settings if item.kind == "secret"]
            trial.vendor.revoke()
            check = trial.bench.check()
            need(not check.ok, "check() says yes although the key was revoked.")
            result = trial.bench.pull()
            need(not result.ok, "The pull reports success although the key was revoked.")
            for where, text in (("check()", check.message), ("The pull", " ".join(result.report.failures))):
                helps = [word for word in (*secrets, *_WHAT_TO_DO) if word.lower() in text.lower()]
                need(helps, f"{where} does not say what to look at: {text}")
            streams = len(trial.bench.project.sources) + len(result.watch.begun)
            need(len(result.calls) <= 10 * streams, f"It knocked {len(result.calls)} times with a revoked key.")

    @rule
    def test_html_where_json_belongs_is_refused(self) -> None:
        """A web page where JSON belongs (a portal, a proxy) ends the pull with a short word about it."""
        headers = {"Content-Type": "text/html; charset=utf-8"}
        with self._struck(self.clean().at(0), status=200, headers=headers, body=_PAGE, times=_EVER) as (trial, fault):
            result = trial.bench.pull()
            need(not result.ok, "It takes a web page for an answer.")
            text = result.report.failures[0]
            need("REV-508" not in text, f"It did not expect a web page: {text[:200]}")
            need(len(text) < 800, f"It shows the whole web page: {len(text)} signs.")
            need(fault.hits < _CALLS, f"It asked {fault.hits} times.")

    @rule
    def test_only_the_vendor_is_called(self) -> None:
        """No other host is contacted, nor looked up, and the vendor only by the address in the settings."""
        with self.trial(1) as trial:
            trial.bench.check()
            others = [*trial.bench.strangers, *self.clean().result.strangers]
            need(not others, f"It calls others: {', '.join(others)}")
            asked = [*trial.vendor.api.strangers, *self.clean().vendor_strangers]
            need(not asked, f"It calls the vendor by another name: {asked}")

    @contextmanager
    def _struck(self, at: int, **fault: object) -> Iterator[tuple[Trial, ApiFault]]:
        """A trial in which a call fails, counted from 0."""
        with self.trial(self.many) as trial:
            planned = trial.vendor.api.faults.add(after=at, **fault)  # type: ignore[arg-type]
            yield trial, planned
            need(planned.hits, f"The pull made fewer than {at + 1} calls.")

    def _calls(self) -> list[int]:
        """At which calls trouble is tried: at the last page, in a campaign at every one."""
        last = self.clean().at(-1)
        return list(range(len(self.clean().result.calls))) if campaign() else [last]
