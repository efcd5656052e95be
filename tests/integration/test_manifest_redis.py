"""The Redis of k8s/ as it is configured there: its users may do what the programs do, and no more."""

import base64
import re
import subprocess

import pytest

from stack import manifests
from stack.fake_kube import FakeKube
from stack.processes import Process, wait_until
from stack.redis import Redis, RedisClient, RedisError
from stack.samples import HOST
from stack.scaling import INSPECTOR, SIZE, Scaler
from stack.suite import Suite

HOST_PORT = "microbadger-redis:6379"
WATCHER = "user watcher on nopass resetkeys resetchannels -@all +acl|log\n"


def files(kind, prefix):
    """The files in the ConfigMap or Secret whose name has this prefix and a hash."""
    rendered = manifests.load("overlays/local")
    for each in rendered.of(kind):
        if re.fullmatch(prefix + "-[a-z0-9]{10}", each["metadata"]["name"]):
            if kind == "ConfigMap":
                return each["data"]
            return {key: base64.b64decode(text).decode() for key, text in each["data"].items()}
    raise AssertionError(f"no {kind} {prefix}")


class DeployedRedis(Redis):
    """Only directories and the port are others than in the cluster."""

    def __init__(self, directory):
        super().__init__(directory)
        self.urls = files("Secret", "microbadger-redis")
        users = directory / "users.acl"
        users.write_text(files("Secret", "microbadger-redis-users")["users.acl"] + WATCHER)
        text = files("ConfigMap", "microbadger-redis")["redis.conf"]
        text = text.replace("/etc/redis/users.acl", str(users))
        text = text.replace("dir /data", f"dir {directory}") + f"port {self.port}\n"
        (directory / "redis.conf").write_text(text)
        argv = ["redis-server", directory / "redis.conf"]
        self.process = Process("redis", argv, directory)

    def url(self, db=0, stream=None):
        key = {None: "cache-url", "inspection": "inspection-queue", "size": "size-queue"}[stream]
        assert HOST_PORT in self.urls[key]
        return self.urls[key].replace(HOST_PORT, f"127.0.0.1:{self.port}")

    def client(self, db=0):
        return RedisClient(self.port, db)

    def _answers(self):
        try:
            with self.client_of("probe") as client:
                return client.call("PING") == "PONG"
        except (OSError, RedisError):
            return False

    def client_of(self, user, password="x"):
        client = RedisClient(self.port)
        client.call("AUTH", user, password)
        return client

    def refused(self):
        """What Redis let nobody do."""
        with self.client_of("watcher") as client:
            return client.call("ACL", "LOG")


@pytest.fixture
def deployed_redis(tmp_path):
    server = DeployedRedis(tmp_path)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def scaler(deployed_redis, tmp_path):
    """The scaler with these queues, and numbers that it may change as it likes."""
    kube = FakeKube({INSPECTOR: 1, SIZE: 0}).start()
    settings = {
        "MB_CACHE_URL": deployed_redis.url(),
        "MB_INSPECTION_QUEUE": deployed_redis.url(0, "inspection"),
        "MB_SIZE_QUEUE": deployed_redis.url(0, "size"),
        "MB_KUBECONFIG": kube.write_kubeconfig(tmp_path),
    }
    made = Scaler("scaler-1", settings, tmp_path).start()
    yield made
    made.kill()
    kube.stop()


@pytest.fixture
def suite(deployed_redis, registry, tmp_path):
    queues = {
        "MB_INSPECTION_QUEUE": deployed_redis.url(0, "inspection"),
        "MB_SIZE_QUEUE": deployed_redis.url(0, "size"),
        "MB_REGISTRIES": f"{HOST}={registry.url}",
        "MB_REFRESH_TOKEN": "operator",
    }
    made = Suite(tmp_path, deployed_redis, queues)
    yield made
    made.kill()


def test_the_programs_are_allowed_all_that_they_do(suite, scaler, deployed_redis, registry):
    image = f"{HOST}/{registry.fresh(tag_count=3).name}"
    suite.start()
    assert suite.get(f"/v1/images/{image}", {"Prefer": "wait=20"})[0] in (200, 202)
    suite.wait_status(image)
    for path in ("/v1/images/search/fresh", "/v1/badges/counts", f"/badges/image/{image}.svg"):
        assert suite.get(path)[0] == 200, path
    wait_until(scaler.leads, 30, "the scaler to lead and know its queues")
    assert scaler.term() == 0
    assert suite.stop() == {"api": 0, "inspector": 0, "size": 0}
    assert deployed_redis.refused() == []


def test_what_was_found_outlives_a_restart(suite, deployed_redis, registry):
    """Redis reads its log as a user too, and skips what that one may not do."""
    image = f"{HOST}/{registry.fresh().name}"
    found = suite.start().wait_status(image)
    suite.stop()
    deployed_redis.restart()
    suite["api"].restart()
    assert suite.get(f"/v1/images/{image}")[2] == found
    assert "NOPERM" not in deployed_redis.process.log()


@pytest.mark.parametrize(
    "command", ["FLUSHALL", "CONFIG GET dir", "KEYS *", "GET other", "SHUTDOWN"]
)
def test_the_programs_user_may_not(deployed_redis, command):
    user, password = deployed_redis.url().partition("//")[2].partition("@")[0].split(":")
    with deployed_redis.client_of(user, password) as client:
        with pytest.raises(RedisError, match="NOPERM"):
            client.call(*command.split())


def test_who_does_not_log_in_may_nothing(deployed_redis):
    with deployed_redis.client() as client:
        for command in (["PING"], ["GET", "mb:1:budget"], ["SUBSCRIBE", "mb:1:notice:x"]):
            with pytest.raises(RedisError, match="NOAUTH"):
                client.call(*command)
        with pytest.raises(RedisError, match="WRONGPASS"):
            client.call("AUTH", "default", "")


def test_the_probe_finds_it_ready_and_may_do_no_more(deployed_redis):
    redis = manifests.load("overlays/local").get("StatefulSet", "microbadger-redis")
    container = redis["spec"]["template"]["spec"]["containers"][0]
    command = container["readinessProbe"]["exec"]["command"]
    at_port = [command[0], "-p", str(deployed_redis.port), *command[1:]]
    assert subprocess.run(at_port, capture_output=True, text=True).stdout == "PONG\n"
    refused = subprocess.run([*at_port[:-1], "info"], capture_output=True, text=True)
    assert refused.returncode != 0 and "NOPERM" in refused.stdout + refused.stderr
