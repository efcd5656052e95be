"""Fixtures: one cluster a session. A test module brings its own objects in and out of it."""

import json
import os
from pathlib import Path

import pytest

from cluster import BUILD, HERE, ROOT, Cluster, own_node, report
from deployed import Deployed

IMAGES = Path(os.environ.get("IMAGES_OUT", ROOT / "build/images"))


def pytest_collection_modifyitems(items):
    """What needs no cluster comes first: beside one of our own there is no network but the node's."""
    items.sort(key=lambda item: "node" in item.fixturenames)


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
        return Cluster("kubectl", os.environ["KUBECONFIG"], False)
    return Cluster(BUILD / "bin/kubectl", node.kubeconfig, True)


@pytest.fixture(scope="session")
def images(node):
    """Those of the suite are on the node; a cluster of somebody else's must have them."""
    if node is not None:
        for archive in previous_images():
            node.import_image(archive, "previous")
        for archive in IMAGES.glob("*.tar"):
            node.import_image(archive)


@pytest.fixture(scope="session")
def overlay(node):
    """The local overlay for this cluster."""
    return HERE / "overlays" / ("local" if node is None else "node")


@pytest.fixture(scope="module")
def deploy(request, cluster, node, images):
    """deploy(overlay): the suite, which is not started yet. What it left is removed in the end."""

    def make(overlay):
        deployed = Deployed(cluster, overlay)
        if node is not None:
            request.addfinalizer(node.clear_volumes)
        request.addfinalizer(deployed.delete)
        return deployed

    return make


def previous_images():
    """Those of the commit before; where there is none, the present ones must stand in for them."""
    return list((BUILD / "previous").glob("*.tar")) or list(IMAGES.glob("*.tar"))


@pytest.fixture(scope="session")
def previous_overlay(overlay, node):
    """The same overlay with the images to update from."""
    if node is None:
        pytest.skip("the images to update from are on our own node only")
    directory = BUILD / "previous-overlay"
    directory.mkdir(exist_ok=True)
    names = {archive.stem for archive in previous_images()}
    images = [{"name": f"microbadger/{name}", "newTag": "previous"} for name in sorted(names)]
    kustomization = {"resources": [os.path.relpath(overlay, directory)], "images": images}
    # JSON is YAML.
    (directory / "kustomization.yaml").write_text(json.dumps(kustomization), encoding="ascii")
    return directory


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """What there is to know about the cluster, while it is there, goes to build/results."""
    outcome = yield
    report = outcome.get_result()
    if report.failed and "cluster" in item.funcargs:
        item.funcargs["cluster"].collect(item.name)
