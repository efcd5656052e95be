"""What is in the images, read from their archives."""

import hashlib
import os
import re
import stat
import subprocess
from datetime import datetime

import pytest
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from containers import UID, VERSION
from stack.suite import ROOT

# Compressed, all layers: the runtime's 10 MB are one layer that the images share. An image's own is
# its program and the libraries that not all programs need.
MAX_BYTES = 12_000_000
MAX_OWN_BYTES = 1_000_000
PORTS = {
    "api": {"8080/tcp", "8081/tcp"},
    "inspector": {"8082/tcp"},
    "size": {"8083/tcp"},
    "scaler": {"8084/tcp"},
    "cli": set(),
}
LABEL = "org.opencontainers.image."
# The files that are not from a Debian package, nor the program.
OWN_FILES = {"/etc/passwd", "/etc/group", "/etc/nsswitch.conf"}
# What libc loads by itself, when a thread ends.
LOADED_LATER = {"libgcc_s.so.1"}
COMPILED_IN = {"uthash-dev", "node-spdx-license-ids", "node-spdx-exceptions"}


def tool(*argv):
    done = subprocess.run([str(part) for part in argv], check=True, capture_output=True, text=True)
    return done.stdout


def regular_files(image):
    return [path for path in image.files if path.is_file() and not path.is_symlink()]


def is_elf(path):
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def needed(path):
    """The libraries that a program or library asks for."""
    return re.findall(r"\(NEEDED\).*\[(.*)\]", tool("readelf", "--dynamic", path))


# The configuration


def test_runs_its_program_as_nobody(image):
    config = image.config["config"]
    program = "microbadger" if image.name == "cli" else f"microbadger-{image.name}"
    assert config["Entrypoint"] == [f"/usr/bin/{program}"]
    assert not config.get("Cmd")
    assert config["User"] == f"{UID}:{UID}"
    assert config["StopSignal"] == "SIGTERM"
    assert set(config.get("ExposedPorts", {})) == PORTS[image.name]


def test_labels(image):
    labels = image.config["config"]["Labels"]
    assert labels[LABEL + "version"] == VERSION
    assert re.fullmatch("[0-9a-f]{40}", labels[LABEL + "revision"])
    assert labels[LABEL + "licenses"] == "Apache-2.0"
    assert labels[LABEL + "title"].startswith("MicroBadger ")
    assert len(labels[LABEL + "description"]) > 20
    assert datetime.fromisoformat(labels[LABEL + "created"]) == datetime.fromisoformat(
        image.config["created"]
    )
    assert len(labels) == 6, "a label that nobody decided on"


def test_archive_tells_its_name_to_every_tool(image):
    annotations = image.index["manifests"][0]["annotations"]
    name = f"microbadger/{image.name}:{VERSION}"
    assert annotations == {
        "org.opencontainers.image.ref.name": name,
        "io.containerd.image.name": f"docker.io/{name}",
    }


def test_version_of_a_plain_build_is_this_one():
    dockerfile = (ROOT / "docker/Dockerfile").read_text()
    assert re.findall("^ARG VERSION=(.*)$", dockerfile, re.MULTILINE) == [VERSION]


# Files


def test_size(image):
    sizes = [layer["size"] for layer in image.manifest["layers"]]
    assert sum(sizes) <= MAX_BYTES
    assert sum(sizes[1:]) <= MAX_OWN_BYTES


def test_images_share_the_layer_of_libraries(images):
    assert len({image.manifest["layers"][0]["digest"] for image in images.values()}) == 1


def test_nothing_to_run_but_the_program(image):
    loaders = {path for path in regular_files(image) if path.name.startswith("ld-linux")}
    assert len(loaders) == 1
    programs = set()
    for path in regular_files(image):
        is_library = is_elf(path) and re.search(r"\.so(\.|$)", path.name)
        if os.access(path, os.X_OK) and path.stat().st_mode & 0o111 and not is_library:
            programs.add(path)
    assert programs == {image.program}


