"""What linters and the Pod Security Standards ask of pods holds in each rendering of k8s/."""

import pytest

from stack import manifests
from stack.rules import of_containers, of_kind, of_pods

RESTRICTED_VOLUMES = {
    *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral"),
    *("persistentVolumeClaim", "projected", "secret"),
}
TOKEN_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount"
LOWEST_ID = 10000
PULL_POLICY = "container-image-pull-policy"


def security(container, pod, field):
    """What counts: the container's, else the pod's."""
    own = container.get("securityContext", {})
    return own.get(field, pod.get("securityContext", {}).get(field))


def forget(container, pod, field):
    container["securityContext"].pop(field, None)
    pod["securityContext"].pop(field, None)


def secure(field, wanted, wrong):
    """The field is wanted(value) for each container; wrong would offend."""

    def spoil(container, pod):
        container["securityContext"][field] = wrong

    return of_containers(lambda c, p: wanted(security(c, p, field)), spoil)


def resource(kind, name):
    """Each container has this request or limit."""
    return of_containers(
        lambda c, p: name in c.get("resources", {}).get(kind, {}),
        lambda c, p: c["resources"][kind].pop(name),
    )


def has_room(container, name):
    """Both a request and a limit."""
    resources = container.get("resources", {})
    return all(name in resources.get(kind, {}) for kind in ("requests", "limits"))


def without(field):
    """The pod does not share this with its node."""
    return of_pods(lambda p: not p.get(field), lambda p: p.update({field: True}))


def has_tag(container):
    name, _, tag = container["image"].rpartition(":")
    return bool(name) and "/" not in tag and tag != "latest"


def port_exists(container, probe):
    """The probe's port is one of the container's."""
    probe = container.get(probe, {})
    where = probe.get("httpGet") or probe.get("tcpSocket")
    if not where:
        return "exec" in probe or not probe
    ports = {port[key] for port in container.get("ports", []) for key in ("name", "containerPort")}
    return where["port"] in ports


def probes_port(name):
    return of_containers(
        lambda c, p: name in c and port_exists(c, name),
        lambda c, p: c[name]["httpGet"].update(port="elsewhere"),
    )


def has_capabilities(container):
    capabilities = container.get("securityContext", {}).get("capabilities", {})
    return capabilities.get("drop") == ["ALL"] and not capabilities.get("add")


def reads_no_reference(container):
    """Secrets come as files, not as variables."""
    variables = [each.get("valueFrom", {}) for each in container.get("env", [])]
    sources = variables + container.get("envFrom", [])
    return not any("secretKeyRef" in each or "secretRef" in each for each in sources)


def names_no_secret(workload):
    """No variable is called a secret, or the tool's own annotation says why one is."""
    ignored = workload["metadata"].get("annotations", {})
    if "ignore-check.kube-linter.io/env-var-secret" in ignored:
        return True
    containers = workload["spec"]["template"]["spec"]["containers"]
    return not any("SECRET" in each["name"] for c in containers for each in c.get("env", []))


def volume_kinds(pod):
    return {kind for volume in pod.get("volumes", []) for kind in volume if kind != "name"}


def mounts_token_automatically(container, pod):
    if "automountServiceAccountToken" in pod:
        return pod["automountServiceAccountToken"]
    return any(mount["mountPath"] == TOKEN_DIRECTORY for mount in container["volumeMounts"])


def has_no_probe_host(container):
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        for action in container.get(probe, {}).values():
            if isinstance(action, dict) and "host" in action:
                return False
    return True


def pull_policy_is_told(workload):
    """Always, or the tool's own annotation says that the other policy is meant."""
    ignored = workload["metadata"].get("annotations", {}).get("kube-score/ignore", "")
    containers = workload["spec"]["template"]["spec"]["containers"]
    always = all(container.get("imagePullPolicy") == "Always" for container in containers)
    return always or ignored == PULL_POLICY


def add_volume(volume):
    return lambda pod: pod["volumes"].append({"name": "more", **volume})


