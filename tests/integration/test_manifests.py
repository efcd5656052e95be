"""k8s/ renders, is what Kubernetes' schemas want, and says what the programs need said."""

import json
import re

import kubernetes_validate
import pytest
import yaml

from stack import manifests
from stack.manifests import K8S, PROGRAMS, ROOT

VERSIONS = ("1.30", "1.37")  # the oldest that knows a sleep before SIGTERM, and the newest
OPERATOR = {"PodMonitor", "PrometheusRule"}  # kinds that the Prometheus operator brings
ADMIN_PORTS = {"api": 8081, "inspector": 8082, "size": 8083, "scaler": 8084}
WORKERS = ("inspector", "size")


@pytest.fixture
def local():
    return manifests.load("overlays/local")


def test_any_two_components_go_together():
    for components in [*manifests.pairs_of_components(), manifests.COMPONENTS]:
        assert manifests.load("base", components).documents


@pytest.mark.parametrize("version", VERSIONS)
def test_every_rendering_is_what_the_schema_wants(version):
    documents = [each for rendered in manifests.renderings() for each in rendered.documents]
    different = {json.dumps(each): each for each in documents if each["kind"] not in OPERATOR}
    for each in different.values():
        kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schema_sees_a_misspelt_field(version, local):
    local.container("api")["livenessProb"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(local.deployment("api"), version, strict=True)


def test_the_rendered_file_is_the_local_overlay():
    """`make k8s` writes it."""
    text = (K8S / "microbadger.yaml").read_text(encoding="utf-8")
    rendered = yaml.safe_load_all(manifests.render("overlays/local"))
    assert list(yaml.safe_load_all(text)) == list(rendered)


def test_only_the_rendered_file_is_on_top():
    """`kubectl apply -f k8s/` takes every file there, and stumbles over a kustomization."""
    assert [path.name for path in K8S.iterdir() if path.is_file()] == ["microbadger.yaml"]


def test_the_namespace_comes_first_and_is_restricted(local):
    namespace = local.documents[0]
    assert namespace["kind"] == "Namespace"
    for mode in ("enforce", "audit", "warn"):
        assert namespace["metadata"]["labels"][f"pod-security.kubernetes.io/{mode}"] == "restricted"


def test_images_are_of_this_version(local):
    version = (ROOT / "VERSION").read_text(encoding="ascii").strip()
    for program in PROGRAMS:
        assert local.container(program)["image"] == f"microbadger/{program}:{version}"
        labels = local.deployment(program)["metadata"]["labels"]
        assert labels["app.kubernetes.io/version"] == version


def test_a_version_is_in_no_selector_and_in_no_pod(local):
    """It would make a new release impossible, and restart what has not changed."""
    for each in local.of("Deployment", "StatefulSet", "Service", "PodDisruptionBudget"):
        assert "version" not in yaml.safe_dump(each["spec"].get("selector"))
    assert all("app.kubernetes.io/version" not in labels for labels in local.pod_labels())


def test_probes_ask_the_admin_port(local):
    for program, port in ADMIN_PORTS.items():
        container = local.container(program)
        assert {"name": "admin", "containerPort": port} in container["ports"]
        assert {"name": "MB_ADMIN_LISTEN", "value": f":{port}"} in container["env"]
        paths = {probe: container[probe]["httpGet"] for probe in container if "Probe" in probe}
        assert paths == {
            "startupProbe": {"path": "/healthz", "port": "admin"},
            "livenessProbe": {"path": "/healthz", "port": "admin"},
            "readinessProbe": {"path": "/readyz", "port": "admin"},
        }


def test_the_api_serves_until_no_node_sends_it_clients(local):
    container = local.container("api")
    assert container["lifecycle"]["preStop"] == {"sleep": {"seconds": 5}}
    assert {"name": "MB_LISTEN", "value": ":8080"} in container["env"]
    port = local.get("Service", "microbadger-api")["spec"]["ports"]
    assert [(each["port"], each["targetPort"]) for each in port] == [(80, "http")]
    assert {"name": "http", "containerPort": 8080} in container["ports"]


def test_a_pod_has_time_to_drain(local):
    settings = next(
        each["data"]
        for each in local.of("ConfigMap")
        if each["metadata"]["name"].startswith("microbadger-")
        and "MB_DRAIN_SECONDS" in each["data"]
    )
    drain = int(settings["MB_DRAIN_SECONDS"])
    for program in PROGRAMS:
        before = local.container(program).get("lifecycle", {}).get("preStop", {}).get("sleep", {})
        grace = local.pod(program)["terminationGracePeriodSeconds"]
        assert before.get("seconds", 0) + drain < grace


def test_inspector_and_size_pods_ask_for_the_same():
    """The scaler counts pods: one that goes makes room for one of the other."""
    for each in manifests.renderings():
        inspector, size = (each.container(program)["resources"] for program in WORKERS)
        assert inspector == size


def test_numbers_of_workers_are_fixed_without_the_scaler_only():
    for each in manifests.renderings():
        has_scaler = any(name == "microbadger-scaler" for name, _ in each.pods())
        for program in WORKERS:
            assert ("replicas" in each.deployment(program)["spec"]) != has_scaler


def test_the_scaler_may_do_what_it_does_and_no_more(local):
    names = [f"microbadger-{program}" for program in WORKERS]
    apps, leases = {"apiGroups": ["apps"], "resourceNames": names}, {"resources": ["leases"]}
    assert local.get("Role", "microbadger-scaler")["rules"] == [
        {**apps, "resources": ["deployments"], "verbs": ["get", "list", "watch"]},
        {**apps, "resources": ["deployments/scale"], "verbs": ["get", "patch"]},
        {"apiGroups": ["coordination.k8s.io"], **leases, "verbs": ["create"]},
        {
            "apiGroups": ["coordination.k8s.io"],
            **leases,
            "resourceNames": ["microbadger-scaler"],
            "verbs": ["get", "update"],
        },
    ]
    assert not local.of("ClusterRole", "ClusterRoleBinding")
    binding = local.get("RoleBinding", "microbadger-scaler")
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": "microbadger-scaler", "namespace": "microbadger"}
    ]
    assert local.pod("scaler")["serviceAccountName"] == "microbadger-scaler"


