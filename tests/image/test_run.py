"""The programs, run from their images: read-only, as uid 65532, without any capability."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from containers import UID, VERSION, Container, run
from stack.suite import redis_queues

HOST = "images.test"


@pytest.fixture
def suite(make_suite, redis, registry):
    settings = {"MB_REGISTRIES": f"{HOST}={registry.url}"}
    return make_suite(redis, redis_queues(redis), settings).start()


def status_of(container):
    """The fields of /proc/PID/status of a container's first process."""
    command = ["runc", "--root", container.state, "state", container.id]
    state = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    text = Path(f"/proc/{state['pid']}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines())


def test_version_and_help(image, tmp_path):
    name = image.program.name
    revision = image.config["config"]["Labels"]["org.opencontainers.image.revision"]
    assert revision[:7] in run(image, tmp_path, "--version").stdout
    assert VERSION in run(image, tmp_path, "--version").stdout
    assert f"Usage: {name}" in run(image, tmp_path, "--help").stdout


def test_programs_have_no_privilege(suite):
    for program in suite.programs.values():
        status = status_of(program.container)
        assert status["Uid"].split() == status["Gid"].split() == [str(UID)] * 4
        assert {key: int(value, 16) for key, value in status.items() if key[:3] == "Cap"} == {
            "CapInh": 0,
            "CapPrm": 0,
            "CapEff": 0,
            "CapBnd": 0,
            "CapAmb": 0,
        }
        assert status["NoNewPrivs"] == "1"
        assert status["NSpid"].split()[-1] == "1", "not the first process of its container"


def test_programs_end_well_on_sigterm(suite):
    assert suite.stop() == {"api": 0, "inspector": 0, "size": 0}


@pytest.mark.parametrize("name", ["api", "inspector", "size"])
def test_listens_for_the_cluster_by_default(images, name, tmp_path):
    """Without a word about addresses, the ports that the image names are open to all."""
    image = images[name]
    settings = [each.partition("=") for each in image.config["config"]["Env"]]
    listens = {value for key, _, value in settings if key.endswith("LISTEN")}
    assert {f"{listen[1:]}/tcp" for listen in listens} == set(
        image.config["config"]["ExposedPorts"]
    )
    assert all(listen.startswith(":") for listen in listens)


def test_images_are_inspected_by_one_another(suite, images):
    for name, image in images.items():
        document = suite.wait_status(f"{HOST}/microbadger/{name}")
        (listed,) = document["Versions"]
        assert "sha256:" + listed["SHA"] == image.digest
        assert {tag["tag"] for tag in listed["Tags"]} == {VERSION, "latest"}
        assert document["Labels"] == image.config["config"]["Labels"]
        path = f"/v1/images/{HOST}/microbadger/{name}/version/{image.digest}"
        _, _, version = suite.get(path)
        layers = [layer for layer in version["Layers"] if not layer["Empty"]]
        expected = [(layer["digest"], layer["size"]) for layer in image.manifest["layers"]]
        assert [(layer["BlobSum"], layer["DownloadSize"]) for layer in layers] == expected
        assert version["DownloadSize"] == sum(size for _, size in expected)


def test_license_and_revision_are_understood(suite, images):
    """The images' labels are what this program itself looks for in others."""
    suite.wait_status(f"{HOST}/microbadger/api")
    status, _, metadata = suite.get(f"/v1/images/{HOST}/microbadger/api")
    assert status == 200
    assert metadata["License"]["Code"] == "Apache-2.0"


def test_client_asks_the_api(suite, images, tmp_path):
    arguments = ["inspect", "--server", suite.url, f"{HOST}/microbadger/size:{VERSION}"]
    done = run(images["cli"], tmp_path, *arguments, check=False)
    assert (done.returncode, images["size"].digest in done.stdout) == (0, True)


def test_client_without_a_server(images, registry, tmp_path):
    """As another user and with nothing to write to, the client needs no api."""
    reference = f"{HOST}/microbadger/inspector:{VERSION}"
    environment = {"MB_REGISTRIES": f"{HOST}={registry.url}", "MB_HUB_URL": "none"}
    done = run(
        images["cli"], tmp_path, "inspect", "--local", "--json", reference, environment=environment
    )
    version = json.loads(done.stdout)["Versions"][0]
    assert "sha256:" + version["SHA"] == images["inspector"].digest
