"""Bodies that are cut, packed, too long, or not what they should be."""

from __future__ import annotations

import gzip
import io
import json
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from revalign_udf.connector.http import After, Http, Limits, Reply
from revalign_udf.errors import Fatal, Retriable
from revalign_udf.testing import Answer, Call, FakeApi

Connect = Callable[..., Http]
RECORDS = {"data": [{"id": f"r{number}", "amount": number / 4} for number in range(500)]}
TEXT = json.dumps(RECORDS).encode()
JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def test_a_body_shorter_than_announced_is_read_again(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: RECORDS)
    api.faults.add(cut=1000)
    api.faults.add(cut=0)
    assert len(connect().get("/x").json["data"]) == 500
    assert len(api.calls) == 3


def test_chunks_that_break_off_are_read_again(api: FakeApi, connect: Connect) -> None:
    @api.route("GET", "/x")
    def whole(_call: Call) -> Answer:
        pieces = [TEXT[:5000], TEXT[5000:]]
        return Answer(chunks=pieces, headers={"Content-Type": "application/json"})

    api.faults.add(cut=6000)
    assert len(connect().get("/x").json["data"]) == 500
    assert len(api.calls) == 2


@pytest.mark.parametrize("cut", [1, 9, 10, 11, 40, 43, len(TEXT) - 1])
def test_json_cut_off_in_silence_is_read_again_then_retriable(cut: int, api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: RECORDS)
    http = connect()
    api.faults.add(cut=cut, quiet=True, times=2)
    assert len(http.get("/x").json["data"]) == 500
    api.faults.add(cut=cut, quiet=True, times=99)
    with pytest.raises(Retriable, match="cut off") as caught:
        http.get("/x")
    assert caught.value.code == "REV-505"


def test_json_cut_inside_a_word_or_number_is_cut_off_too(raw: Callable[..., str], connect: Connect) -> None:
    for body in (b'{"a": tr', b'{"a": -', b'{"a": "b\\', b'{"a": "\\u00', b'["\xc3', b"[1, ", b'{"a": 1.5e'):
        http = connect(base_url=raw(JSON_HEAD + b"Connection: close\r\n\r\n" + body), limits=Limits(tries=2))
        with pytest.raises(Retriable, match="cut off"):
            http.get("/x")


def test_json_without_any_length_that_is_whole_is_taken(raw: Callable[..., str], connect: Connect) -> None:
    http = connect(base_url=raw(JSON_HEAD + b"Connection: close\r\n\r\n" + b"\xef\xbb\xbf" + TEXT))
    assert len(http.get("/x").json["data"]) == 500


def test_a_packed_body_cut_off_is_read_again(raw: Callable[..., str], connect: Connect) -> None:
    packed = gzip.compress(TEXT)
    head = JSON_HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"
    http = connect(base_url=raw(head + packed[:-9], head + packed[:50], head + packed))
    assert len(http.get("/x").json["data"]) == 500


def test_packed_text_cut_off_is_noticed_where_its_end_could_be_one(raw: Callable[..., str], connect: Connect) -> None:
    packed = gzip.compress(b"id,amount\n" * 1000)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
    http = connect(base_url=raw(head + packed[:-8]), limits=Limits(tries=2))
    with pytest.raises(Retriable, match="cut off"):
        http.get("/x")
    with pytest.raises(Retriable, match="cut off"), http.stream("GET", "/x") as body:
        list(body)


def _raw_deflate(data: bytes) -> bytes:
    pack = zlib.compressobj(wbits=-15)
    return pack.compress(data) + pack.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("x-gzip", gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:])),
        ("gzip", gzip.compress(TEXT) + b"\0" * 100),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", _raw_deflate(TEXT)),
        ("identity", TEXT),
        ("GZIP", gzip.compress(TEXT)),
    ],
    ids=["gzip", "two members", "padding", "zlib", "raw deflate", "identity", "capitals"],
)
def test_packed_bodies_of_every_kind(encoding: str, body: bytes, api: FakeApi, connect: Connect) -> None:
    api.faults.add(body=body, headers={"Content-Encoding": encoding, "Content-Type": "application/json"})
    assert len(connect().get("/x").json["data"]) == 500


def test_only_packings_that_can_be_bounded_are_asked_for(api: FakeApi, connect: Connect) -> None:
    api.faults.add(body=b"x", headers={"Content-Encoding": "br", "Content-Type": "application/json"})
    with pytest.raises(Fatal, match="br"):
        connect().get("/x")
    assert api.calls[0].headers["Accept-Encoding"] == "gzip, deflate"


def test_a_broken_packing_is_said(api: FakeApi, connect: Connect) -> None:
    api.faults.add(body=b"no gzip at all", headers={"Content-Encoding": "gzip"})
    with pytest.raises(Fatal, match="unpacked"):
        connect().get("/x")