def test_ownership_and_modes(image):
    for path in image.files:
        status = path.lstat()
        assert (status.st_uid, status.st_gid) == (0, 0), path
        assert not status.st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX), path
        if path.is_symlink():
            assert (image.root / os.readlink(path).lstrip("/")).is_file(), path
            continue
        assert stat.S_ISDIR(status.st_mode) or stat.S_ISREG(status.st_mode), path
        assert not status.st_mode & 0o022, path
        assert status.st_mode & 0o004, path


def test_libraries_are_those_that_are_needed(image):
    """Every library that something needs is there, and no other."""
    libraries = {path.name: path for path in regular_files(image) if ".so" in path.name}
    found, waiting = set(), {image.program}
    while waiting:
        names = set(needed(waiting.pop())) - found
        assert names <= set(libraries)
        found |= names
        waiting |= {libraries[name] for name in names}
    interpreter = tool("readelf", "--program-headers", image.program)
    loader = re.search(r"program interpreter: (.*)]", interpreter)[1]
    assert (image.root / loader.lstrip("/")).is_file()
    assert found | {loader.rpartition("/")[2]} | LOADED_LATER == set(libraries)


def test_program_is_hardened(image):
    header = tool("readelf", "--wide", "--file-header", "--program-headers", image.program)
    assert re.search(r"Type: +DYN", header)
    assert "GNU_RELRO" in header
    assert re.search(r"GNU_STACK.* RW +0x", header)
    dynamic = tool("readelf", "--wide", "--dynamic", image.program)
    assert re.search(r"\(FLAGS_1\).*NOW.*PIE", dynamic)
    assert "RPATH" not in dynamic and "RUNPATH" not in dynamic
    symbols = tool("readelf", "--wide", "--dyn-syms", image.program)
    assert "__stack_chk_fail" in symbols
    assert re.search(r"__\w+_chk@", symbols), "not fortified"
    assert ".symtab" not in tool("readelf", "--wide", "--sections", image.program), "not stripped"


def test_certificates_are_found_by_curl_and_openssl(image):
    bundle = image.root / "etc/ssl/certs/ca-certificates.crt"
    assert bundle.read_text().count("BEGIN CERTIFICATE") > 100
    assert os.readlink(image.root / "usr/lib/ssl/cert.pem") == image.path(bundle)


# SBOM


@pytest.fixture
def sbom(image):
    (path,) = (image.root / "usr/share/sbom").iterdir()
    assert path.name == f"{image.program.name}.spdx.json"
    return parse_file(str(path))


def test_sbom_is_valid(sbom):
    messages = [each.validation_message for each in validate_full_spdx_document(sbom)]
    assert messages == []
    assert sbom.creation_info.spdx_version == "SPDX-2.3"


def test_sbom_knows_every_file(image, sbom):
    checksums = {
        each.name.removeprefix("."): {sum.algorithm.name: sum.value for sum in each.checksums}
        for each in sbom.files
    }
    documents = image.root / "usr/share"
    files = {
        image.path(path): path for path in regular_files(image) if documents not in path.parents
    }
    assert set(checksums) == set(files) - OWN_FILES
    for name, path in files.items():
        if name in checksums:
            data = path.read_bytes()
            assert checksums[name]["SHA1"] == hashlib.sha1(data).hexdigest()
            assert checksums[name]["SHA256"] == hashlib.sha256(data).hexdigest()


def test_sbom_knows_every_package(image, sbom):
    """Each package has its purl, is there for a file or compiled in, and left its copyright."""
    packages = {each.spdx_id: each for each in sbom.packages}
    program = packages.pop("SPDXRef-Program")
    assert (program.name, program.version) == (image.program.name, VERSION)
    sources = {
        each.related_spdx_element_id
        for each in sbom.relationships
        if each.relationship_type.name == "EXPANDED_FROM_ARCHIVE"
    }
    assert len(sources) < len(sbom.files)
    for key, package in packages.items():
        (reference,) = package.external_references
        start = f"pkg:deb/debian/{package.name}@"
        assert reference.locator.startswith(start)
        assert reference.locator.endswith("&distro=debian-13")
        assert (key in sources) != (package.name in COMPILED_IN)
        notice = image.root / f"usr/share/doc/{package.name}/copyright"
        assert notice.is_file() or package.name in COMPILED_IN
    assert {"libc6", "libcurl4t64", "libssl3t64", "ca-certificates"} <= {
        package.name for package in packages.values()
    }
