"""rediss:// from the images, whose hiredis has TLS, to a real redis-server."""

import socket
import ssl
import subprocess
import threading

import pytest

from containers import run
from stack.processes import free_port, http_get, wait_until
from stack.redis import Redis

HOST = "images.test"
TRUSTED = "/trusted"  # where the containers see the CA's directory
USER, PASSWORD = "badger", "s3cret/@:"
ENCODED = "s3cret%2F%40%3A"


class Authority:
    """A CA with a directory of its own; the certificates that it issues lie elsewhere."""

    def __init__(self, directory):
        self.directory = directory
        self.path = directory / "ca.pem"
        self.key = directory / "ca.key"
        directory.mkdir()
        self._openssl("-x509", "-keyout", self.key, "-out", self.path, "-subj", "/CN=test CA")
        directory.chmod(0o755)
        self.path.chmod(0o644)

    @staticmethod
    def _openssl(*arguments):
        command = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        command += ["-nodes", "-days", "30", *arguments]
        subprocess.run(command, check=True, capture_output=True)

    def issue(self, directory, *names):
        """Writes server.pem and server.key for these names ("DNS:..." or "IP:...")."""
        key, certificate = directory / "server.key", directory / "server.pem"
        issuer = ["-x509", "-CA", self.path, "-CAkey", self.key, "-addext"]
        alternatives = ["subjectAltName=" + ",".join(names), "-addext", "basicConstraints=CA:FALSE"]
        subject = ["-subj", "/CN=server"]
        self._openssl(*issuer, *alternatives, *subject, "-keyout", key, "-out", certificate)
        return certificate, key


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "authority")


@pytest.fixture
def other_authority(tmp_path):
    return Authority(tmp_path / "other")


class TlsRedis(Redis):
    """The tests look into it without TLS; the programs have a port and a user of their own."""

    def __init__(self, directory, authority, *names):
        self.tls_port = free_port()
        self.certificate, self.key = authority.issue(directory, *names)
        options = ["--tls-port", self.tls_port, "--tls-auth-clients", "no"]
        options += ["--tls-cert-file", self.certificate, "--tls-key-file", self.key]
        options += ["--tls-ca-cert-file", authority.path]
        options += ["--user", USER, "on", ">" + PASSWORD, "~*", "&*", "+@all"]
        super().__init__(directory, aof=True, options=options)

    def tls_url(self, host="localhost", login=f"{USER}:{ENCODED}@", stream=None):
        query = f"?stream={stream}" if stream else ""
        return f"rediss://{login}{host}:{self.tls_port}/3{query}"

    def settings(self, **how):
        return {
            "MB_CACHE_URL": self.tls_url(**how),
            "MB_INSPECTION_QUEUE": self.tls_url(stream="inspection", **how),
            "MB_SIZE_QUEUE": self.tls_url(stream="size", **how),
        }


@pytest.fixture
def make_redis(tmp_path):
    started = []

    def make(authority, *names):
        started.append(TlsRedis(tmp_path, authority, *names))
        return started[-1].start()

    yield make
    for server in started:
        server.stop()


@pytest.fixture
def make_tls_suite(make_suite, authority):
    """A suite that talks to `redis` by TLS and trusts the CA whose file is in authority's
    directory."""

    def make(redis, settings=None, **how):
        own = {"MB_REDIS_CA_FILE": f"{TRUSTED}/ca.pem", **redis.settings(**how)}
        return make_suite(redis, {}, {**own, **(settings or {})}, {TRUSTED: authority.directory})

    return make


def problems(program):
    """Why it is not connected, as logged."""
    lines = program.log_lines()
    return [line["error"] for line in lines if line["msg"] == "Redis is not connected"]


def wait_problem(program, text):
    wait_until(lambda: any(text in each for each in problems(program)), 20, f"the log: {text}")


# What works


@pytest.mark.parametrize(
    "host, name", [("localhost", "DNS:localhost"), ("127.0.0.1", "IP:127.0.0.1")]
)
def test_whole_suite_by_tls(make_redis, make_tls_suite, authority, registry, host, name):
    """Results, notices, queues: everything goes by TLS, as the user of the URL."""
    redis = make_redis(authority, name)
    settings = {"MB_REGISTRIES": f"{HOST}={registry.url}"}
    suite = make_tls_suite(redis, settings, host=host).start()
    for image in ("api", "size"):
        suite.wait_status(f"{HOST}/microbadger/{image}")
    with redis.client(3) as client:
        assert client.call("DBSIZE") > 0
        clients = client.call("CLIENT", "LIST").splitlines()
    programs = [line for line in clients if "name=microbadger-" in line]
    assert len(programs) >= 6
    assert all(f" user={USER} " in line and " db=3 " in line for line in programs)
    for name in ("api", "inspector", "size"):
        assert problems(suite[name]) == []