def test_only_the_scaler_has_a_token():
    for each in manifests.renderings():
        for name, pod in each.pods():
            sources = [
                source
                for volume in pod["volumes"]
                for source in volume.get("projected", {}).get("sources", [])
            ]
            has_token = any("serviceAccountToken" in source for source in sources)
            assert has_token == (name == "microbadger-scaler")


def mounted(pod, container):
    """Names of the Secrets whose files a container sees, by directory."""
    secrets = {
        volume["name"]: volume["secret"]["secretName"]
        for volume in pod["volumes"]
        if "secret" in volume
    }
    return {
        mount["mountPath"]: secrets[mount["name"]]
        for mount in container["volumeMounts"]
        if mount["name"] in secrets
    }


def environment(rendered, program):
    """What a program reads, as Kubernetes puts it together."""
    container = rendered.container(program)
    values = {}
    for source in container["envFrom"]:
        values.update(rendered.get("ConfigMap", source["configMapRef"]["name"])["data"])
    values.update({each["name"]: each["value"] for each in container["env"]})
    return values


@pytest.mark.parametrize("program", PROGRAMS)
def test_files_that_the_settings_name_are_in_the_secret(local, program):
    secret_name = mounted(local.pod(program), local.container(program))["/etc/microbadger/redis"]
    keys = local.get("Secret", secret_name)["data"]
    files = {n: v for n, v in environment(local, program).items() if n.endswith("_FILE")}
    assert set(files) == {"MB_CACHE_URL_FILE", "MB_INSPECTION_QUEUE_FILE", "MB_SIZE_QUEUE_FILE"}
    for path in files.values():
        directory, _, key = path.rpartition("/")
        assert directory == "/etc/microbadger/redis" and key in keys


