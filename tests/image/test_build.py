"""How the images are built."""

import json
import os
import shutil
import subprocess
import tarfile

import pytest
import yaml

from containers import VERSION, run
from stack.suite import ROOT


def test_hadolint_finds_nothing():
    command = [ROOT / "build/venv/bin/hadolint", "--failure-threshold", "style"]
    done = subprocess.run([*command, ROOT / "docker/Dockerfile"], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("", 0)


def sources():
    """What the build reads, as .dockerignore has it."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    return [line[1:] for line in lines if line.startswith("!")]


def test_another_place_and_time_give_the_same_digests(images, tmp_path):
    """Compiled once more: from files with other times, beside one that is not used."""
    for name in (*sources(), "docker/Dockerfile", "tools/images", ".dockerignore"):
        copy = tmp_path / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(ROOT / name, copy)
            copy.chmod((ROOT / name).stat().st_mode)
    (tmp_path / "common/unused.txt").write_text("not read by any compiler\n")
    labels = images["api"].config["config"]["Labels"]
    layer_time = next(iter(images["api"].files)).lstat().st_mtime
    environment = {
        **os.environ,
        "REVISION": labels["org.opencontainers.image.revision"],
        "SOURCE_DATE_EPOCH": str(int(layer_time)),
        "IMAGES_STORE": str(ROOT / "build/image"),
    }
    subprocess.run(["tools/images", *images], cwd=tmp_path, env=environment, check=True)
    for name, image in images.items():
        with tarfile.open(tmp_path / f"build/images/{name}.tar") as tar:
            (described,) = json.load(tar.extractfile("./index.json"))["manifests"]
        assert described["digest"] == image.digest
        assert (tmp_path / f"build/images/{name}.tar").read_bytes() == image.archive.read_bytes()


@pytest.fixture
def services():
    return yaml.safe_load((ROOT / "docker/compose.yaml").read_text())["services"]


def test_compose_file_keeps_to_the_loopback(services):
    for service in services.values():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:")


def test_compose_file_is_about_these_images(images, services, tmp_path):
    for name in ("api", "inspector", "size"):
        service = services[name]
        assert service["image"] == f"microbadger/{name}:{VERSION}"
        assert service["build"]["target"] == name
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        options = run(images[name], tmp_path, "--help").stdout
        for key in service["environment"]:
            assert f", {key}\n" in options