def test_a_bomb_is_refused_promptly_in_bounded_memory(api: FakeApi, connect: Connect) -> None:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        for _ in range(100):
            file.write(b"\0" * 1_000_000)
    api.faults.add(body=packed.getvalue(), headers={"Content-Encoding": "gzip"}, times=9)
    http = connect(limits=Limits(max_bytes=5_000_000))
    tracemalloc.start()
    begun = time.monotonic()
    with pytest.raises(Fatal, match="longer than 5,000,000 bytes") as caught:
        http.get("/x")
    took, (_, peak) = time.monotonic() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.code == "REV-506"
    assert len(api.calls) == 1
    assert peak < 20_000_000
    assert took < 2


def test_an_announced_length_beyond_the_limit_is_not_even_read(raw: Callable[..., str], connect: Connect) -> None:
    http = connect(base_url=raw(JSON_HEAD + b"Content-Length: 2000000000\r\n\r\n{"))
    with pytest.raises(Fatal, match="was not read"):
        http.get("/x")


def test_an_endless_body_is_refused_at_the_limit(api: FakeApi, connect: Connect) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"[" * 10_000

    api.route("GET", "/x")(lambda _call: Answer(chunks=endless()))
    with pytest.raises(Fatal, match="longer than 1,000,000"):
        connect(limits=Limits(max_bytes=1_000_000)).get("/x")


def test_a_body_of_exactly_the_limit_is_taken(api: FakeApi, connect: Connect) -> None:
    for packed in (False, True):
        body = gzip.compress(TEXT) if packed else TEXT
        headers = {"Content-Type": "application/json", **({"Content-Encoding": "gzip"} if packed else {})}
        api.faults.add(body=body, headers=headers, times=2)
        assert connect(limits=Limits(max_bytes=len(TEXT))).get("/x").content == TEXT
        with pytest.raises(Fatal, match="longer"):
            connect(limits=Limits(max_bytes=len(TEXT) - 1)).get("/x")


def test_a_web_page_where_json_belongs_is_named_by_its_title_and_status(api: FakeApi, connect: Connect) -> None:
    page = b"<!DOCTYPE html><html><head><title>\n Sign in &amp; go </title></head></html>"
    for headers in ({"Content-Type": "text/html; charset=utf-8"}, {"Content-Type": "application/json"}, {}):
        fault = api.faults.add(body=page, headers=headers, times=99)
        with pytest.raises(Fatal, match='status 200 came with a web page "Sign in & go"') as caught:
            connect().get("/x")
        assert caught.value.code == "REV-506"
        assert "base_url" in caught.value.hint
        assert fault.hits == 3
        api.faults.clear()


def test_a_web_page_of_a_moments_maintenance_is_read_again(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: {"a": 1})
    api.faults.add(body=b"<html><h1>Back soon</h1></html>", headers={"Content-Type": "text/html"}, times=2)
    assert connect().get("/x").json == {"a": 1}


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(word: str, api: FakeApi, connect: Connect) -> None:
    api.faults.add(body=f'{{"amount": {word}}}'.encode(), headers={"Content-Type": "application/json"}, times=9)
    with pytest.raises(Fatal, match=f"JSON with {word}"):
        connect().get("/x")
    assert len(api.calls) == 1


@pytest.mark.parametrize(
    "body", [b"{'a': 1}", b'{"a": 1} extra', b'{"a": 1,}', b"[" * 100_000, b"[" + b"9" * 5000 + b"]", b'{"a": "\xff"}']
)
def test_what_is_no_json_is_final(body: bytes, api: FakeApi, connect: Connect) -> None:
    api.faults.add(body=body, headers={"Content-Type": "application/json"}, times=99)
    with pytest.raises(Fatal, match="JSON") as caught:
        connect().get("/x")
    assert len(api.calls) == 1
    assert len(str(caught.value)) < 700


def test_text_is_left_alone_until_json_is_asked_of_it(api: FakeApi, connect: Connect) -> None:
    api.faults.add(body="name\nJosé".encode("latin-1"), headers={"Content-Type": "text/csv; charset=ISO-8859-1"})
    api.faults.add(body=b'{"id": 1}\n{"id": 2}\n', headers={"Content-Type": "application/x-ndjson"})
    api.faults.add(body="\ufeffna\u00efve".encode(), headers={"Content-Type": "text/plain"})
    api.faults.add(body=b"\xff\xfe\xfd", headers={"Content-Type": "text/plain"})
    api.faults.add(body=b"<html>", headers={"Content-Type": "text/html"})
    http = connect()
    reply = http.get("/x")
    assert reply.text == "name\nJosé"
    with pytest.raises(Fatal, match="JSON was expected"):
        _ = reply.json
    assert [json.loads(line) for line in http.get("/x").text.splitlines()] == [{"id": 1}, {"id": 2}]
    assert http.get("/x").text == "naïve"
    broken = http.get("/x")
    with pytest.raises(Fatal, match="not utf-8"):
        _ = broken.text
    assert http.get("/x", headers={"Accept": "text/html"}).text == "<html>"


def test_an_empty_reply_has_no_json(api: FakeApi, connect: Connect) -> None:
    api.route("DELETE", "/x")(lambda _call: Answer(204))
    reply = connect().delete("/x")
    assert (reply.status, reply.content) == (204, b"")
    with pytest.raises(Fatal, match="status 204 came with nothing"):
        _ = reply.json


