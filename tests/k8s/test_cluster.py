"""What the other tests rely on: pods run, Services have names, admission is on."""

import pytest

POD = """
apiVersion: v1
kind: Pod
metadata: {name: look, namespace: rig}
spec:
  restartPolicy: Never
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: look
    image: registry.test/redis:1
    command: [/bin/sh, -c, "nslookup kubernetes.default.svc.cluster.local && id -u"]
    securityContext:
      allowPrivilegeEscalation: PRIVILEGES
      readOnlyRootFilesystem: true
      capabilities: {drop: [ALL]}
"""


@pytest.fixture(scope="module")
def rig(cluster, node):
    if node is None:
        pytest.skip("a cluster of somebody else's")
    cluster.kubectl("create", "namespace", "rig")
    label = "pod-security.kubernetes.io/enforce=restricted"
    cluster.kubectl("label", "namespace", "rig", label)
    cluster.wait(lambda: "default" in cluster.names("serviceaccounts", "-n", "rig"), 60, "account")
    yield cluster
    cluster.kubectl("delete", "namespace", "rig")


def test_a_pod_runs_and_finds_services_by_name(rig):
    rig.kubectl("apply", "-n", "rig", "-f", "-", data=POD.replace("PRIVILEGES", "false"))
    rig.kubectl(
        "wait", "-n", "rig", "--for=jsonpath={.status.phase}=Succeeded", "pod/look", "--timeout=60s"
    )
    log = rig.kubectl("logs", "-n", "rig", "look")
    assert "10.96.0.1" in log
    assert log.splitlines()[-1] == "65532"


def test_a_pod_with_privileges_is_refused(rig):
    pod = POD.replace("PRIVILEGES", "true").replace("name: look", "name: bad")
    with pytest.raises(Exception, match='violates PodSecurity "restricted'):
        rig.kubectl("apply", "-n", "rig", "-f", "-", data=pod)
