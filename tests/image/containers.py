"""Images from build/images: unpacked, read, and run by runc as a cluster runs them."""

import json
import os
import shutil
import subprocess
import tarfile
import uuid
from pathlib import Path

from stack.suite import ROOT, Program, Suite

ARCHIVES = Path(os.environ.get("MB_IMAGES_DIR", ROOT / "build/images"))
NAMES = sorted(path.stem for path in ARCHIVES.glob("*.tar"))
VERSION = (ROOT / "VERSION").read_text().strip()
UID = 65532
# A container sees these of the machine: names are looked up as everywhere on it.
NETWORK_FILES = {path: path for path in ("/etc/hosts", "/etc/resolv.conf")}


class Image:
    """One archive, unpacked below `directory`."""

    def __init__(self, archive, directory):
        self.name = archive.stem
        self.archive = archive
        layout = directory / "layout"
        with tarfile.open(archive) as tar:
            tar.extractall(layout, filter="data")
        self.layout = layout
        self.index = json.loads((layout / "index.json").read_text())
        (described,) = self.index["manifests"]
        self.digest = described["digest"]
        self.manifest = self.blob(self.digest)
        self.config = self.blob(self.manifest["config"]["digest"])
        reference = described["annotations"]["org.opencontainers.image.ref.name"]
        command = ["umoci", "unpack", "--image", f"{layout}:{reference}", directory / "bundle"]
        subprocess.run(command, check=True, capture_output=True)
        self.bundle = directory / "bundle"
        self.root = self.bundle / "rootfs"
        # What a runtime adds is not part of the image.
        self.files = sorted(path for path in self.root.rglob("*"))

    def blob(self, digest):
        return json.loads((self.layout / "blobs" / digest.replace(":", "/")).read_text())

    @property
    def program(self):
        """Where its program is on this machine."""
        return self.root / self.config["config"]["Entrypoint"][0].lstrip("/")

    def path(self, file):
        """A file of the unpacked image as a container sees it."""
        return "/" + str(file.relative_to(self.root))


class Container:
    """What runc needs to run an image: read-only, without any capability, on the host's network.
    `mounts` is {a place in the container: a file or directory of this machine}."""

    def __init__(self, image, directory, arguments=(), environment=None, mounts=None):
        self.id = f"microbadger-{uuid.uuid4()}"
        self.state = directory / "runc"
        self.bundle = directory / self.id
        self.bundle.mkdir()
        config = json.loads((image.bundle / "config.json").read_text())
        config["root"] = {"path": str(image.root), "readonly": True}
        process = config["process"]
        process["terminal"] = False
        process["args"] += arguments
        process["env"] += [f"{key}={value}" for key, value in (environment or {}).items()]
        process["capabilities"] = {kind: [] for kind in process["capabilities"]}
        process["noNewPrivileges"] = True
        del process["rlimits"]
        linux = config["linux"]
        linux["namespaces"] = [each for each in linux["namespaces"] if each["type"] != "network"]
        del linux["resources"]
        config["mounts"] = [
            each for each in config["mounts"] if each["destination"] in ("/proc", "/dev")
        ]
        for place, source in {**NETWORK_FILES, **(mounts or {})}.items():
            mount = {"type": "bind", "source": str(source), "options": ["rbind", "ro"]}
            config["mounts"].append({"destination": str(place), **mount})
        (self.bundle / "config.json").write_text(json.dumps(config))

    @property
    def argv(self):
        return ["runc", "--root", self.state, "run", "--bundle", self.bundle, self.id]

    def remove(self):
        command = ["runc", "--root", self.state, "delete", "--force", self.id]
        subprocess.run(command, check=True, capture_output=True)
        shutil.rmtree(self.bundle)


class ContainerProgram(Program):
    """A program of the suite in a container of its image."""

    images = {}
    mounts = None

    def argv(self, name, environment, directory):
        settings = {key: value for key, value in environment.items() if key.startswith("MB_")}
        self.container = Container(self.images[self.kind], directory, (), settings, self.mounts)
        return self.container.argv

    def remove(self):
        self.process.kill()
        self.container.remove()


class ContainerSuite(Suite):
    """The suite, each program in a container; remove() ends it."""

    def __init__(self, images, directory, redis, queues, settings=None, mounts=None):
        super().__init__(directory, redis, queues, settings=settings)
        members = {"images": images, "mounts": mounts}
        self.program = type("Program", (ContainerProgram,), members)

    def launch(self, name):
        """Starts a program and does not wait until it is ready."""
        return self._make(name).start()

    def remove(self):
        self.kill()
        for program in self.programs.values():
            program.remove()


def run(image, directory, *arguments, environment=None, check=True):
    """Runs a container to its end: the completed process, with text."""
    container = Container(image, Path(directory), arguments, environment)
    try:
        return subprocess.run(
            container.argv, capture_output=True, text=True, check=check, timeout=60
        )
    finally:
        container.remove()
