"""What the scaler sees and does: messages in both queues with their counters, as producers and
workers leave them, and the history of its Deployments."""

from .processes import http_is_ok
from .queues import RedisBackend
from .suite import Program

INSPECTOR = "microbadger-inspector"
SIZE = "microbadger-size"
ROLES = {INSPECTOR: "inspection", SIZE: "size"}
SERVICE_MS = {"inspection": 1200, "size": 5000}
BODY = '{"ImageName":"library/nginx"}'
BATCH = 10  # of SQS


class Messages:
    """Of one pair of queues; the counters and notices are those of common/flow.h, in the
    database `db` of `redis`."""

    def __init__(self, backend, redis, db):
        self.backend = backend
        self.redis = redis
        self.db = db
        self._unfinished = dict.fromkeys(ROLES.values(), 0)

    def _count(self, role, **totals):
        with self.redis.client(self.db) as client:
            for total, amount in totals.items():
                client.call("HINCRBY", f"mb:1:flow:{role}", total, amount)

    def send(self, role, count, counted=True):
        """Uncounted messages are those of a producer that lost Redis."""
        if isinstance(self.backend, RedisBackend):
            for _ in range(count):
                self.backend.send(role, BODY)
        else:
            self._send_batches(role, count)
        if counted:
            self._unfinished[role] += count
            self._count(role, sent=count)
            self.notice(role)

    def _send_batches(self, role, count):
        sqs, name = self.backend.sqs, self.backend.names[role]
        for start in range(0, count, BATCH):
            entries = [
                {"Id": str(number), "MessageBody": BODY}
                for number in range(start, min(start + BATCH, count))
            ]
            sqs.call("SendMessageBatch", queue=name, Entries=entries)

    def notice(self, role):
        with self.redis.client(self.db) as client:
            client.call("PUBLISH", f"mb:1:flow-notice:{self.db}", role)

    def finish(self, role):
        """All are received and done."""
        if isinstance(self.backend, RedisBackend):
            with self.redis.client(self.db) as client:
                client.call("XTRIM", "{mb:1:q}:" + role, "MAXLEN", 0)
        else:
            self.backend.sqs.call("PurgeQueue", queue=self.backend.names[role])
        count, self._unfinished[role] = self._unfinished[role], 0
        if count:
            busy_ms = count * SERVICE_MS[role]
            self._count(role, received=count, done=count, busy_ms=busy_ms)


class Scaler(Program):
    """A running microbadger-scaler."""

    def __init__(self, name, settings, directory):
        own = {"MB_LOG": "debug", "MB_LOG_FORMAT": "json", "POD_NAME": name, **settings}
        super().__init__("scaler", name, own, directory)

    def is_alive(self):
        return http_is_ok(self.admin_url + "/healthz")

    def metric(self, name, **labels):
        """0 before it is counted."""
        text = ",".join(f'{key}="{value}"' for key, value in labels.items())
        return self.metrics().get(f"{name}{{{text}}}" if text else name, 0)

    def lines(self, message):
        return [line for line in self.log_lines() if line["msg"] == message]

    def leads(self):
        return self.is_ready() and self.metric("mb_scaler_is_leader") == 1


def numbers(kube):
    """(inspectors, size workers)"""
    return kube.replicas(INSPECTOR), kube.replicas(SIZE)


def patches(kube, status=200):
    """[(role, replicas)] of what was answered with this status and stored, in order."""
    return [
        (ROLES[call.name], call.body["spec"]["replicas"])
        for call in kube.calls_of("patch", "deployments/scale")
        if call.status == status and "dryRun" not in call.request.query
    ]


def most_at_once(kube):
    """The greatest number of replicas that both Deployments asked for together."""
    together, most = {}, 0
    for name, replicas in kube.history():
        together[name] = replicas
        most = max(most, sum(together.values()))
    return most
