"""The two queue backends as tests see them: one face over Redis Streams and SQS."""

import uuid
from collections import Counter

from . import suite
from .redis import RedisError

ROLES = ("inspection", "size")


class RedisBackend:
    """Streams in the given Redis database; the keys are those of DESIGN's queue contract."""

    name = "redis"

    def __init__(self, redis, db):
        self.redis = redis
        self.db = db
        self.settings = suite.redis_queues(redis, db)

    def _call(self, *words):
        with self.redis.client(self.db) as client:
            return client.call(*words)

    @staticmethod
    def _key(role):
        return "{mb:1:q}:" + role

    def send(self, role, body):
        self._call("XADD", self._key(role), "*", "body", body)

    def depth(self, role):
        """(waiting, in flight, delayed)"""
        try:
            in_flight = self._call("XPENDING", self._key(role), "workers")[0]
        except RedisError:  # no worker has made the group yet
            in_flight = 0
        waiting = self._call("XLEN", self._key(role)) - in_flight
        return waiting, in_flight, self._call("ZCARD", self._key(role) + ":delayed")

    def dead(self, role):
        """How many messages are in the dead queue."""
        return self._call("XLEN", self._key(role + "-dead"))

    def sent(self, role):
        """How many messages ever came into the queue; a delayed one counts when it is due."""
        try:
            info = self._call("XINFO", "STREAM", self._key(role))
        except RedisError:
            return 0
        return dict(zip(info[::2], info[1::2]))["entries-added"]

    def close(self):
        pass


class SqsBackend:
    """Queues with names of their own in the given Sqs."""

    name = "sqs"

    def __init__(self, sqs, **options):
        self.sqs = sqs
        self.names = sqs.create_queues(f"t{uuid.uuid4().hex[:12]}-", **options)
        self.settings = suite.sqs_queues(sqs, self.names)
        self._own = Counter()  # sent past the proxy, so not counted there

    def send(self, role, body):
        self._own[role] += 1
        self.sqs.send(self.names[role], body)

    def depth(self, role):
        return self.sqs.depth(self.names[role])

    def dead(self, role):
        return sum(self.sqs.depth(self.names[role + "-dead"]))

    def sent(self, role):
        operations = self.sqs.counts()["queues"].get(self.names[role], {})
        return operations.get("SendMessage", 0) + self._own[role]

    def close(self):
        self.sqs.delete_queues(self.names)


def is_idle(backend):
    """Nothing waits, is in flight, or is delayed in either queue."""
    return all(sum(backend.depth(role)) == 0 for role in ROLES)
