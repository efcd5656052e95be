"""kube-score, kubeconform and promtool, as they are, find nothing in any rendering of k8s/."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from stack import manifests
from stack.manifests import K8S, ROOT

BUILD = ROOT / "build"
KUBERNETES = "1.37.0"
KUBE_SCORE = "github.com/zegl/kube-score/cmd/kube-score@v1.20.0"
KUBECONFORM = "github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0"
OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.92.1"
OPTIONAL_SCORES = ("container-seccomp-profile", "container-ports-check")

pytestmark = pytest.mark.skipif(not shutil.which("go"), reason="the tools are built with Go")


def go(*words):
    environment = {**os.environ, "GOBIN": str(BUILD / "go-bin"), "GOFLAGS": "-p=2"}
    done = subprocess.run(
        ["go", *words], env=environment, cwd=BUILD, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def go_tool(module):
    """The program, built on first use; the file's name says of which version."""
    name, _, version = module.rpartition("/")[2].partition("@")
    path = BUILD / "go-bin" / f"{name}-{version}"
    if not path.exists():
        go("install", module)
        (BUILD / "go-bin" / name).rename(path)
    return path


def run(program, *words, text=None):
    command = [program, *words]
    return subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)


def test_kube_score():
    options = ["--output-format=ci"]
    options += [f"--enable-optional-test={name}" for name in OPTIONAL_SCORES]
    for each in manifests.renderings():
        text = yaml.safe_dump_all(each.documents)
        done = run(go_tool(KUBE_SCORE), "score", *options, "-", text=text)
        found = [
            line for line in done.stdout.splitlines() if not line.startswith(("[OK]", "[SKIP"))
        ]
        assert (done.returncode, found) == (0, []), each.name


def test_kube_score_sees_what_is_wrong():
    spoiled = manifests.load("overlays/local")
    spoiled.pod("api")["containers"][0]["securityContext"].pop("readOnlyRootFilesystem")
    text = yaml.safe_dump_all(spoiled.documents)
    assert "[CRITICAL]" in run(go_tool(KUBE_SCORE), "score", "-o", "ci", "-", text=text).stdout


def closed(schema):
    """A schema of an object that takes no field that it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {key: closed(value) for key, value in schema.items()}
    if "properties" in schema and "additionalProperties" not in schema:
        schema["additionalProperties"] = False
    return schema


def write_kubernetes_schemas(directory):
    """Those of kubernetes-validate; kubeconform wants each with its definitions in one file."""
    source = Path(kubernetes_validate.__file__).parent
    source = source / f"kubernetes-json-schema/v{KUBERNETES}-local-strict"
    definitions = json.loads((source / "_definitions.json").read_text())["$defs"]
    for each in (each for rendered in manifests.renderings() for each in rendered.documents):
        group, _, version = each["apiVersion"].rpartition("/")
        suffix = "-".join([group.partition(".")[0], version] if group else [version])
        name = f"{each['kind'].lower()}-{suffix}.json"
        if (source / name).exists() and not (directory / name).exists():
            text = (source / name).read_text().replace("/api/_definitions.json#", "#")
            schema = {**json.loads(text), "$defs": definitions}
            (directory / name).write_text(json.dumps(schema))


def write_operator_schemas(directory):
    """Those of the Prometheus operator's kinds, from its module."""
    module = json.loads(go("mod", "download", "-json", OPERATOR))["Dir"]
    for kind in ("podmonitor", "prometheusrule"):
        path = f"example/prometheus-operator-crd/monitoring.coreos.com_{kind}s.yaml"
        definition = yaml.safe_load((Path(module) / path).read_text())
        version = definition["spec"]["versions"][0]
        schema = closed(version["schema"]["openAPIV3Schema"])
        schema["properties"]["metadata"] = {"type": "object"}
        (directory / f"{kind}-monitoring-{version['name']}.json").write_text(json.dumps(schema))


@pytest.fixture(scope="module")
def kubeconform(tmp_path_factory):
    """kubeconform(text): its answer, with Kubernetes' and the operator's schemas."""
    directory = tmp_path_factory.mktemp("schemas")
    write_kubernetes_schemas(directory)
    write_operator_schemas(directory)
    location = str(directory / "{{.ResourceKind}}{{.KindSuffix}}.json")
    options = ["-strict", "-schema-location", location, "-summary", "-output", "json"]

    def check(text):
        done = run(go_tool(KUBECONFORM), *options, text=text)
        return done.returncode, json.loads(done.stdout)

    return check


def test_kubeconform(kubeconform):
    documents = [each for rendered in manifests.renderings() for each in rendered.documents]
    code, answer = kubeconform(yaml.safe_dump_all(documents))
    valid = {"valid": len(documents), "invalid": 0, "errors": 0, "skipped": 0}
    assert (code, answer.get("resources"), answer["summary"]) == (0, [], valid)


def test_kubeconform_sees_what_is_wrong(kubeconform):
    spoiled = manifests.load("base", ["monitoring"])
    spoiled.get("PodMonitor", "microbadger")["spec"]["selektor"] = {}
    spoiled.get("Service", "microbadger-api")["spec"]["ports"][0]["port"] = "80"
    _, answer = kubeconform(yaml.safe_dump_all(spoiled.documents))
    assert answer["summary"]["invalid"] == 2


@pytest.fixture
def rules(tmp_path):
    """The alerts as a file of Prometheus' own."""
    rule = manifests.load("base", ["monitoring"]).get("PrometheusRule", "microbadger")
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(rule["spec"]))
    return path


def test_promtool_takes_the_rules(rules):
    done = run("promtool", "check", "rules", rules)
    assert done.returncode == 0 and "SUCCESS" in done.stdout, done.stdout + done.stderr


def test_alerts_fire_when_they_should(rules):
    tests = Path(__file__).parent / "alerts.yaml"
    shutil.copy(tests, rules.parent)
    done = run("promtool", "test", "rules", rules.parent / tests.name)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_takes_the_dashboards_queries(tmp_path):
    dashboard = json.loads((K8S / "components/monitoring/microbadger.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    rules = [
        {"record": f"panel:{n}", "expr": query.replace("$__rate_interval", "5m")}
        for n, query in enumerate(queries)
    ]
    path = tmp_path / "dashboard.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = run("promtool", "check", "rules", path)
    assert done.returncode == 0 and queries, done.stdout + done.stderr