@pytest.mark.parametrize("overlay", ["overlays/aws", "overlays/aws-irsa"])
def test_aws_has_queues_in_sqs_and_the_redis_of_a_secret(overlay):
    rendered = manifests.load(overlay)
    for program in PROGRAMS:
        values = environment(rendered, program)
        assert values["MB_INSPECTION_QUEUE"].startswith("https://sqs.")
        assert values["MB_SIZE_QUEUE"].startswith("https://sqs.")
        assert values["MB_CACHE_URL_FILE"] == "/etc/microbadger/redis/cache-url"
        assert mounted(rendered.pod(program), rendered.container(program)) == {
            "/etc/microbadger/redis": "microbadger-redis"
        }
    assert not rendered.of("Secret", "StatefulSet")


def test_aws_irsa_names_a_role_for_each_account():
    for program in PROGRAMS:
        account = manifests.load("overlays/aws-irsa").get(
            "ServiceAccount", f"microbadger-{program}"
        )
        role = account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"]
        assert re.fullmatch(rf"arn:aws:iam::\d{{12}}:role/microbadger-{program}", role)


def test_the_roles_policies_allow_what_the_programs_call():
    """Their union is what common/queue_sqs*.c asks for."""
    allowed = set()
    for path in (K8S / "overlays/aws/iam").iterdir():
        assert path.stem in PROGRAMS
        for statement in yaml.safe_load(path.read_text(encoding="ascii"))["Statement"]:
            allowed.update(statement["Action"])
    code = "".join(path.read_text() for path in sorted((ROOT / "common").glob("queue_sqs*.c")))
    called = re.findall(r'"((?:Send|Receive|Delete|Change|Get)[A-Z]\w+)"', code)
    assert allowed == {f"sqs:{name}" for name in called}


@pytest.mark.parametrize("program", ["inspector", "size"])
def test_registry_credentials_are_a_file_of_the_workers(program):
    rendered = manifests.load("overlays/local", ["registry-credentials"])
    pod, container = rendered.pod(program), rendered.container(program)
    path = environment(rendered, program)["MB_REGISTRY_AUTH_FILE"]
    assert mounted(pod, container)["/etc/microbadger/registries"] == "microbadger-registries"
    volume = next(each["secret"] for each in pod["volumes"] if each["name"] == "registries")
    assert volume["items"] == [{"key": ".dockerconfigjson", "path": path.rpartition("/")[2]}]
    assert path.startswith("/etc/microbadger/registries/")
    assert "MB_REGISTRY_AUTH_FILE" not in environment(rendered, "api")


def test_secrets_of_the_api_are_its_own_files():
    rendered = manifests.load("overlays/local", ["api-secrets"])
    values = environment(rendered, "api")
    assert values["MB_WEBHOOK_SECRET_FILE"] == "/etc/microbadger/secrets/webhook-secret"
    assert values["MB_REFRESH_TOKEN_FILE"] == "/etc/microbadger/secrets/refresh-token"
    secrets = mounted(rendered.pod("api"), rendered.container("api"))
    assert secrets["/etc/microbadger/secrets"] == "microbadger-api"


def test_settings_are_ones_that_the_programs_know():
    code = (ROOT / "common/config_options.c").read_text()
    known = set(re.findall(r'{"(MB_\w+)", OPTION', code))
    for rendered in manifests.renderings():
        for name, _ in rendered.pods():
            program = name.removeprefix("microbadger-")
            if program in PROGRAMS:
                for setting in environment(rendered, program):
                    names = {setting, setting.removesuffix("_FILE")}
                    assert names & known or setting.startswith("AWS_"), setting


def test_alerts_and_dashboard_ask_for_metrics_that_there_are():
    sources = [path for part in ("common", *PROGRAMS) for path in (ROOT / part).glob("*.c")]
    code = "".join(path.read_text() for path in sources)
    known = set(re.findall(r'"((?:mb|http|process)_\w+)', code))
    monitoring = K8S / "components/monitoring"
    text = (monitoring / "rules.yaml").read_text() + (monitoring / "microbadger.json").read_text()
    asked = set(re.findall(r"(?<![\w:])((?:mb|http|process)_\w+)", text))
    assert {name.removesuffix("_bucket") for name in asked} <= known
    assert len(asked) > 10


def test_a_changed_setting_starts_new_pods(local):
    """Names of settings and secrets end in a hash of what is in them."""
    for kind in ("ConfigMap", "Secret"):
        for each in local.of(kind):
            assert re.search(r"-[a-z0-9]{10}$", each["metadata"]["name"])
