"""common/queue.h, the same over both kinds of queue, and what only one of them can do. Each
Consumer is a process of its own."""

import json
import re
import subprocess
import time

import pytest

from stack.consumer import Consumer
from stack.driver import driver_path
from stack.processes import wait_until
from stack.redis import Redis
from stack.suite import redis_queues
from stack.queues import RedisBackend, SqsBackend

SHORT_MS = 2000  # SQS counts leases in seconds
GONE_OR_LOST = ("ok", "superseded")


@pytest.fixture
def make_consumer():
    """make_consumer(settings, visibility_ms=...): ended after the test, and it must end well."""
    consumers = []

    def make(settings, **options):
        consumers.append(Consumer(settings, **options))
        return consumers[-1]

    yield make
    codes = [consumer.close() for consumer in consumers if not consumer.killed]
    assert codes == [0] * len(codes)


@pytest.fixture
def consumer(make_consumer, backend):
    return make_consumer(backend.settings)


@pytest.fixture
def short(make_consumer, backend):
    """A consumer whose leases are short."""
    return make_consumer(backend.settings, visibility_ms=SHORT_MS)


def depth_of(backend, role="inspection"):
    return tuple(backend.depth(role))


# Both kinds


def test_send_receive_delete(consumer, backend):
    before_ms = time.time() * 1000
    assert consumer.check() == "ok"
    assert consumer.send('{"ImageName":"a"}') == "ok"
    message = consumer.receive()
    assert (message.err, message.body, message.receive_count) == ("ok", '{"ImageName":"a"}', 1)
    assert before_ms - 2000 < message.sent_ms < time.time() * 1000 + 2000
    assert message.message_id and message.receipt
    assert depth_of(backend) == (0, 1, 0)
    assert consumer.delete(message) == "ok"
    assert depth_of(backend) == (0, 0, 0)


def test_waiting_forms_do_the_same(consumer, backend):
    assert consumer.check(wait=True) == "ok"
    for body in ("1", "2", "3", "4"):
        assert consumer.send(body, wait=True) == "ok"
    assert consumer.depth(wait=True).waiting == 4
    messages = [consumer.receive(wait=True) for _ in range(4)]
    assert sorted(message.body for message in messages) == ["1", "2", "3", "4"]
    assert consumer.extend(messages[0], 60_000, wait=True) == "ok"
    assert consumer.delete(messages[0], wait=True) == "ok"
    assert consumer.complete(messages[1], "next", wait=True) == "ok"
    assert consumer.defer(messages[2], "later", 600_000, wait=True) == "ok"
    assert consumer.dead(messages[3], "why", wait=True) == "ok"
    assert depth_of(backend) == (0, 0, 1)
    assert depth_of(backend, "size") == (1, 0, 0)
    assert backend.dead("inspection") == 1


def test_empty_long_poll_ends_in_time(consumer):
    start = time.monotonic()
    message = consumer.receive(wait_ms=1000)
    assert (message.err, message.body) == ("ok", None)
    assert 0.9 < time.monotonic() - start < 4


def test_message_sent_during_a_long_poll_ends_it(consumer, make_consumer, backend):
    poll = consumer.start("receive", wait_ms=20_000)
    assert make_consumer(backend.settings).send("hello") == "ok"
    message = consumer.result(poll, 5)
    assert message.body == "hello"


def test_bodies_arrive_unchanged(consumer):
    bodies = [
        "x" * 65_536,
        json.dumps({"n": "Grüße, \u65e5\u672c, \U0001f433"}, ensure_ascii=False),
    ]
    bodies += ['quote " backslash \\ slash / tab \t newline \n <&>', "%s %d %%"]
    for body in bodies:
        assert consumer.send(body) == "ok"
        message = consumer.receive()
        assert message.body == body
        assert consumer.delete(message) == "ok"


