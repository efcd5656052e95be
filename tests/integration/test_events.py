"""Server-sent events of an image's status, as a browser's EventSource takes them."""

import http.client
import json
import socket
import threading

import pytest

from stack import described
from stack.processes import http_request, wait_until
from stack.samples import HOST


class EventStream:
    """Reads events on a thread of its own; `events` grows, `ended` is set at the end."""

    def __init__(self, suite, name, last_id=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", suite.port, timeout=60)
        headers = {"Last-Event-ID": last_id} if last_id else {}
        self.connection.request("GET", f"/v1/events/{name}", headers=headers)
        self.answer = self.connection.getresponse()
        self.events = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        fields = {}
        for line in self.answer:
            line = line.decode().rstrip("\n")
            if line:
                key, _, value = line.partition(": ")
                fields[key] = value
            elif fields:
                if "data" in fields:
                    state = json.loads(fields["data"])
                    described.violations += described.component_errors("ImageStatus", state)
                self.events.append(fields)
                fields = {}
        self.connection.close()
        self.ended.set()

    def statuses(self):
        return [json.loads(event["data"])["Status"] for event in self.events if "data" in event]

    def wait_end(self):
        assert self.ended.wait(30), self.events


def test_current_state_first_then_changes_then_the_end(suite, registry):
    name = f"{HOST}/{registry.fresh(3).name}"
    registry.proxy.delay_ms = 100
    stream = EventStream(suite, name)
    assert stream.answer.status == 200
    assert stream.answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert stream.answer.headers["Cache-Control"] == "no-store"
    assert stream.answer.headers["Access-Control-Allow-Origin"] == "*"
    wait_until(lambda: stream.events, 20, "the current state has come")
    assert stream.statuses() == ["UNKNOWN"]
    assert suite.get(f"/v1/images/{name}")[0] == 202
    stream.wait_end()
    statuses = stream.statuses()
    assert statuses[0] == "UNKNOWN"
    assert statuses[-1] == "INSPECTED"
    order = ["UNKNOWN", "SUBMITTED", "INSPECTING", "SIZE", "INSPECTED"]
    assert statuses == sorted(statuses, key=order.index)
    assert {event["event"] for event in stream.events} == {"status"}
    ids = [event["id"] for event in stream.events]
    assert ids[-1] not in ids[:-1]
    last = json.loads(stream.events[-1]["data"])
    assert last == suite.get(f"/v1/status/{name}")[2]
    assert (last["Stage"], last["Done"]) == ("done", last["Total"])


def test_events_enqueue_nothing(make_suite, backend):
    suite = make_suite(backend).start(["api"])
    stream = EventStream(suite, f"{HOST}/demo/hello")
    wait_until(lambda: stream.events, 20, "the current state has come")
    assert stream.statuses() == ["UNKNOWN"]
    assert backend.sent("inspection") == 0


def test_reconnect_that_knows_the_end_is_told_not_to_come_back(make_suite):
    suite = make_suite().start()
    name = f"{HOST}/demo/hello"
    suite.wait_status(name)
    stream = EventStream(suite, name)
    stream.wait_end()
    assert stream.statuses() == ["INSPECTED"]
    known = EventStream(suite, name, last_id=stream.events[-1]["id"])
    assert known.answer.status == 204
    older = EventStream(suite, name, last_id="1-1")
    older.wait_end()
    assert older.statuses() == ["INSPECTED"]


def test_missing_image_ends_the_stream(make_suite):
    suite = make_suite().start()
    stream = EventStream(suite, f"{HOST}/no/such")
    wait_until(lambda: stream.events, 20, "the current state has come")
    suite.get(f"/v1/images/{HOST}/no/such")
    stream.wait_end()
    assert stream.statuses()[-1] == "MISSING"


def test_many_clients_of_one_image_get_every_end(make_suite, registry):
    suite = make_suite(MB_MAX_WAITING_PER_ADDRESS=0).start()
    name = f"{HOST}/{registry.fresh(2).name}"
    registry.proxy.delay_ms = 100
    streams = [EventStream(suite, name) for _ in range(600)]
    assert suite.get(f"/v1/images/{name}")[0] == 202
    for stream in streams:
        stream.wait_end()
        assert stream.statuses()[-1] == "INSPECTED"


def test_head_and_bad_names(make_suite):
    suite = make_suite().start(["api"])
    status, headers, body = http_request("HEAD", suite.url + f"/v1/events/{HOST}/demo/hello")
    assert (status, body) == (200, b"")
    assert headers["Content-Type"].startswith("text/event-stream")
    assert suite.get("/v1/events/UPPER/case")[0] == 400
    assert suite.get("/v1/events/evil.example/x")[2]["code"] == "registry_not_allowed"


@pytest.mark.parametrize("kind", ["events", "images"])
def test_one_client_has_only_its_share_of_waiting(make_suite, kind):
    suite = make_suite(MB_MAX_WAITING_PER_ADDRESS=2).start(["api"])
    held = [EventStream(suite, f"{HOST}/demo/hello") for _ in range(2)]
    wait_until(lambda: all(stream.events for stream in held), 20, "both are held")
    path = f"/v1/{kind}/{HOST}/demo/hello" + ("?wait=20" if kind == "images" else "")
    status, headers, body = suite.get(path)
    assert (status, body["code"]) == (503, "too_many_waiting")
    assert int(headers["Retry-After"]) >= 1
    assert suite.get(f"/v1/images/{HOST}/demo/hello")[0] == 202, "who does not wait is answered"


def test_clients_that_left_give_their_place_back(make_suite, registry):
    suite = make_suite(MB_MAX_WAITING_PER_ADDRESS=1).start(["api"])
    name = f"{HOST}/{registry.fresh(1).name}"
    left = socket.create_connection(("127.0.0.1", suite.port))
    left.sendall(f"GET /v1/events/{name} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert b"200 OK" in left.recv(4096)
    left.close()
    # What is sent to it tells that it is gone: here that the image is submitted.
    suite.get(f"/v1/images/{name}")
    wait_until(lambda: EventStream(suite, name).answer.status == 200, 40, "the place is free again")


def test_drain_ends_streams_and_loses_nobody(make_suite, registry):
    suite = make_suite().start()
    name = f"{HOST}/{registry.fresh(1).name}"
    stream = EventStream(suite, name)
    wait_until(lambda: stream.events, 20, "the current state has come")
    assert suite["api"].term() == 0
    stream.wait_end()
    assert stream.events[-1] == {"retry": "500"}


def test_redis_lost_and_back(make_suite, own_redis):
    redis, queues = own_redis
    suite = make_suite(queues, MB_CACHE_URL=redis.url(0)).start()
    name = f"{HOST}/demo/hello"
    stream = EventStream(suite, name)
    wait_until(lambda: stream.events, 20, "the current state has come")
    redis.kill()
    wait_until(lambda: not suite["api"].is_ready(), 20, "the api has noticed")
    status, headers, body = suite.get(f"/v1/events/{HOST}/demo/labels")
    assert (status, body["code"]) == (503, "cache_unavailable")
    assert int(headers["Retry-After"]) >= 1
    redis.restart()
    wait_until(suite["api"].is_ready, 20, "the api is back")
    suite.wait_status(name, seconds=60)
    stream.wait_end()
    assert stream.statuses()[-1] == "INSPECTED"