def test_json_is_parsed_once_and_exactly() -> None:
    reply = Reply(200, {}, "", b'{"a": 0.1, "b": [1e400]}')
    assert reply.json is reply.json
    assert reply.json == {"a": Decimal("0.1"), "b": [Decimal("1E+400")]}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb'"cut \ud83d"', "cut \ufffd"),
        (rb'"\uDE00 cut"', "\ufffd cut"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (b'"\xed\xa0\xbd"', "\ufffd"),
        (rb'"whole \ud83d\ude00"', "whole \U0001f600"),
        (rb'"no escape \\ud83d"', "no escape \\ud83d"),
        ('"\ud55c\uad6d \U0001f600"'.encode(), "\ud55c\uad6d \U0001f600"),
    ],
)
def test_half_a_character_becomes_a_mark_since_no_store_can_hold_it(body: bytes, text: str) -> None:
    found = Reply(200, {}, "", b'[{"a": [' + body + b'], "b": 0.10}]').json
    assert found == [{"a": [text], "b": Decimal("0.10")}]
    found[0]["a"][0].encode()


# -- streams


def test_a_long_body_is_streamed_in_bounded_memory_beyond_the_limit(api: FakeApi, connect: Connect) -> None:
    def lines() -> Iterator[bytes]:
        for _ in range(300):
            yield b"a,b,c\n" * 10_000

    api.route("GET", "/x")(lambda _call: Answer(chunks=lines(), headers={"Content-Type": "text/csv", "X-Locator": "7"}))
    http = connect(limits=Limits(max_bytes=1000))
    tracemalloc.start()
    with http.stream("GET", "/x", params={"a": 1}) as body:
        size = sum(len(piece) for piece in body)
        assert body.reply_headers["x-locator"] == "7"
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 18_000_000
    assert peak < 3_000_000
    assert api.calls[0].query == {"a": "1"}


def test_a_stream_is_tried_again_before_the_first_byte_and_breaks_off_after_it(api: FakeApi, connect: Connect) -> None:
    @api.route("GET", "/x")
    def rows(_call: Call) -> Answer:
        return Answer(chunks=[b"a" * 1000, b"b" * 1000])

    api.faults.add(status=503)
    api.faults.add(drop=True)
    api.faults.add(cut=0)
    http = connect()
    with http.stream("GET", "/x") as body:
        assert b"".join(body) == b"a" * 1000 + b"b" * 1000
    api.faults.add(cut=1500)
    got: list[bytes] = []
    with http.stream("GET", "/x") as body, pytest.raises(Retriable, match="cut off") as caught:
        got.extend(body)
    assert got == [b"a" * 1000]
    assert caught.value.code == "REV-505"


def test_an_empty_stream_has_no_pieces(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: Answer(204))
    with connect().stream("GET", "/x") as body:
        assert (body.status, list(body)) == (204, [])


def test_a_streams_refusal_is_raised_with_the_vendors_words(api: FakeApi, connect: Connect) -> None:
    api.faults.add(status=404, json={"message": "no such job"})
    with pytest.raises(Fatal, match="no such job"), connect().stream("GET", "/x"):
        pass


def test_a_stream_that_is_left_early_lets_go_of_its_connection(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: Answer(chunks=(b"x" * 1000 for _ in range(100))))
    api.route("GET", "/y")(lambda _call: {})
    http = connect()
    for _ in range(20):  # more than the pool holds
        with http.stream("GET", "/x") as body:
            next(body)
    assert http.get("/y").json == {}


def test_a_packed_stream_is_unpacked_and_a_cancelled_pull_leaves_it(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(
        lambda _call: Answer(body=gzip.compress(b"a" * 1_000_000), headers={"Content-Encoding": "gzip"})
    )
    stopped: list[int] = []
    http = connect(context={"cancelled": lambda: bool(stopped)})
    with http.stream("GET", "/x") as body:
        assert len(next(body)) == 256 * 1024
        stopped.append(1)
        with pytest.raises(Retriable, match="stopped"):
            next(body)


def test_a_range_is_asked_of_the_body_itself_not_of_a_packed_one(api: FakeApi, connect: Connect) -> None:
    api.route("GET", "/x")(lambda _call: Answer(206, body=b"rest"))
    with connect().stream("GET", "/x", headers={"Range": "bytes=100-"}) as body:
        assert (body.status, b"".join(body)) == (206, b"rest")
    assert api.calls[0].headers["Accept-Encoding"] == "identity"


def test_pages_of_a_thousand_records_come_fast(api: FakeApi, connect: Connect) -> None:
    page: Any = {"data": [{"id": f"r{n}", "amount": n, "name": "x" * 40} for n in range(1000)], "has_more": False}
    api.route("GET", "/x")(lambda _call: page)
    http = connect()
    begun = time.process_time()
    records = sum(len(found.items) for _ in range(20) for found in http.pages("/x", After("a", items="data")))
    assert records / (time.process_time() - begun) > 10_000  # measured: 190,000 and more, the server's work included