def test_bodies_that_cannot_be_sent_are_refused(consumer, backend):
    assert consumer.send("") == "invalid"
    assert consumer.send("x" * 1_048_577) == "too large"
    assert depth_of(backend) == (0, 0, 0)
    assert consumer.health().healthy


def test_lease_that_runs_out_gives_the_message_to_another(short, make_consumer, backend):
    assert short.send("job") == "ok"
    first = short.receive()
    other = make_consumer(backend.settings, visibility_ms=SHORT_MS)
    again = other.receive(wait_ms=10_000)
    assert (again.body, again.receive_count) == ("job", 2)
    assert again.message_id == first.message_id
    assert other.delete(again) == "ok"


def test_killed_consumer_loses_nothing(make_consumer, backend):
    first = make_consumer(backend.settings, visibility_ms=SHORT_MS)
    assert first.send("job") == "ok"
    assert first.receive().body == "job"
    first.kill()
    second = make_consumer(backend.settings, visibility_ms=SHORT_MS)
    again = second.receive(wait_ms=10_000)
    assert (again.body, again.receive_count) == ("job", 2)
    assert second.delete(again) == "ok"


def test_extended_lease_holds(short, make_consumer, backend):
    assert short.send("long job") == "ok"
    message = short.receive()
    other = make_consumer(backend.settings, visibility_ms=SHORT_MS)
    poll = other.start("receive", wait_ms=4000)
    for _ in range(5):
        assert not other.is_done(poll)
        assert short.extend(message, SHORT_MS) == "ok"
        time.sleep(0.8)
    assert other.result(poll).body is None
    assert short.delete(message) == "ok"
    assert depth_of(backend) == (0, 0, 0)


def test_lease_of_nothing_gives_the_message_back_at_once(consumer):
    assert consumer.send("job") == "ok"
    message = consumer.receive()
    assert consumer.extend(message, 0) == "ok"
    start = time.monotonic()
    again = consumer.receive()
    assert (again.body, again.receive_count) == ("job", 2)
    assert time.monotonic() - start < 1.5
    assert consumer.delete(again) == "ok"


def test_delayed_message_comes_when_it_is_due(consumer, backend):
    start = time.monotonic()
    assert consumer.send("later", delay_ms=2000) == "ok"
    assert consumer.send("later", delay_ms=2000) == "ok"  # the same body twice is two messages
    assert depth_of(backend) == (0, 0, 2)
    assert consumer.depth().delayed == 2
    assert consumer.receive(wait_ms=0).body is None
    for _ in range(2):
        message = consumer.receive(wait_ms=10_000)
        assert (message.body, message.receive_count) == ("later", 1)
        assert 1.5 < time.monotonic() - start < 6
        assert consumer.delete(message) == "ok"


def test_deferred_message_is_a_fresh_one(consumer, backend):
    assert consumer.send("first") == "ok"
    message = consumer.receive()
    assert consumer.extend(message, 0) == "ok"
    message = consumer.receive()
    assert message.receive_count == 2
    assert consumer.defer(message, "second", 1000) == "ok"
    assert depth_of(backend) == (0, 0, 1)
    fresh = consumer.receive(wait_ms=10_000)
    assert (fresh.body, fresh.receive_count) == ("second", 1)
    assert consumer.defer(fresh, "third", 0) == "ok"
    third = consumer.receive()
    assert (third.body, third.receive_count) == ("third", 1)
    assert consumer.delete(third) == "ok"
    assert depth_of(backend) == (0, 0, 0)


def test_dead_message_leaves_with_its_reason(consumer, backend):
    assert consumer.check() == "ok"
    assert consumer.send("poison") == "ok"
    message = consumer.receive()
    assert consumer.dead(message, "no such layer:\n\x01 Grüße") == "ok"
    assert depth_of(backend) == (0, 0, 0)
    body, reason = dead_letter(backend)
    assert body == "poison"
    assert re.sub(r"[\n\x01]", " ", reason) == "no such layer:   Grüße"


