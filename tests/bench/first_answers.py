"""From the first request of an unknown image to its facts (wanted tag, all tag names) and to its
completion, and what that asks of the registry."""

import http.client
import itertools
import json
import statistics
import time

from stack import samples

from .stand import say

ROUNDS = 3
TAG_COUNTS = (1, 20, 200)
DELAYS_MS = (0, 30)
LIMIT_SECONDS = 120
# The program that this one replaces: seconds to facts, by (tags, delay); 11 requests a tag.
ORIGINAL = {(1, 0): 0.26, (20, 0): 1.3, (200, 0): 10.4, (1, 30): 0.40, (20, 30): 2.2}
ORIGINAL_REQUESTS_A_TAG = 11

_numbers = itertools.count(1)


def _has_facts(document, tag_count):
    tags = [tag["tag"] for version in document["Versions"] for tag in version["Tags"]]
    return len(tags) == tag_count and bool(document.get("LatestSHA"))


def _time_one(stand, tag_count):
    """(seconds to facts, seconds to completion, Counter of requests)"""
    repository = samples.tagged(f"bench/r{next(_numbers)}", tag_count)
    stand.publish(repository)
    stand.proxy.entries.clear()
    path = f"/v1/images/{samples.HOST}/{repository.name}?wait=20"
    connection = http.client.HTTPConnection("127.0.0.1", stand.programs.port, timeout=30)
    facts, etag = None, ""
    started = time.monotonic()
    while time.monotonic() - started < LIMIT_SECONDS:
        connection.request("GET", path, headers={"If-None-Match": etag} if etag else {})
        answer = connection.getresponse()
        body = answer.read()
        now = time.monotonic() - started
        if answer.status != 200:
            continue
        etag = answer.headers["ETag"]
        document = json.loads(body)
        if facts is None and _has_facts(document, tag_count):
            facts = now
        if document["Status"] == "INSPECTED":
            connection.close()
            return facts, now, stand.proxy.counts()
    raise RuntimeError(f"{path}: not complete within {LIMIT_SECONDS} s")


def _row(stand, tag_count, delay_ms):
    stand.proxy.delay_ms = delay_ms
    rounds = [_time_one(stand, tag_count) for _ in range(ROUNDS)]
    stand.proxy.delay_ms = 0
    facts = statistics.median(found[0] for found in rounds)
    whole = statistics.median(found[1] for found in rounds)
    counts = rounds[-1][2]
    original = ORIGINAL.get((tag_count, delay_ms))
    versus = f"{original:.2f} s, {original / facts:.0f}x" if original else "not measured"
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    return [
        f"  {tag_count:4}  {delay_ms:5} ms  {facts:9.3f} s  {whole:9.3f} s  {versus:>14}  "
        f"{counts.total():4}  ({ORIGINAL_REQUESTS_A_TAG * tag_count})",
        f"        {kinds}",
    ]


def measure(stand):
    lines = [
        f"First answers: medians of {ROUNDS}; every tag has a digest of its own; the registry asks",
        "for tokens; the last columns are the original's",
        "  tags     delay        facts     complete   original facts  requests (original)",
    ]
    for delay_ms in DELAYS_MS:
        for tag_count in TAG_COUNTS:
            say(f"first answers, {tag_count} tags, {delay_ms} ms")
            lines += _row(stand, tag_count, delay_ms)
    return lines