RULES = {
    # Resources
    "KSV-0015": resource("requests", "cpu"),
    "KSV-0011": resource("limits", "cpu"),
    "KSV-0016": resource("requests", "memory"),
    "KSV-0018": resource("limits", "memory"),
    "kube-score/container-resources": of_containers(
        lambda c, p: has_room(c, "cpu") and has_room(c, "memory"),
        lambda c, p: c["resources"]["limits"].pop("cpu"),
    ),
    "kube-score/container-ephemeral-storage-request-and-limit": of_containers(
        lambda c, p: has_room(c, "ephemeral-storage"),
        lambda c, p: c["resources"]["requests"].pop("ephemeral-storage"),
    ),
    "kube-linter/unset-cpu-requirements": of_containers(
        lambda c, p: has_room(c, "cpu"), lambda c, p: c["resources"]["requests"].pop("cpu")
    ),
    "kube-linter/unset-memory-requirements": of_containers(
        lambda c, p: has_room(c, "memory"), lambda c, p: c["resources"].pop("limits")
    ),
    # Images
    "kube-score/container-image-tag": of_containers(
        lambda c, p: has_tag(c), lambda c, p: c.update(image="example.com:5000/name")
    ),
    "kube-linter/latest-tag": of_containers(
        lambda c, p: has_tag(c), lambda c, p: c.update(image="name:latest")
    ),
    "KSV-0013": of_containers(lambda c, p: has_tag(c), lambda c, p: c.update(image="name")),
    "kube-score/container-image-pull-policy": of_kind(
        ("Deployment", "StatefulSet"),
        pull_policy_is_told,
        lambda each: each["metadata"].pop("annotations"),
        ("Deployment", "microbadger-size"),
    ),
    # Who runs
    "kube-score/container-security-context-user-group-id": of_containers(
        lambda c, p: all(
            c["securityContext"].get(field, 0) >= LOWEST_ID for field in ("runAsUser", "runAsGroup")
        ),
        lambda c, p: c["securityContext"].update(runAsGroup=100),
    ),
    "KSV-0020": secure("runAsUser", lambda value: (value or 0) > LOWEST_ID, 1000),
    "KSV-0021": secure("runAsGroup", lambda value: (value or 0) > LOWEST_ID, 1000),
    "KSV-0105": secure("runAsUser", lambda value: value != 0, 0),
    "KSV-0116": of_pods(
        lambda p: p["securityContext"].get("fsGroup", LOWEST_ID) >= LOWEST_ID
        and not p["securityContext"].get("supplementalGroups"),
        lambda p: p["securityContext"].update(fsGroup=0),
    ),
    "KSV-0012": secure("runAsNonRoot", lambda value: value is True, False),
    "kube-linter/run-as-non-root": of_containers(
        lambda c, p: security(c, p, "runAsNonRoot") is True,
        lambda c, p: forget(c, p, "runAsNonRoot"),
    ),
    "pss/runAsNonRoot": secure("runAsNonRoot", lambda value: value is True, None),
    "pss/runAsUser": secure("runAsUser", lambda value: value not in (None, 0), 0),
    # What it may do
    "kube-score/container-security-context-privileged": secure("privileged", lambda v: not v, True),
    "kube-linter/privileged-container": secure("privileged", lambda value: not value, True),
    "KSV-0017": secure("privileged", lambda value: not value, True),
    "kube-linter/privilege-escalation-container": secure(
        "allowPrivilegeEscalation", lambda value: value is False, True
    ),
    "KSV-0001": secure("allowPrivilegeEscalation", lambda value: value is False, None),
    "pss/allowPrivilegeEscalation": secure(
        "allowPrivilegeEscalation", lambda value: value is False, None
    ),
    "kube-linter/drop-net-raw-capability": of_containers(
        lambda c, p: has_capabilities(c),
        lambda c, p: c["securityContext"].update(capabilities={"drop": ["SYS_TIME"]}),
    ),
    "KSV-0003": of_containers(
        lambda c, p: has_capabilities(c), lambda c, p: c["securityContext"].pop("capabilities")
    ),
    "KSV-0004": of_containers(
        lambda c, p: has_capabilities(c),
        lambda c, p: c["securityContext"].update(capabilities={"drop": []}),
    ),
    "KSV-0022": of_containers(
        lambda c, p: has_capabilities(c),
        lambda c, p: c["securityContext"]["capabilities"].update(add=["NET_ADMIN"]),
    ),
    "KSV-0106": of_containers(
        lambda c, p: has_capabilities(c),
        lambda c, p: c["securityContext"]["capabilities"].update(add=["NET_BIND_SERVICE"]),
    ),
    "pss/capabilities": of_containers(
        lambda c, p: has_capabilities(c),
        lambda c, p: c["securityContext"]["capabilities"].pop("drop"),
    ),
    "kube-score/container-security-context-readonlyrootfilesystem": secure(
        "readOnlyRootFilesystem", lambda value: value is True, False
    ),
    "kube-linter/no-read-only-root-fs": secure(
        "readOnlyRootFilesystem", lambda value: value is True, None
    ),
    "KSV-0014": secure("readOnlyRootFilesystem", lambda value: value is True, False),
    "kube-score/container-seccomp-profile": secure(
        "seccompProfile", lambda value: bool(value), None
    ),
    "KSV-0030": secure(
        "seccompProfile", lambda v: v["type"] == "RuntimeDefault", {"type": "Localhost"}
    ),
    "KSV-0104": secure(
        "seccompProfile", lambda v: v["type"] != "Unconfined", {"type": "Unconfined"}
    ),
    "pss/seccompProfile": secure(
        "seccompProfile", lambda v: v["type"] == "RuntimeDefault", {"type": "Unconfined"}
    ),
    "KSV-0118": of_containers(
        lambda c, p: c.get("securityContext") and p.get("securityContext"),
        lambda c, p: p.update(securityContext={}),
    ),
    "KSV-0027": secure("procMount", lambda value: value in (None, "Default"), "Unmasked"),
    "KSV-0025": secure("seLinuxOptions", lambda value: not value, {"type": "spc_t"}),
    "KSV-0103": secure("windowsOptions", lambda value: not value, {"hostProcess": True}),
    "KSV-0026": of_pods(
        lambda p: not p["securityContext"].get("sysctls"),
        lambda p: p["securityContext"].update(sysctls=[{"name": "kernel.msgmax", "value": "1"}]),
    ),
    # What it shares with its node
    "kube-linter/host-network": without("hostNetwork"),
    "kube-linter/host-pid": without("hostPID"),
    "kube-linter/host-ipc": without("hostIPC"),
    "KSV-0008": without("hostIPC"),
    "KSV-0009": without("hostNetwork"),
    "KSV-0010": without("hostPID"),
    "KSV-0023": of_pods(
        lambda p: "hostPath" not in volume_kinds(p), add_volume({"hostPath": {"path": "/"}})
    ),
    "KSV-0006": of_pods(
        lambda p: "hostPath" not in volume_kinds(p),
        add_volume({"hostPath": {"path": "/var/run/docker.sock"}}),
    ),
    "KSV-0028": of_pods(
        lambda p: volume_kinds(p) <= RESTRICTED_VOLUMES,
        add_volume({"nfs": {"server": "s", "path": "/"}}),
    ),
    "pss/volumes": of_pods(
        lambda p: volume_kinds(p) <= RESTRICTED_VOLUMES,
        add_volume({"gitRepo": {"repository": "r"}}),
    ),
    "KSV-0024": of_containers(
        lambda c, p: all("hostPort" not in port for port in c["ports"]),
        lambda c, p: c["ports"][0].update(hostPort=8083),
    ),
    "KSV-0117": of_containers(
        lambda c, p: all(port["containerPort"] >= 1024 for port in c["ports"]),
        lambda c, p: c["ports"][0].update(containerPort=80),
    ),
    "kube-linter/ssh-port": of_containers(
        lambda c, p: all(port["containerPort"] != 22 for port in c["ports"]),
        lambda c, p: c["ports"][0].update(containerPort=22),
    ),
    "pss/probeHost": of_containers(
        lambda c, p: has_no_probe_host(c),
        lambda c, p: c["livenessProbe"]["httpGet"].update(host="127.0.0.1"),
    ),
    # Probes
    "kube-score/pod-probes": of_containers(
        lambda c, p: "readinessProbe" in c and "livenessProbe" in c,
        lambda c, p: c.pop("readinessProbe"),
    ),
    "kube-score/pod-probes-identical": of_containers(
        lambda c, p: c["readinessProbe"].get("httpGet") != c["livenessProbe"].get("httpGet")
        or "exec" in c["readinessProbe"],
        lambda c, p: c.update(readinessProbe=c["livenessProbe"]),
    ),
    "kube-linter/no-liveness-probe": of_containers(
        lambda c, p: "livenessProbe" in c, lambda c, p: c.pop("livenessProbe")
    ),
    "kube-linter/no-readiness-probe": of_containers(
        lambda c, p: "readinessProbe" in c, lambda c, p: c.pop("readinessProbe")
    ),
    "kube-linter/liveness-port": probes_port("livenessProbe"),
    "kube-linter/readiness-port": of_containers(
        lambda c, p: port_exists(c, "readinessProbe"),
        lambda c, p: c["readinessProbe"]["httpGet"].update(port=9999),
    ),
    "kube-linter/startup-port": probes_port("startupProbe"),
    # Secrets and accounts
    "kube-linter/env-var-secret": of_kind(
        ("Deployment", "StatefulSet"),
        names_no_secret,
        lambda each: each["spec"]["template"]["spec"]["containers"][0]["env"].append(
            {"name": "MB_WEBHOOK_SECRET", "value": "x"}
        ),
        ("Deployment", "microbadger-size"),
    ),
    "kube-linter/read-secret-from-env-var": of_containers(
        lambda c, p: reads_no_reference(c),
        lambda c, p: c["env"].append({"name": "X", "valueFrom": {"secretKeyRef": {}}}),
    ),
    "kube-linter/duplicate-env-var": of_containers(
        lambda c, p: len({v["name"] for v in c.get("env", [])}) == len(c.get("env", [])),
        lambda c, p: c["env"].append(dict(c["env"][0])),
    ),
    "kube-score/environment-variable-key-duplication": of_containers(
        lambda c, p: len({v["name"] for v in c.get("env", [])}) == len(c.get("env", [])),
        lambda c, p: c["env"].append({"name": "MB_ADMIN_LISTEN", "value": ":1"}),
    ),
    "KSV-0036": of_containers(
        lambda c, p: not mounts_token_automatically(c, p),
        lambda c, p: p.update(automountServiceAccountToken=True),
    ),
    "kube-linter/default-service-account": of_pods(
        lambda p: p.get("serviceAccountName", "default") != "default",
        lambda p: p.pop("serviceAccountName"),
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_rule(name):
    """No container, pod or workload of any rendering offends."""
    assert RULES[name].offenders(manifests.renderings()) == []


@pytest.mark.parametrize("name", RULES)
def test_rule_sees_an_offender(name):
    spoiled = manifests.load("base")
    assert RULES[name].offenders([spoiled]) == []
    RULES[name].spoil(spoiled)
    assert RULES[name].offenders([spoiled]) != []


def test_ksv_0002_with_the_component_apparmor():
    """Trivy wants an AppArmor profile; pods that have one do not start on nodes without AppArmor."""
    for components in (("apparmor",), manifests.COMPONENTS):
        for name, pod in manifests.load("base", components).pods():
            assert pod["securityContext"]["appArmorProfile"] == {"type": "RuntimeDefault"}, name
    bare = [pod["securityContext"] for _, pod in manifests.load("overlays/local").pods()]
    assert not any("appArmorProfile" in each for each in bare)