def dead_letter(backend):
    """(body, reason) of the one dead message"""
    if backend.name == "redis":
        ((_, fields),) = backend._call("XRANGE", "{mb:1:q}:inspection-dead", "-", "+")
        entry = dict(zip(fields[::2], fields[1::2]))
        assert (entry["count"], bool(re.fullmatch(r"\d+-\d+", entry["id"]))) == ("1", True)
        reason = entry["reason"].encode(errors="surrogateescape").decode()
        return entry["body"], reason
    answer = backend.sqs.call(
        "ReceiveMessage", queue=backend.names["inspection-dead"], MessageAttributeNames=["All"]
    )
    (message,) = answer["Messages"]
    return message["Body"], message["MessageAttributes"]["Reason"]["StringValue"]


def test_dead_without_a_check_before(consumer, backend):
    assert consumer.send("poison") == "ok"
    assert consumer.dead(consumer.receive(), "") == "ok"
    assert backend.dead("inspection") == 1
    assert depth_of(backend) == (0, 0, 0)


def test_complete_sends_the_next_and_deletes(consumer, backend):
    assert consumer.send("one") == "ok"
    message = consumer.receive()
    assert consumer.complete(message, "two") == "ok"
    assert depth_of(backend) == (0, 0, 0)
    assert depth_of(backend, "size") == (1, 0, 0)
    following = consumer.receive(queue="b")
    assert (following.body, following.receive_count) == ("two", 1)
    assert consumer.complete(following, "", next="none", queue="b") == "ok"  # nothing to send
    assert depth_of(backend, "size") == (0, 0, 0)


def test_complete_into_the_same_queue(consumer, backend):
    assert consumer.send("part 1") == "ok"
    assert consumer.complete(consumer.receive(), "part 2", next="a") == "ok"
    message = consumer.receive()
    assert (message.body, message.receive_count) == ("part 2", 1)
    assert consumer.delete(message) == "ok"


def test_deleting_twice_is_no_error(consumer):
    assert consumer.send("job") == "ok"
    message = consumer.receive()
    assert consumer.delete(message) == "ok"
    assert consumer.delete(message) == "ok"
    assert consumer.health().healthy


def test_lost_lease_is_told_where_it_can_be(short, make_consumer, backend):
    assert short.send("job") == "ok"
    lost = short.receive()
    owner = make_consumer(backend.settings, visibility_ms=SHORT_MS)
    held = wait_until(lambda: received(owner, 1000), 15, "the message to come again")
    results = [
        short.extend(lost, SHORT_MS),
        short.delete(lost),
        short.complete(lost, "next"),
        short.defer(lost, "copy", 0),
        short.dead(lost, "late"),
    ]
    if backend.name == "redis":
        assert results == ["superseded"] * 5
        assert depth_of(backend) == (0, 1, 0)
        assert depth_of(backend, "size") == (0, 0, 0)
        assert backend.dead("inspection") == 0
    else:
        assert set(results) <= set(GONE_OR_LOST)
    assert owner.delete(held) == "ok"
    assert short.health().healthy


def received(consumer, wait_ms):
    message = consumer.receive(wait_ms=wait_ms)
    return message if message.body is not None else None


def test_extending_what_is_deleted_is_a_lost_lease(consumer):
    assert consumer.send("job") == "ok"
    message = consumer.receive()
    assert consumer.delete(message) == "ok"
    assert consumer.extend(message, 60_000) == "superseded"


def test_depth_counts_exactly(consumer):
    assert consumer.check() == "ok"
    for body in range(5):
        assert consumer.send(str(body)) == "ok"
    assert consumer.send("later", delay_ms=600_000) == "ok"
    messages = [consumer.receive(), consumer.receive()]
    depth = consumer.depth()
    assert (depth.err, depth.waiting, depth.in_flight, depth.delayed) == ("ok", 3, 2, 1)
    assert consumer.delete(messages[0]) == "ok"
    depth = consumer.depth()
    assert (depth.waiting, depth.in_flight, depth.delayed) == (3, 1, 1)


