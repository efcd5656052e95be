"""Fixtures: one cluster a session. A test module brings its own objects in and out of it."""

import os

import pytest

from cluster import BUILD, Cluster, own_node


@pytest.fixture(scope="session")
def node():
    """Our own node, running; None on a cluster that KUBECONFIG names."""
    if os.environ.get("KUBECONFIG"):
        yield None
        return
    with own_node() as started:
        yield started


@pytest.fixture(scope="session")
def cluster(node):
    """kubectl on the session's cluster."""
    if node is None:
        return Cluster("kubectl", os.environ["KUBECONFIG"])
    return Cluster(BUILD / "bin/kubectl", node.kubeconfig)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """What there is to know about the cluster, while it is there, goes to build/results."""
    outcome = yield
    report = outcome.get_result()
    if report.failed and "cluster" in item.funcargs:
        item.funcargs["cluster"].collect(item.name)
