"""Lists in pages: every record once, in order, to the end; never in a circle; nothing lost in silence."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from revalign_udf.connector.http import (
    After,
    Http,
    LinkHeader,
    NextUrl,
    Numbered,
    Offset,
    Paging,
    Refused,
    Token,
)
from revalign_udf.connector.http.paging import _Seen
from revalign_udf.errors import Fatal
from revalign_udf.testing import Answer, Call, FakeApi

Connect = Callable[..., Http]


class Records:
    """A vendor with ``count`` records who pages in every way; ``cap`` records per page at most."""

    def __init__(self, api: FakeApi, count: int, cap: int = 100) -> None:
        self.all = [{"id": f"r{number:05}"} for number in range(count)]
        self.cap = cap
        for path, answer in {
            "token": self.token, "after": self.after, "url": self.url, "link": self.link, "offset": self.offset,
            "page": self.page,
        }.items():  # fmt: skip
            api.route("GET", f"/{path}")(answer)
        api.route("POST", "/search")(self.search)

    def part(self, begin: int, size: int | str) -> list[dict[str, str]]:
        return self.all[begin : begin + min(int(size), self.cap)]

    def token(self, call: Call) -> Any:
        begin = int(call.query.get("after", "0"))
        found = self.part(begin, call.query.get("limit", 2))
        end = begin + len(found)
        return {"results": found, "paging": {"next": {"after": str(end)}} if end < len(self.all) else {}}

    def search(self, call: Call) -> Any:
        begin = int(call.json.get("paging", {}).get("from", 0))
        assert call.json["query"] == {"all": True}
        assert call.json["paging"]["size"] == 2
        found = self.part(begin, 2)
        end = begin + len(found)
        return {"results": found, "next": end if end < len(self.all) else None, "more": end < len(self.all)}

    def after(self, call: Call) -> Any:
        last = call.query.get("starting_after")
        begin = next((n + 1 for n, r in enumerate(self.all) if r["id"] == last), 0)
        found = self.part(begin, call.query["limit"])
        return {"data": found, "has_more": begin + len(found) < len(self.all)}

    def url(self, call: Call) -> Any:
        begin = int(call.query.get("from", 0))
        found = self.part(begin, 2)
        end = begin + len(found)
        return {
            "records": found,
            "done": end >= len(self.all),
            "next": f"/url?from={end}" if end < len(self.all) else None,
        }

    def link(self, call: Call) -> Any:
        begin = int(call.query.get("from", 0))
        found = self.part(begin, 2)
        end = begin + len(found)
        links = ['<https://other.example/about?a=1,2;b>; rel="help"', '</link?from=0>; rel="first prev"']
        if end < len(self.all):
            links.insert(1, f'<?from={end}>; title="a, \\"b\\""; REL="next last"')
        return Answer(json=found, headers={"Link": ", ".join(links)})

    def offset(self, call: Call) -> Any:
        begin = int(call.query["offset"])
        return {"members": self.part(begin, call.query["limit"]), "total": len(self.all)}

    def page(self, call: Call) -> Any:
        size = min(int(call.query.get("per_page", 2)), self.cap)
        return {"items": self.part((int(call.query["page"]) - 1) * size, size)}


WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "token": ("/token", {"paging": Token("after", "paging.next.after", items="results"), "params": {"limit": 2}}),
    "search": (
        "/search",
        {
            "paging": Token("paging.from", "next", items="results", more="more", in_body=True), "method": "POST",
            "json": {"query": {"all": True}, "paging": {"size": 2}},
        },
    ),
    "after": ("/after", {"paging": After("starting_after", items="data"), "params": {"limit": 2}}),
    "url": ("/url", {"paging": NextUrl("next", items="records")}),
    "link": ("/link", {"paging": LinkHeader()}),
    "offset": ("/offset", {"paging": Offset(items="members", size=2)}),
    "offset with total": ("/offset", {"paging": Offset(items="members", size=2, total="total")}),
    "page": ("/page", {"paging": Numbered(items="items", size=2, size_param="per_page")}),
    "page of unknown size": ("/page", {"paging": Numbered(items="items")}),
}  # fmt: skip


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
@pytest.mark.parametrize("way", WAYS)
def test_every_record_once_and_in_order(way: str, count: int, api: FakeApi, connect: Connect) -> None:
    vendor = Records(api, count)
    path, options = WAYS[way]
    pages = list(connect().pages(path, **options))
    assert [record for page in pages for record in page.items] == vendor.all
    assert [page.number for page in pages] == list(range(1, len(pages) + 1))
    assert all(page.reply.status == 200 for page in pages)


@pytest.mark.parametrize("way", ["offset", "offset with total"])
def test_a_source_that_gives_less_than_asked_for_loses_nothing(way: str, api: FakeApi, connect: Connect) -> None:
    # asked for 10, given 3: a client that steps by 10, or takes a short page for the last one, loses records
    vendor = Records(api, 8, cap=3)
    paging = Offset(items="members", size=10, total="total" if "total" in way else "")
    assert [r for page in connect().pages("/offset", paging) for r in page.items] == vendor.all


def test_numbered_pages_shorter_than_asked_for_lose_nothing(api: FakeApi, connect: Connect) -> None:
    vendor = Records(api, 8, cap=3)
    paging = Numbered(items="items", size=10, size_param="per_page")
    assert [r for page in connect().pages("/page", paging) for r in page.items] == vendor.all


def test_a_short_page_after_a_full_one_saves_a_call(api: FakeApi, connect: Connect) -> None:
    Records(api, 3)
    for way in ("offset", "offset with total", "page"):
        api.calls.clear()
        path, options = WAYS[way]
        list(connect().pages(path, **options))
        assert len(api.calls) == 2


def test_offsets_and_pages_may_begin_elsewhere(api: FakeApi, connect: Connect) -> None:
    seen: list[dict[str, str]] = []

    @api.route("GET", "/x")
    def empty_after_two(call: Call) -> Any:
        seen.append(call.query)
        return {"Item": [{"id": str(len(seen))}] if len(seen) < 3 else []}

    list(connect().pages("/x", Offset(items="Item", size=1, offset="STARTPOSITION", limit="MAXRESULTS", start=1)))
    assert [(q["STARTPOSITION"], q["MAXRESULTS"]) for q in seen] == [("1", "1"), ("2", "1"), ("3", "1")]
    seen.clear()
    list(connect().pages("/x", Numbered(items="Item", start=0, param="p")))
    assert [q["p"] for q in seen] == ["0", "1", "2"]


def test_a_total_that_says_less_than_what_came_does_not_end_the_list(api: FakeApi, connect: Connect) -> None:
    pages = [[{"id": "1"}, {"id": "2"}], [{"id": "3"}, {"id": "4"}], [{"id": "5"}]]
    api.route("GET", "/x")(lambda call: {"data": pages[int(call.query["offset"]) // 2], "total": 0})
    got = [r["id"] for page in connect().pages("/x", Offset(items="data", size=2, total="total")) for r in page.items]
    assert got == ["1", "2", "3", "4", "5"]


# -- circles


LOOPS: dict[str, tuple[Paging, Any]] = {
    "the token stays": (
        Token("after", "next", items="data"),
        lambda call: {"data": [{"id": call.query.get("after", "0") + str(len(call.query))}], "next": "same"},
    ),
    "tokens go round": (
        Token("after", "next", items="data"),
        lambda call: {
            "data": [{"id": call.query.get("after", "")}],
            "next": {"": "a", "a": "b", "b": "c", "c": "a"}[call.query.get("after", "")],
        },
    ),
    "the last record stays": (
        After("after", items="data"),
        lambda call: {"data": [{"id": "0" + call.query.get("after", "")}, {"id": "z"}], "has_more": True},
    ),
    "the address stays": (
        NextUrl("next", items="data"),
        lambda call: {"data": [{"id": call.target}], "next": "/x?page=2"},
    ),
    "the link stays": (
        LinkHeader(),
        lambda call: Answer(json=[{"id": call.target}], headers={"Link": '</x?page=2>; rel="next"'}),
    ),
    "the offset is ignored": (Offset(items="data", size=1), lambda _call: {"data": [{"id": "1"}]}),
    "the page number is ignored": (Numbered(items="data"), lambda _call: {"data": [{"id": "1"}, {"id": "2"}]}),
    "the page is the one before under a new token": (
        Token("after", "next", items="data"),
        lambda call: {"data": [{"id": "1"}], "next": call.query.get("after", "") + "x", "request": call.target},
    ),
}


@pytest.mark.parametrize("loop", LOOPS)
def test_a_page_repeated_for_ever_is_noticed(loop: str, api: FakeApi, connect: Connect) -> None:
    paging, answer = LOOPS[loop]
    api.route("GET", "/x")(answer)
    with pytest.raises(Fatal, match="repeated for ever") as caught:
        for page in connect().pages("/x", paging):
            for record in page.items:
                record["changed by the reader"] = page.number
            page.items.append({})
    assert caught.value.code == "REV-506"
    assert len(api.calls) <= 5


def test_a_search_that_stands_still_is_noticed(api: FakeApi, connect: Connect) -> None:
    api.route("POST", "/x")(lambda call: {"data": [{"id": str(call.json)}], "next": "same"})
    with pytest.raises(Fatal, match="repeated for ever"):
        list(connect().pages("/x", Token("from", "next", items="data", in_body=True), method="POST", json={"q": 1}))
    assert [call.json for call in api.calls] == [{"q": 1}, {"q": 1, "from": "same"}]


def test_pages_that_only_look_alike_are_not_a_circle(api: FakeApi, connect: Connect) -> None:
    # first and last record and the count are those of the page before, what lies between is not
    def answer(call: Call) -> Any:
        number = int(call.query["page"])
        return {"data": [{"n": 0}, {"n": number}, {"n": 9}] if number < 4 else []}

    api.route("GET", "/x")(answer)
    assert len(list(connect().pages("/x", Numbered(items="data")))) == 4


def test_empty_pages_on_the_way_do_not_end_a_list_of_tokens(api: FakeApi, connect: Connect) -> None:
    def answer(call: Call) -> Any:
        number = int(call.query.get("after", "0"))
        return {"data": [{"id": number}] if number == 3 else [], "next": number + 1 if number < 5 else None}

    api.route("GET", "/x")(answer)
    pages = list(connect().pages("/x", Token("after", "next", items="data")))
    assert [len(page.items) for page in pages] == [0, 0, 0, 1, 0, 0]


def test_circles_longer_than_the_memory_are_found_too() -> None:
    seen = _Seen()
    length = 3 * _Seen._RECENT
    assert not any(seen.again(f"token {number}") for number in range(length))
    found = next(turn for turn in range(10 * length) if seen.again(f"token {turn % length}"))
    assert found < 5 * length


def test_many_different_pages_are_no_circle_and_take_no_more_memory() -> None:
    seen = _Seen()
    tracemalloc.start()
    for number in range(30_000):
        assert not seen.again(f"token {number}")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(seen._recent) == _Seen._RECENT
    assert peak < 4_000_000


# -- replies that are not what they should be


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "data"), ({"data": None}, "data"), ({"data": {"a": 1}}, "data"), ({"data": "x"}, "data"), ([], "data"),
        ({"data": []}, ""), ({"data": []}, "data.items"), ({"data": {"a": 1}}, "data?"),
    ],
)  # fmt: skip
def test_a_missing_list_is_not_an_empty_one(body: Any, path: str, api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: body)
    with pytest.raises(Fatal, match="has not a list") as caught:
        list(connect().pages("/x", Token("after", "next", items=path)))
    assert caught.value.code == "REV-506"


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": []}])
def test_a_list_that_may_be_left_out_is_marked_so(body: Any, api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: body)
    assert [page.items for page in connect().pages("/x", Token("after", "next", items="data?"))] == [[]]


def test_more_without_a_token_is_not_the_end(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: {"data": [], "more": True})
    with pytest.raises(Fatal, match="there is more"):
        list(connect().pages("/x", Token("after", "next", items="data", more="more")))


def test_more_without_a_last_record_is_not_the_end(api: FakeApi, connect: Connect) -> None:
    for data in ([], [{"name": "no id"}], ["text"]):
        api.faults.add(json={"data": data, "has_more": True})
        with pytest.raises(Fatal, match="there is more"):
            list(connect().pages("/x", After("after", items="data")))


def test_a_token_without_more_ends_the_list(api: FakeApi, connect: Connect) -> None:
    # Marketo and Zendesk send a token with the last page, too
    api.route("GET", "/x")(lambda _call: {"data": [], "more": False, "next": "a"})
    assert len(list(connect().pages("/x", Token("after", "next", items="data", more="more")))) == 1


def test_after_without_more_goes_on_to_an_empty_page(api: FakeApi, connect: Connect) -> None:
    answers = {None: [{"id": "1"}], "1": [{"id": "2"}], "2": []}
    api.route("GET", "/x")(lambda call: answers[call.query.get("after")])
    got = [page.items for page in connect().pages("/x", After("after", items="", more=""))]
    assert got == [[{"id": "1"}], [{"id": "2"}], []]


def test_an_address_that_is_none_is_refused(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: {"data": [], "next": 7})
    with pytest.raises(Fatal, match="no address"):
        list(connect().pages("/x", NextUrl("next", items="data")))


def test_the_first_parameters_are_not_added_to_a_next_address(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(
        lambda call: {"data": [], "next": None if "page" in call.query else f"{api.base_url}/x?page=2"}
    )
    list(connect().pages("/x", NextUrl("next", items="data"), params={"since": "2026-01-01"}))
    assert [call.target for call in api.calls] == ["/x?since=2026-01-01", "/x?page=2"]


def test_a_next_address_behind_a_gateways_prefix_keeps_the_prefix(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/gate/x")(lambda call: {"data": [], "next": None if "page" in call.query else "/x?page=2"})
    list(connect(base_url=f"{api.base_url}/gate").pages("/x", NextUrl("next", items="data")))
    assert [call.target for call in api.calls] == ["/gate/x", "/gate/x?page=2"]


def test_headers_go_with_every_page_and_a_refusal_ends_them(api: FakeApi, connect: Connect) -> None:
    Records(api, 5)
    http = connect()
    pages = http.pages("/url", NextUrl("next", items="records"), headers={"X-Version": "7"})
    next(pages)
    next(pages)
    api.faults.add(status=410, json={"message": "cursor expired"})
    with pytest.raises(Refused, match="cursor expired"):
        next(pages)
    assert {call.headers["X-Version"] for call in api.calls} == {"7"}


def test_pages_come_one_by_one(api: FakeApi, connect: Connect) -> None:
    Records(api, 5)
    pages = connect().pages("/url", NextUrl("next", items="records"))
    assert api.calls == []
    next(pages)
    assert len(api.calls) == 1