def test_depth_of_an_untouched_queue(consumer, backend):
    depth = consumer.depth()
    assert (depth.waiting, depth.in_flight, depth.delayed) == (0, 0, 0)
    assert depth.oldest_age_ms == (0 if backend.name == "redis" else -1)


def test_each_message_goes_to_one_consumer(make_consumer, backend):
    consumers = [make_consumer(backend.settings) for _ in range(3)]
    for number in range(30):
        assert consumers[0].send(str(number)) == "ok"
    bodies = []
    for turn in range(30):
        message = consumers[turn % 3].receive()
        bodies.append(message.body)
        assert consumers[turn % 3].delete(message) == "ok"
    assert sorted(bodies, key=int) == [str(number) for number in range(30)]
    assert depth_of(backend) == (0, 0, 0)


def test_freeing_ends_what_is_under_way(consumer):
    poll = consumer.start("receive", wait_ms=20_000)
    time.sleep(0.2)
    assert consumer.run("free").err == "ok"
    assert consumer.result(poll, 5).err == "cancelled"


def test_names_are_the_last_part_of_the_url(consumer, backend):
    assert consumer.health().name.endswith("inspection")
    assert consumer.health("b").name.endswith("size")


@pytest.mark.parametrize(
    "url, why",
    [
        ("redis://127.0.0.1/0", "names no stream"),
        ("redis://127.0.0.1/0?stream=a%20b", "stream's name"),
        ("ftp://host/x", "redis://"),
        ("https://sqs.us-east-1.amazonaws.com/1/jobs.fifo", "FIFO"),
        ("https://sqs.us-east-1.amazonaws.com/jobs", "ACCOUNT/NAME"),
    ],
)
def test_bad_urls_are_named_at_the_start(url, why):
    run = subprocess.run(
        [driver_path("queue-driver"), "1000", "5", f"a={url}"],
        capture_output=True,
        text=True,
        env={},
        timeout=20,
    )
    assert run.returncode == 2
    assert why in run.stderr


# Redis


@pytest.fixture
def on_redis(redis, db):
    return RedisBackend(redis, db)


def test_redis_stop_ends_a_blocked_receive(make_consumer, on_redis):
    consumer = make_consumer(on_redis.settings)
    assert consumer.receive(wait_ms=0).body is None  # the connections are there
    for _ in range(5):
        poll = consumer.start("receive", wait_ms=20_000)
        start = time.monotonic()
        assert consumer.run("stop").err == "ok"
        assert consumer.result(poll, 10).body is None
        assert time.monotonic() - start < 2
    poll = consumer.start("receive", wait_ms=20_000)
    time.sleep(0.3)
    assert consumer.run("stop").err == "ok"
    assert consumer.result(poll, 2).body is None
    assert consumer.send("after") == "ok"
    assert consumer.receive().body == "after"


def test_redis_stop_leaves_nothing_in_flight(make_consumer, on_redis):
    reader, sender = make_consumer(on_redis.settings), make_consumer(on_redis.settings)
    assert reader.receive(wait_ms=0).body is None
    for number in range(40):
        poll = reader.start("receive", wait_ms=20_000)
        time.sleep(number % 5 / 1000)
        sent = sender.start("send", body=str(number))
        assert reader.run("stop").err == "ok"
        message = reader.result(poll, 10)
        assert sender.result(sent).err == "ok"
        if message.body is None:
            assert depth_of(on_redis) == (1, 0, 0)
            message = reader.receive()
        assert message.body == str(number)
        assert reader.delete(message) == "ok"


def test_redis_stop_of_a_first_receive(make_consumer, on_redis):
    consumer = make_consumer(on_redis.settings)
    poll = consumer.start("receive", wait_ms=20_000)
    assert consumer.run("stop").err == "ok"
    assert consumer.result(poll, 5).err in ("ok", "unavailable")


