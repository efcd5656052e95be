"""What kubectl makes of k8s/: the overlays, and the base with sets of components."""

import copy
import functools
import itertools
import os
import subprocess
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
K8S = ROOT / "k8s"
KUBECTL = ROOT / "build/kubectl"
NAMESPACE = "microbadger"
PROGRAMS = ("api", "inspector", "size", "scaler")
# In the order to name them in: AppArmor's profile is for pods of those before it.
COMPONENTS = sorted(
    (path.name for path in (K8S / "components").iterdir()),
    key=lambda name: (name == "apparmor", name),
)
OVERLAYS = sorted(path.name for path in (K8S / "overlays").iterdir())
ADDED = tuple(name for name in COMPONENTS if name not in ("redis", "scaler"))  # no overlay's own


def _kustomization(base, components):
    lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization"]
    lines += ["resources:", f"  - {base}"]
    lines += ["components:"] * bool(components) + [f"  - {path}" for path in components]
    return "\n".join(lines) + "\n"


@functools.cache
def render(base, components=()):
    """The text for base ("base", "overlays/NAME") with components added."""
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as directory:
        paths = [K8S / base] + [K8S / "components" / name for name in components]
        relative = [os.path.relpath(path, directory) for path in paths]
        text = _kustomization(relative[0], relative[1:])
        (Path(directory) / "kustomization.yaml").write_text(text, encoding="ascii")
        command = [KUBECTL, "kustomize", directory]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def pairs_of_components():
    """What any two may break in each other."""
    return itertools.combinations(COMPONENTS, 2)


class Manifests:
    """Documents, and the ways in which rules look at them."""

    def __init__(self, name, documents):
        self.name = name
        self.documents = documents

    def copy(self):
        return Manifests(self.name, copy.deepcopy(self.documents))

    def of(self, *kinds):
        return [document for document in self.documents if document["kind"] in kinds]

    def get(self, kind, name):
        found = [each for each in self.of(kind) if each["metadata"]["name"] == name]
        assert len(found) == 1, f"{self.name}: {len(found)} {kind} {name}"
        return found[0]

    def workloads(self):
        return self.of("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod")

    def deployment(self, program):
        return self.get("Deployment", f"{NAMESPACE}-{program}")

    def pod(self, program):
        return self.deployment(program)["spec"]["template"]["spec"]

    def container(self, program):
        return self.pod(program)["containers"][0]

    def pods(self):
        """(name, pod spec) of each workload."""
        for workload in self.workloads():
            yield workload["metadata"]["name"], workload["spec"]["template"]["spec"]

    def containers(self):
        """(name, container, pod spec), init containers too."""
        for name, pod in self.pods():
            for container in pod.get("initContainers", []) + pod["containers"]:
                yield f"{name}/{container['name']}", container, pod

    def pod_labels(self):
        """Labels of each workload's pods."""
        return [each["spec"]["template"]["metadata"]["labels"] for each in self.workloads()]


def selects(selector, labels):
    """Whether a label selector fits these labels."""
    for key, value in selector.get("matchLabels", {}).items():
        if labels.get(key) != value:
            return False
    for term in selector.get("matchExpressions", []):
        is_in = labels.get(term["key"]) in term.get("values", [])
        if is_in != {"In": True, "NotIn": False}[term["operator"]]:
            return False
    return True


@functools.cache
def _loaded(base, components):
    name = "+".join((base.rpartition("/")[2],) + components)
    return Manifests(name, list(yaml.safe_load_all(render(base, components))))


def load(base, components=()):
    """A copy that the caller may change."""
    return _loaded(base, tuple(components)).copy()


def renderings():
    """What somebody may apply: each overlay, bare and with all that can be added; the base with each
    component."""
    yield _loaded("base", ())
    for name in COMPONENTS:
        yield _loaded("base", (name,))
    for name in OVERLAYS:
        yield _loaded(f"overlays/{name}", ())
        yield _loaded(f"overlays/{name}", ADDED)
