"""Fixtures: heavy servers once a session; what a test gets is fresh (a flushed database, queues of
its own, an honest proxy). MB_BIN_DIR names the programs, default build/release/bin."""

import itertools

import pytest

from stack import described, images, samples
from stack.faulty_registry import FaultyRegistry
from stack.hub import Hub
from stack.kube_client import KubeClients
from stack.proxy import RegistryProxy
from stack.queues import RedisBackend, SqsBackend
from stack.redis import Redis
from stack.registry import Registry
from stack.sqs import Sqs
from stack.shelf import Shelf
from stack.suite import Suite, redis_queues
from stack.tokens import TokenServer

DATABASES = 64
_databases = itertools.cycle(range(DATABASES))
_names = itertools.count(1)


@pytest.fixture(scope="session")
def work_directory(tmp_path_factory):
    """Logs and files of the session's servers."""
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="session")
def redis(work_directory):
    """The session's Redis. A test that kills it makes one of its own."""
    server = Redis(work_directory)
    try:
        yield server.start()
    finally:
        server.stop()


def _fresh_database(redis):
    number = next(_databases)
    redis.flush(number)
    yield number
    redis.flush(number)


@pytest.fixture
def db(redis):
    """An empty database of the session's Redis."""
    yield from _fresh_database(redis)


@pytest.fixture(scope="module")
def module_db(redis):
    """An empty database that a module's tests share."""
    yield from _fresh_database(redis)


class SampleRegistry:
    """docker-registry with token authentication behind the proxy, filled with the samples."""

    def __init__(self, directory):
        self.tokens = TokenServer(directory)
        self.proxy = RegistryProxy(self.tokens).start()
        self.server = Registry(directory, self.tokens, self.proxy.url + "/token")
        self.samples = {repository.name: repository for repository in samples.samples()}

    @property
    def url(self):
        """What the programs talk to."""
        return self.proxy.url

    def start(self):
        self.server.start()
        self.proxy.connect(self.server)
        self.push(*self.samples.values())
        return self

    def push(self, *repositories):
        images.push(repositories, self.server.url, self.tokens)

    def fresh(self, tag_count=1, version_count=None, namespace="fresh"):
        """A repository with a name that no test has used; namespace "library" for docker.io's."""
        repository = samples.tagged(f"{namespace}/r{next(_names)}", tag_count, version_count)
        self.push(repository)
        return repository

    def reset(self):
        self.proxy.reset()
        self.tokens.reset()

    def stop(self):
        self.proxy.stop()
        self.server.stop()


@pytest.fixture(scope="session")
def session_registry(work_directory):
    server = SampleRegistry(work_directory)
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def registry(session_registry):
    """The registry, with no faults and nothing counted."""
    session_registry.reset()
    yield session_registry
    session_registry.reset()


@pytest.fixture(scope="session")
def session_hub():
    server = Hub().start()
    yield server
    server.stop()


@pytest.fixture
def hub(session_hub):
    """The stand-in for Docker Hub's web API, without repositories."""
    session_hub.reset()
    return session_hub


@pytest.fixture(scope="session")
def session_sqs(tmp_path_factory):
    server = Sqs(tmp_path_factory.mktemp("sqs"))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def sqs(session_sqs):
    """SQS, with no faults and nothing counted."""
    session_sqs.reset()
    yield session_sqs
    session_sqs.reset()


@pytest.fixture(params=["redis", "sqs"])
def backend_of(request, redis, db):
    """backend_of(max_receives=8, visibility_seconds=60): queues; a test that uses this runs on both
    kinds."""
    made = []

    def make(**options):
        if request.param == "redis":
            made.append(RedisBackend(redis, db))
        else:
            made.append(SqsBackend(request.getfixturevalue("sqs"), **options))
        return made[-1]

    yield make
    for queues in made:
        queues.close()


@pytest.fixture
def backend(backend_of):
    """The queues as deployments have them."""
    return backend_of()


@pytest.fixture
def own_redis(tmp_path):
    """(a Redis that the test may kill, its queues); it keeps its data over a restart."""
    server = Redis(tmp_path, aof=True).start()
    yield server, RedisBackend(server, 0)
    server.stop()


@pytest.fixture
def make_suite(request, redis, db, registry, hub, tmp_path):
    """make_suite(backend, MB_FRESH_SECONDS=1, ...): a suite that is not started yet; it is stopped
    after the test. Without a backend its queues are in Redis."""
    suites = []

    def make(queues=None, **settings):
        queues = queues or RedisBackend(redis, db)
        own = {
            "MB_REGISTRIES": f"{samples.HOST}={registry.url},docker.io={registry.url}",
            "MB_HUB_URL": hub.url,
            **{name: str(value) for name, value in settings.items()},
        }
        directory = tmp_path / f"suite-{len(suites) + 1}"
        directory.mkdir()
        suites.append(Suite(directory, redis, queues.settings, db, settings=own))
        return suites[-1]

    request.node.suites = suites
    yield make
    for each in suites:
        each.kill()


@pytest.fixture(scope="module")
def shelves(redis, module_db, tmp_path_factory):
    """(a suite, its FaultyRegistry) that a module's tests share: each uses names of its own."""
    server = FaultyRegistry().start()
    settings = {"MB_REGISTRIES": f"edge.local={server.url}", "MB_NEGATIVE_SECONDS": "1"}
    settings["MB_FRESH_SECONDS"] = "1"
    queues = redis_queues(redis, module_db)
    suite = Suite(tmp_path_factory.mktemp("shelves"), redis, queues, module_db, settings=settings)
    try:
        yield suite.start(), server
    finally:
        suite.kill()
        server.stop()


@pytest.fixture
def shelf(shelves):
    """An empty repository; shelf.inspect() waits for what the suite makes of it."""
    suite, server = shelves
    own = Shelf(server, f"r{next(_names)}")
    own.suite = suite
    own.inspect = lambda tag="": suite.wait_status(f"edge.local/{own.name}{tag and ':' + tag}")
    return own


@pytest.fixture
def suite(make_suite, backend):
    """The three programs, ready, on each kind of queue."""
    return make_suite(backend).start()


@pytest.fixture
def make_client(api, tmp_path):
    """Clients of the Kubernetes API that the module's `api` stands for; each ends clean."""
    clients = KubeClients(api, tmp_path)
    yield clients
    assert clients.close() == 0


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.fixture(scope="session", autouse=True)
def _described_answers():
    remove = described.install()
    yield
    remove()


@pytest.fixture(autouse=True)
def _answers_are_as_described(_described_answers):
    """A test fails where an api answers it otherwise than api/web/openapi.json says."""
    described.violations.clear()
    yield
    found = list(dict.fromkeys(described.violations))
    assert not found, "not as api/web/openapi.json describes:\n" + "\n".join(found[:20])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed test shows the ends of its programs' logs."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for each in getattr(item, "suites", []):
            for name, program in each.programs.items():
                report.sections.append((f"log of {name}", program.process.log_tail(30)))