def test_redis_deleted_stream_is_made_again(make_consumer, on_redis):
    consumer = make_consumer(on_redis.settings)
    assert consumer.check() == "ok"
    poll = consumer.start("receive", wait_ms=20_000)
    time.sleep(0.3)
    on_redis._call("DEL", "{mb:1:q}:inspection")
    time.sleep(0.2)
    assert consumer.send("after") == "ok"
    message = consumer.result(poll, 10)
    assert (message.err, message.body) == ("ok", "after")
    on_redis._call("FLUSHDB")
    assert consumer.delete(message) == "ok"  # it is gone, which was wanted
    assert consumer.extend(message, 1000) == "superseded"
    assert consumer.depth().waiting == 0
    assert consumer.receive(wait_ms=300).err == "ok"


def test_redis_destroyed_group_hands_out_what_is_there(make_consumer, on_redis):
    consumer = make_consumer(on_redis.settings)
    assert consumer.send("early") == "ok"
    assert consumer.check() == "ok"
    on_redis._call("XGROUP", "DESTROY", "{mb:1:q}:inspection", "workers")
    assert consumer.receive().body == "early"


def test_redis_complete_is_one_step(make_consumer, on_redis):
    consumer = make_consumer(on_redis.settings)
    assert consumer.send("one") == "ok"
    message = consumer.receive()
    with on_redis.redis.client() as monitor:
        monitor.call("MONITOR")
        assert consumer.complete(message, "two") == "ok"
        commands = []
        while not commands or commands[-1][1].upper() != "XDEL":
            commands.append(re.search(r'\[\d+ (\S+)\] "(\w+)"', monitor.answer()).groups())
    own = [name for source, name in commands if source != "lua"]
    assert own == ["EVAL"]
    assert [name.upper() for source, name in commands if source == "lua"] == [
        "TIME",
        "XPENDING",
        "XADD",
        "XACK",
        "XDEL",
    ]


def test_redis_complete_between_databases(make_consumer, on_redis, redis):
    settings = on_redis.settings
    other = redis.url(63, "size")
    redis.flush(63)
    consumer = make_consumer(settings, c=other)
    assert consumer.send("one") == "ok"
    assert consumer.complete(consumer.receive(), "two", next="c") == "ok"
    assert depth_of(on_redis) == (0, 0, 0)
    assert consumer.receive(queue="c").body == "two"
    redis.flush(63)


def test_redis_forgets_consumers_of_long_ago(make_consumer, on_redis):
    key = "{mb:1:q}:inspection"
    consumer = make_consumer(on_redis.settings)
    assert consumer.check() == "ok"
    for name in ("young", "holder"):
        on_redis._call("XGROUP", "CREATECONSUMER", key, "workers", name)
    assert consumer.send("held") == "ok"
    assert on_redis._call("XREADGROUP", "GROUP", "workers", "holder", "STREAMS", key, ">")
    assert consumer.check() == "ok"
    rows = on_redis._call("XINFO", "CONSUMERS", key, "workers")
    assert {row[1] for row in rows} >= {"young", "holder"}


def test_redis_idle_receive_wakes_seldom(make_consumer, on_redis):
    consumer = make_consumer(on_redis.settings)
    assert consumer.receive(wait_ms=0).err == "ok"
    before = commands_processed(on_redis)
    poll = consumer.start("receive", wait_ms=6000)
    assert consumer.result(poll).body is None
    assert commands_processed(on_redis) - before < 30  # those inside scripts count as well


def commands_processed(backend):
    text = backend._call("INFO", "stats")
    return int(re.search(r"total_commands_processed:(\d+)", text).group(1))


