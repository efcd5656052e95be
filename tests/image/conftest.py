"""Fixtures: the images that `make images` has built, unpacked once a session."""

import subprocess

import pytest

from containers import ARCHIVES, NAMES, VERSION, ContainerSuite, Image
from stack.redis import Redis
from stack.registry import Registry


def pytest_generate_tests(metafunc):
    """A test that asks for `image` is about each of them."""
    if "image" in metafunc.fixturenames:
        metafunc.parametrize("image", NAMES, indirect=True)


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """{name: Image}"""
    return {name: Image(ARCHIVES / f"{name}.tar", tmp_path_factory.mktemp(name)) for name in NAMES}


@pytest.fixture
def image(request, images):
    return images[request.param]


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path)
    yield server.start()
    server.stop()


@pytest.fixture
def registry(images, tmp_path):
    """docker-registry with the images themselves: what is to be inspected."""
    server = Registry(tmp_path).start()
    for name, image in images.items():
        target = f"docker://{server.url.removeprefix('http://')}/microbadger/{name}"
        for tag in (VERSION, "latest"):
            command = ["skopeo", "copy", "--quiet", "--dest-tls-verify=false"]
            command += [f"oci-archive:{image.archive}", f"{target}:{tag}"]
            subprocess.run(command, check=True, capture_output=True)
    yield server
    server.stop()


@pytest.fixture
def make_suite(request, images, tmp_path):
    """make_suite(redis, queues, settings, mounts): a ContainerSuite that ends with the test."""
    request.node.suites = []

    def make(*arguments):
        suite = ContainerSuite(images, tmp_path, *arguments)
        request.node.suites.append(suite)
        return suite

    yield make
    for suite in request.node.suites:
        suite.remove()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed test shows the ends of its programs' logs."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for each in getattr(item, "suites", []):
            for name, program in each.programs.items():
                report.sections.append((f"log of {name}", program.process.log_tail(30)))