def test_comes_back_after_the_server_was_killed(make_redis, make_tls_suite, authority, registry):
    redis = make_redis(authority, "DNS:localhost")
    suite = make_tls_suite(redis, {"MB_REGISTRIES": f"{HOST}={registry.url}"}).start()
    suite.wait_status(f"{HOST}/microbadger/api")
    redis.kill()
    wait_until(lambda: not suite["api"].is_ready(), 20, "the api to notice")
    redis.restart()
    for program in suite.programs.values():
        program.wait_ready(30)
    suite.wait_status(f"{HOST}/microbadger/size")


def test_system_certificates_are_the_default(make_redis, make_suite, authority):
    redis = make_redis(authority, "DNS:localhost")
    mounts = {"/etc/ssl/certs/ca-certificates.crt": authority.path}
    make_suite(redis, {}, redis.settings(), mounts).start(["api"])


def test_changed_certificates_are_read_again(
    make_redis, make_tls_suite, authority, other_authority, tmp_path
):
    """The CA is replaced: no program has to be started anew."""
    redis = make_redis(authority, "DNS:localhost")
    suite = make_tls_suite(redis).start(["api"])
    redis.process.stop()
    other_authority.issue(tmp_path, "DNS:localhost")
    redis.start()
    wait_problem(suite["api"], "certificate is refused")
    authority.path.write_bytes(other_authority.path.read_bytes())
    suite["api"].wait_ready(30)


# What is refused


def test_wrong_authority(make_redis, make_tls_suite, other_authority):
    api = make_tls_suite(make_redis(other_authority, "DNS:localhost")).launch("api")
    wait_problem(api, "its certificate is refused: self-signed certificate in certificate chain")
    assert not api.is_ready()


@pytest.mark.parametrize(
    "host, name, why",
    [
        ("localhost", "DNS:redis.example", "hostname mismatch"),
        ("127.0.0.1", "DNS:localhost", "IP address mismatch"),
    ],
)
def test_wrong_name(make_redis, make_tls_suite, authority, host, name, why):
    api = make_tls_suite(make_redis(authority, name), host=host).launch("api")
    wait_problem(api, f"its certificate is refused: {why}")
    assert not api.is_ready()


def test_wrong_password(make_redis, make_tls_suite, authority):
    redis = make_redis(authority, "DNS:localhost")
    api = make_tls_suite(redis, login=f"{USER}:wrong@").launch("api")
    wait_problem(api, "WRONGPASS")
    assert not api.is_ready()


def test_worker_tells_why_its_queue_is_refused(make_redis, make_tls_suite, authority):
    """Its queue may be another server than its cache."""
    redis = make_redis(authority, "DNS:localhost")
    settings = {
        "MB_CACHE_URL": redis.url(),
        "MB_SIZE_QUEUE": redis.tls_url("127.0.0.1", stream="s"),
    }
    size = make_tls_suite(redis, settings).launch("size")

    def is_told():
        lines = [line for line in size.log_lines() if line["msg"] == "cannot receive"]
        return any("IP address mismatch" in line["error"] for line in lines)

    wait_until(is_told, 30, "the refusal in the log")


def test_server_without_tls(make_suite, redis, authority):
    settings = {"MB_CACHE_URL": redis.url().replace("redis:", "rediss:")}
    api = make_suite(redis, {}, settings).launch("api")
    wait_until(lambda: problems(api), 20, "a reason in the log")
    assert not api.is_ready()


def test_unreadable_certificates_are_told_at_start(images, tmp_path):
    environment = {"MB_REDIS_CA_FILE": "/nowhere.pem"}
    done = run(images["api"], tmp_path, environment=environment, check=False)
    assert done.returncode == 2
    assert 'MB_REDIS_CA_FILE="/nowhere.pem": no CA certificates can be read' in done.stderr


# The handshake


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_silent_server_holds_nothing_up(make_suite, redis, listener):
    """It accepts and says nothing: the program serves all the same, and gives up after a while."""
    settings = {"MB_CACHE_URL": f"rediss://127.0.0.1:{listener.getsockname()[1]}/0"}
    api = make_suite(redis, {}, settings).launch("api")
    listener.settimeout(20)
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(20)
        assert connection.recv(1) == b"\x16", "not a handshake"
        wait_until(lambda: http_get(api.admin_url + "/healthz")[0] == 200, 20, "the api to serve")
        assert problems(api) == []
        wait_problem(api, "connecting timed out")


@pytest.mark.parametrize("host, sent", [("localhost", "localhost"), ("127.0.0.1", None)])
def test_server_name_is_sent(make_suite, redis, authority, tmp_path, listener, host, sent):
    """A server for several names learns which is meant; an address is no name (RFC 6066, 3)."""
    certificate, key = authority.issue(tmp_path, "DNS:localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    heard = []
    context.sni_callback = lambda _socket, name, _context: heard.append(name)

    def serve():
        listener.settimeout(20)
        connection, _ = listener.accept()
        with connection:
            try:
                context.wrap_socket(connection, server_side=True)
            except ssl.SSLError:
                pass  # the client trusts nobody

    server = threading.Thread(target=serve)
    server.start()
    settings = {"MB_CACHE_URL": f"rediss://{host}:{listener.getsockname()[1]}/0"}
    make_suite(redis, {}, settings).launch("api")
    server.join()
    assert heard == [sent]