def test_redis_foreign_entry_is_a_message_without_body(make_consumer, on_redis):
    consumer = make_consumer(on_redis.settings)
    assert consumer.check() == "ok"
    on_redis._call("XADD", "{mb:1:q}:inspection", "*", "other", "field", "more", "text")
    message = consumer.receive()
    assert (message.err, message.body) == ("ok", "")
    assert consumer.dead(message, "unreadable") == "ok"


def test_redis_that_dies_comes_back(make_consumer, tmp_path):
    server = Redis(tmp_path).start()
    try:
        consumer = make_consumer(redis_queues(server))
        assert consumer.send("one") == "ok"
        assert consumer.health().healthy
        assert consumer.receive().body == "one"
        poll = consumer.start("receive", wait_ms=20_000)
        time.sleep(0.2)
        server.kill()
        assert consumer.result(poll, 10).err == "unavailable"
        assert consumer.send("two") == "unavailable"
        health = consumer.health()
        assert not health.healthy and "Redis" in health.last_error
        server.start()
        wait_until(lambda: consumer.send("three") == "ok", 10, "the queue to work again", 0.1)
        assert consumer.health().healthy
        assert consumer.receive(wait_ms=10_000).body == "three"
    finally:
        server.stop()


def test_redis_start_waits_for_the_server(make_consumer, tmp_path):
    server = Redis(tmp_path)
    consumer = make_consumer(redis_queues(server), wait=False)
    check = consumer.start("check")
    server.start()
    try:
        assert consumer.result(check, 10).err == "ok"
    finally:
        server.stop()


def test_redis_key_of_another_type_stops_the_start(make_consumer, on_redis):
    on_redis._call("SET", "{mb:1:q}:inspection", "text")
    consumer = make_consumer(on_redis.settings)
    assert consumer.check() == "invalid"
    assert "WRONGTYPE" in consumer.health().last_error
    assert consumer.receive(wait_ms=100).err == "unavailable"
    assert not consumer.health().healthy


def test_redis_out_of_memory_is_unavailable(make_consumer, tmp_path):
    server = Redis(tmp_path).start()
    try:
        consumer = make_consumer(redis_queues(server))
        assert consumer.check() == "ok"
        with server.client() as client:
            client.call("CONFIG", "SET", "maxmemory", "1")
            assert consumer.send("x") == "unavailable"
            assert "OOM" in consumer.health().last_error
            client.call("CONFIG", "SET", "maxmemory", "0")
        assert consumer.send("x") == "ok"
    finally:
        server.stop()


# SQS


@pytest.fixture
def on_sqs(sqs):
    queues = SqsBackend(sqs)
    yield queues
    queues.close()


@pytest.fixture
def sqs_consumer(make_consumer, on_sqs):
    return make_consumer(on_sqs.settings)


RETRIED = ["http500", "http503", "http502_html", "throttle", "throttle_coral", "throttle429"]
RETRIED += ["reset_before", "close_before", "garbage", "wrong_type", "truncate", "error_after"]
HARMLESS = ["slow_body", "slow_head", "chunked", "no_length", "close_idle", "conn_close", "delay"]


@pytest.mark.parametrize("kind", RETRIED + HARMLESS)
def test_sqs_fault_is_survived(sqs_consumer, on_sqs, sqs, kind):
    for operation in ("SendMessage", "ReceiveMessage", "DeleteMessage"):
        sqs.fault(kind, operation, next=1, ms=300)
    assert sqs_consumer.send("job") == "ok"
    message = sqs_consumer.receive(wait_ms=1000)
    if kind in ("truncate", "error_after") and message.body is None:
        # The first answer took the message with it, unless the send's retry made a second one.
        assert sum(on_sqs.depth("inspection")) == 1
        return
    assert (message.err, message.body) == ("ok", "job")
    assert sqs_consumer.delete(message) == "ok"
    assert sqs_consumer.health().healthy
    counts = sqs.counts()["ops"]
    least = 2 if kind in RETRIED else 1
    assert counts["SendMessage"]["requests"] >= least
    assert counts["DeleteMessage"]["requests"] >= least


@pytest.mark.parametrize("kind", ["reset_after", "close_after"])
def test_sqs_answer_lost_after_the_act(sqs_consumer, on_sqs, sqs, kind):
    sqs.fault(kind, "SendMessage", next=1)
    assert sqs_consumer.send("job") == "ok"
    assert depth_of(on_sqs)[0] == 2  # at least once
    message = sqs_consumer.receive()
    sqs.fault(kind, "DeleteMessage", next=1)
    assert sqs_consumer.delete(message) == "ok"
    assert depth_of(on_sqs) == (1, 0, 0)


def test_sqs_gives_up_after_three_attempts(sqs_consumer, sqs):
    sqs.fault("http500", "SendMessage", prob=1)
    assert sqs_consumer.send("job") == "upstream failure"
    assert sqs.counts()["ops"]["SendMessage"]["requests"] == 3
    health = sqs_consumer.health()
    assert not health.healthy
    assert health.last_error == "SQS SendMessage: 500 InternalFailure: injected"
    sqs.reset()
    assert sqs_consumer.send("job") == "ok"
    assert sqs_consumer.health().healthy


def test_sqs_that_goes_on_throttling_is_a_rate_limit(sqs_consumer, sqs):
    sqs.fault("throttle", "SendMessage", prob=1)
    assert sqs_consumer.send("job") == "rate limited"


def test_sqs_retry_after_is_obeyed(sqs_consumer, sqs):
    sqs.fault("http503", "SendMessage", next=1, headers={"x-amz-retry-after": "1500"})
    start = time.monotonic()
    assert sqs_consumer.send("job") == "ok"
    assert 1.4 < time.monotonic() - start < 6


@pytest.mark.parametrize("kind", ["bad_md5", "bad_body"])
def test_sqs_spoilt_body_is_not_handed_out(make_consumer, on_sqs, sqs, kind):
    consumer = make_consumer(on_sqs.settings, visibility_ms=SHORT_MS)
    assert consumer.send("job") == "ok"
    sqs.fault(kind, "ReceiveMessage", next=1)
    assert consumer.receive().err == "malformed answer"
    assert "MD5" in consumer.health().last_error
    again = consumer.receive(wait_ms=10_000)
    assert (again.body, again.receive_count) == ("job", 2)


def test_sqs_spoilt_send_is_told(sqs_consumer, sqs):
    sqs.fault("bad_md5", "SendMessage", next=1)
    assert sqs_consumer.send("job") == "malformed answer"


def test_sqs_expired_token_is_asked_for_again_once(sqs_consumer, sqs):
    sqs.fault("expired_token", "SendMessage", next=1)
    assert sqs_consumer.send("job") == "ok"
    sqs.reset()
    sqs.fault("expired_token", "SendMessage", prob=1)
    assert sqs_consumer.send("job") == "missing or private"
    assert sqs.counts()["ops"]["SendMessage"]["requests"] == 2
    assert "ExpiredToken" in sqs_consumer.health().last_error


def test_sqs_credentials_may_change_while_running(make_consumer, on_sqs, sqs):
    consumer = make_consumer(on_sqs.settings)
    assert consumer.send("one") == "ok"
    sqs.configure(creds={"AKIDNEXT": {"secret": "next/secret", "token": "next+token/=="}})
    assert consumer.send("two") == "missing or private"
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "AKIDNEXT"),
        ("AWS_SECRET_ACCESS_KEY", "next/secret"),
        ("AWS_SESSION_TOKEN", "next+token/=="),
    ):
        assert consumer.run("setenv", name=name, value=value).err == "ok"
    assert consumer.send("three") == "ok"
    assert sqs.counts()["keys"]["AKIDNEXT"] == 1


def test_sqs_wrong_secret_is_a_clear_error(make_consumer, on_sqs, sqs):
    token = "session/token+that/nobody=shall&see"
    sqs.configure(creds={"AKIDLOCAL": {"secret": "right", "token": token}})
    settings = {
        **on_sqs.settings,
        "AWS_SECRET_ACCESS_KEY": "wrong-secret",
        "AWS_SESSION_TOKEN": token,
    }
    consumer = make_consumer(settings)
    assert consumer.send("job") == "missing or private"
    error = consumer.health().last_error
    assert error.startswith("SQS SendMessage: 403 InvalidSignature: The request signature we")
    assert token not in error and "wrong-secret" not in error
    assert sqs.counts()["ops"]["SendMessage"]["requests"] == 1
    assert not consumer.health().healthy


def test_sqs_wrong_clock_is_named(sqs_consumer, sqs):
    sqs.configure(clock_offset=3600)
    assert sqs_consumer.send("job") == "missing or private"
    assert re.search(r"clock is 3\d\d\d s behind the server's", sqs_consumer.health().last_error)


def test_sqs_queue_that_is_not_there(make_consumer, on_sqs, sqs):
    settings = {**on_sqs.settings, "MB_INSPECTION_QUEUE": sqs.queue_url("nowhere")}
    consumer = make_consumer(settings)
    assert consumer.check() == "not found"
    assert consumer.receive(wait_ms=1000).err == "not found"
    assert "QueueDoesNotExist" in consumer.health().last_error
    assert not consumer.health().healthy


def test_sqs_redrive_policy_must_fit(make_consumer, sqs):
    queues = SqsBackend(sqs, max_receives=4)
    consumer = make_consumer(queues.settings, max_receives=5)
    assert consumer.check() == "invalid"
    assert "maxReceiveCount" in consumer.health().last_error
    sqs.call("CreateQueue", QueueName="plain")
    bare = make_consumer({**queues.settings, "MB_INSPECTION_QUEUE": sqs.queue_url("plain")})
    assert bare.check() == "invalid"
    assert "no redrive policy" in bare.health().last_error
    sqs.call("DeleteQueue", queue="plain")
    queues.close()


def test_sqs_idle_poll_is_one_request(sqs_consumer, sqs):
    assert sqs_consumer.receive(wait_ms=3000).body is None
    assert sqs.counts()["ops"]["ReceiveMessage"]["requests"] == 1


def test_sqs_early_empty_polls_do_not_spin(sqs_consumer, on_sqs, sqs):
    on_sqs.send("inspection", "swallowed")
    sqs.fault("empty", "ReceiveMessage", next=1)
    start = time.monotonic()
    assert sqs_consumer.receive(wait_ms=5000).body is None
    assert 0.4 < time.monotonic() - start < 3


def test_sqs_stop_waits_for_the_poll(sqs_consumer, on_sqs):
    poll = sqs_consumer.start("receive", wait_ms=3000)
    time.sleep(0.3)
    assert sqs_consumer.run("stop").err == "ok"
    assert not sqs_consumer.is_done(poll)
    on_sqs.send("inspection", "late")
    assert sqs_consumer.result(poll, 5).body == "late"


def test_sqs_duplicates_are_delivered(sqs_consumer, on_sqs, sqs):
    sqs.fault("duplicate", "SendMessage", next=1)
    assert sqs_consumer.send("job") == "ok"
    first, second = sqs_consumer.receive(), sqs_consumer.receive()
    assert (first.body, second.body) == ("job", "job")
    assert sqs_consumer.delete(first) == "ok"
    assert sqs_consumer.delete(second) == "ok"


def test_sqs_requests_are_well_formed(sqs_consumer, sqs):
    assert sqs_consumer.send("job", delay_ms=1) == "ok"
    assert sqs_consumer.receive(wait_ms=5000).body == "job"
    counts = sqs.counts()
    assert counts["lint"] == {}
    assert counts["refused"] == {}
