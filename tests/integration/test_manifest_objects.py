"""What linters ask of Services, policies, budgets, scaling and roles holds in each rendering."""

import pytest

from stack import manifests
from stack.manifests import NAMESPACE, selects
from stack.rules import Rule, of_kind

WORKLOADS = ("Deployment", "StatefulSet")
SIZE = ("Deployment", "microbadger-size")
API_SERVICE = ("Service", "microbadger-api")
BUDGET = ("PodDisruptionBudget", "microbadger-api")
HPA = ("HorizontalPodAutoscaler", "microbadger-api")
POLICY = ("NetworkPolicy", "api-from-clients")
ROLE = ("Role", "microbadger-scaler")
HOST, ZONE = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
STABLE_VERSIONS = {
    *("v1", "apps/v1", "policy/v1", "networking.k8s.io/v1", "autoscaling/v2"),
    *("rbac.authorization.k8s.io/v1", "monitoring.coreos.com/v1"),
}


def labels_of(workload):
    return workload["spec"]["template"]["metadata"]["labels"]


def is_many(workload):
    """Whether there may be two pods of it."""
    return workload["spec"].get("replicas", 2) > 1


def has_many_replicas(workload):
    """A StatefulSet here is Redis, which is one; a number that is left out is somebody else's."""
    return workload["kind"] == "StatefulSet" or is_many(workload)


def keeps_pods_apart(workload):
    pod = workload["spec"]["template"]["spec"]
    affinity = pod.get("affinity", {}).get("podAntiAffinity", {})
    for term in affinity.get("preferredDuringSchedulingIgnoredDuringExecution", []):
        term = term["podAffinityTerm"]
        if term["topologyKey"] == HOST and selects(term["labelSelector"], labels_of(workload)):
            return True
    return not is_many(workload)


def spreads_pods(workload):
    constraints = workload["spec"]["template"]["spec"].get("topologySpreadConstraints", [])
    fitting = [each for each in constraints if selects(each["labelSelector"], labels_of(workload))]
    return not is_many(workload) or any(each["topologyKey"] == ZONE for each in fitting)


def rolls_without_a_gap(workload):
    update = workload["spec"].get("strategy", {})
    rolling = update.get("rollingUpdate", {})
    is_rolling = update.get("type") == "RollingUpdate" and rolling.get("maxUnavailable") == 0
    return workload["kind"] == "StatefulSet" or is_rolling


def selectors(each):
    """The label selectors by which an object means pods."""
    spec = each.get("spec", {})
    if each["kind"] == "Service":
        return [{"matchLabels": spec["selector"]}]
    if each["kind"] == "NetworkPolicy":
        return [spec["podSelector"]]
    return [spec["selector"]]


def of_selectors(kind, spoiled):
    """Each selector of this kind's objects fits some pod."""

    def find(rendered):
        labels = rendered.pod_labels()
        for each in rendered.of(kind):
            for selector in selectors(each):
                if not any(selects(selector, pod) for pod in labels):
                    yield each["metadata"]["name"]

    def spoil(rendered):
        selectors(rendered.get(kind, spoiled))[0]["matchLabels"][
            "app.kubernetes.io/component"
        ] = "x"

    return Rule(find, spoil)


def without_budget(rendered):
    for workload in filter(is_many, rendered.of(*WORKLOADS)):
        budgets = rendered.of("PodDisruptionBudget")
        if not any(selects(each["spec"]["selector"], labels_of(workload)) for each in budgets):
            yield workload["metadata"]["name"]


def budget_allows_one(budget):
    return "minAvailable" not in budget["spec"] and budget["spec"].get("maxUnavailable") == 1


def not_isolated(rendered):
    """Pods that no policy of some direction is for."""
    for workload in rendered.of(*WORKLOADS):
        for direction in ("Ingress", "Egress"):
            policies = [
                each
                for each in rendered.of("NetworkPolicy")
                if direction in each["spec"]["policyTypes"]
                and selects(each["spec"]["podSelector"], labels_of(workload))
            ]
            if not policies:
                yield f"{workload['metadata']['name']} {direction}"


def wrong_target_ports(rendered):
    for service in rendered.of("Service"):
        names = {
            port[key]
            for _, container, _ in rendered.containers()
            for port in container["ports"]
            for key in ("name", "containerPort")
        }
        for port in service["spec"]["ports"]:
            if port["targetPort"] not in names:
                yield service["metadata"]["name"]


def without_headless_service(rendered):
    for each in rendered.of("StatefulSet"):
        service = rendered.get("Service", each["spec"]["serviceName"])
        if service["spec"].get("clusterIP") != "None":
            yield each["metadata"]["name"]


def missing_accounts(rendered):
    accounts = {each["metadata"]["name"] for each in rendered.of("ServiceAccount")}
    return [name for name, pod in rendered.pods() if pod["serviceAccountName"] not in accounts]


def missing_scale_targets(rendered):
    for each in rendered.of("HorizontalPodAutoscaler"):
        target = each["spec"]["scaleTargetRef"]
        names = [found["metadata"]["name"] for found in rendered.of(target["kind"])]
        if target["name"] not in names:
            yield target["name"]


def scaled_with_replicas(rendered):
    for each in rendered.of("HorizontalPodAutoscaler"):
        target = rendered.get("Deployment", each["spec"]["scaleTargetRef"]["name"])
        if "replicas" in target["spec"]:
            yield target["metadata"]["name"]


def outside_namespace(rendered):
    for each in rendered.documents:
        if each["kind"] != "Namespace" and each["metadata"].get("namespace") != NAMESPACE:
            yield f"{each['kind']} {each['metadata']['name']}"


def forbids(resources, verbs):
    """No role gives one of these verbs on one of these resources."""

    def holds(role):
        for rule in role["rules"]:
            wide = {"*"} & (set(rule["resources"]) | set(rule["verbs"]) | set(rule["apiGroups"]))
            if wide or (set(rule["resources"]) & resources and set(rule["verbs"]) & verbs):
                return False
        return True

    rule = {"apiGroups": [""], "resources": sorted(resources)[:1], "verbs": sorted(verbs)[:1]}
    return of_kind(
        ("Role", "ClusterRole"), holds, lambda role: role["rules"].append(dict(rule)), ROLE
    )


def no_binding(name):
    """No binding gives this cluster role."""
    return of_kind(
        ("RoleBinding", "ClusterRoleBinding"),
        lambda each: each["roleRef"]["name"] != name and each["kind"] == "RoleBinding",
        lambda each: each["roleRef"].update(name=name),
        ("RoleBinding", "microbadger-scaler"),
    )


def drop_policies(rendered):
    rendered.documents = [each for each in rendered.documents if each["kind"] != "NetworkPolicy"]


def drop_accounts(rendered):
    rendered.documents = [each for each in rendered.documents if each["kind"] != "ServiceAccount"]


def drop_budgets(rendered):
    rendered.documents = [
        each for each in rendered.documents if each["kind"] != "PodDisruptionBudget"
    ]


def set_spec(kind, name, **values):
    return lambda rendered: rendered.get(kind, name)["spec"].update(values)


WRITE = {"create", "update", "patch", "delete", "deletecollection"}
ANY = WRITE | {"get", "list", "watch"}
PODS = {"pods", "deployments", "daemonsets", "statefulsets", "jobs", "cronjobs", "replicasets"}
RULES = {
    # Numbers and places
    "kube-score/deployment-replicas": of_kind(
        WORKLOADS, has_many_replicas, lambda each: each["spec"].update(replicas=1), SIZE
    ),
    "kube-score/deployment-strategy": of_kind(
        WORKLOADS, rolls_without_a_gap, lambda each: each["spec"].pop("strategy"), SIZE
    ),
    "kube-linter/no-rolling-update-strategy": of_kind(
        WORKLOADS,
        rolls_without_a_gap,
        lambda each: each["spec"].update(strategy={"type": "Recreate"}),
        SIZE,
    ),
    "kube-score/deployment-has-host-podantiaffinity": of_kind(
        WORKLOADS,
        keeps_pods_apart,
        lambda each: each["spec"]["template"]["spec"].pop("affinity"),
        SIZE,
    ),
    "kube-linter/no-anti-affinity": of_kind(
        WORKLOADS,
        keeps_pods_apart,
        lambda each: labels_of(each).update({"app.kubernetes.io/component": "other"}),
        SIZE,
    ),
    "kube-score/pod-topology-spread-constraints": of_kind(
        WORKLOADS,
        spreads_pods,
        lambda each: each["spec"]["template"]["spec"].pop("topologySpreadConstraints"),
        SIZE,
    ),
    "kube-score/revision-history-limit": of_kind(
        WORKLOADS,
        lambda each: each["spec"].get("revisionHistoryLimit", 10) <= 5,
        lambda each: each["spec"].pop("revisionHistoryLimit"),
        SIZE,
    ),
    # Budgets
    "kube-score/deployment-has-poddisruptionbudget": Rule(without_budget, drop_budgets),
    "kube-score/poddisruptionbudget-has-policy": of_kind(
        ("PodDisruptionBudget",),
        lambda each: "maxUnavailable" in each["spec"],
        lambda each: each["spec"].pop("maxUnavailable"),
        BUDGET,
    ),
    "kube-linter/pdb-max-unavailable": of_kind(
        ("PodDisruptionBudget",),
        budget_allows_one,
        lambda each: each["spec"].update(maxUnavailable=0),
        BUDGET,
    ),
    "kube-linter/pdb-min-available": of_kind(
        ("PodDisruptionBudget",),
        budget_allows_one,
        lambda each: each["spec"].update(minAvailable="100%"),
        BUDGET,
    ),
    "kube-linter/pdb-unhealthy-pod-eviction-policy": of_kind(
        ("PodDisruptionBudget",),
        lambda each: each["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow",
        lambda each: each["spec"].pop("unhealthyPodEvictionPolicy"),
        BUDGET,
    ),
    # Networks
    "kube-score/pod-networkpolicy": Rule(not_isolated, drop_policies),
    "kube-linter/non-isolated-pod": Rule(not_isolated, drop_policies),
    "kube-score/networkpolicy-targets-pod": of_selectors("NetworkPolicy", "api-from-clients"),
    "kube-linter/dangling-networkpolicy": of_selectors("NetworkPolicy", "api-from-clients"),
    "KSV-0038": of_kind(
        ("NetworkPolicy",),
        lambda each: "podSelector" in each["spec"],
        lambda each: each["spec"].pop("podSelector"),
        POLICY,
    ),
    "kube-score/service-type": of_kind(
        ("Service",),
        lambda each: each["spec"].get("type") == "ClusterIP",
        lambda each: each["spec"].update(type="NodePort"),
        API_SERVICE,
    ),
    "kube-linter/exposed-services": of_kind(
        ("Service",),
        lambda each: each["spec"].get("type") == "ClusterIP",
        lambda each: each["spec"].update(type="LoadBalancer"),
        API_SERVICE,
    ),
    "KSV-0108": of_kind(
        ("Service",),
        lambda each: not each["spec"].get("externalIPs"),
        lambda each: each["spec"].update(externalIPs=["203.0.113.1"]),
        API_SERVICE,
    ),
    "kube-score/service-targets-pod": of_selectors("Service", "microbadger-api"),
    "kube-linter/dangling-service": of_selectors("Service", "microbadger-api"),
    "kube-linter/invalid-target-ports": Rule(
        wrong_target_ports,
        lambda rendered: rendered.get(*API_SERVICE)["spec"]["ports"][0].update(targetPort="no"),
    ),
    "kube-score/statefulset-has-servicename": Rule(
        without_headless_service,
        set_spec("Service", "microbadger-redis-pods", clusterIP="10.0.0.1"),
    ),
    # Selectors and names
    "kube-score/deployment-pod-selector-labels-match-template-metadata-labels": of_kind(
        WORKLOADS,
        lambda each: selects(each["spec"]["selector"], labels_of(each)),
        lambda each: labels_of(each).pop("app.kubernetes.io/component"),
        SIZE,
    ),
    "kube-linter/mismatching-selector": of_kind(
        WORKLOADS,
        lambda each: selects(each["spec"]["selector"], labels_of(each)),
        lambda each: each["spec"]["selector"]["matchLabels"].update(other="label"),
        SIZE,
    ),
    "kube-score/stable-version": Rule(
        lambda rendered: [
            each["apiVersion"]
            for each in rendered.documents
            if each["apiVersion"] not in STABLE_VERSIONS
        ],
        lambda rendered: rendered.get(*BUDGET).update(apiVersion="policy/v1beta1"),
    ),
    "kube-linter/use-namespace": Rule(
        outside_namespace, lambda rendered: rendered.get(*SIZE)["metadata"].pop("namespace")
    ),
    "KSV-0110": Rule(
        outside_namespace,
        lambda rendered: rendered.get(*SIZE)["metadata"].update(namespace="default"),
    ),
    "KSV-0037": Rule(
        outside_namespace,
        lambda rendered: rendered.get(*SIZE)["metadata"].update(namespace="kube-system"),
    ),
    # Accounts, roles, settings
    "kube-linter/non-existent-service-account": Rule(missing_accounts, drop_accounts),
    "kube-linter/access-to-secrets": forbids({"secrets"}, ANY),
    "KSV-0041": forbids({"secrets"}, ANY),
    "KSV-0113": forbids({"secrets"}, WRITE),
    "kube-linter/access-to-create-pods": forbids(PODS, WRITE),
    "KSV-0048": forbids(PODS, WRITE),
    "kube-linter/wildcard-in-rules": forbids({"*"}, {"*"}),
    "KSV-0044": forbids({"*"}, {"*"}),
    "KSV-0045": forbids({"pods/log"}, {"*"}),
    "KSV-0046": forbids({"*"}, {"get"}),
    "KSV-0112": forbids({"*"}, {"list"}),
    "KSV-0042": forbids({"pods/log"}, {"delete", "deletecollection"}),
    "KSV-0043": forbids({"users", "groups", "serviceaccounts"}, {"impersonate"}),
    "KSV-0047": forbids({"nodes/proxy"}, ANY),
    "KSV-0049": forbids({"configmaps"}, WRITE),
    "KSV-0050": forbids({"roles", "rolebindings", "clusterroles"}, WRITE | {"bind", "escalate"}),
    "KSV-0053": forbids({"pods/exec"}, ANY),
    "KSV-0054": forbids({"pods/attach"}, ANY),
    "KSV-0056": forbids({"services", "networkpolicies", "endpoints", "ingresses"}, WRITE),
    "KSV-0114": forbids({"mutatingwebhookconfigurations"}, WRITE),
    "kube-linter/cluster-admin-role-binding": no_binding("cluster-admin"),
    "KSV-0111": no_binding("admin"),
    "KSV-0109": of_kind(
        ("ConfigMap",),
        lambda each: not any(
            word in key.lower()
            for key in each["data"]
            for word in ("password", "secret", "token", "apikey")
        ),
        lambda each: each["data"].update(MB_REFRESH_TOKEN="x"),
        ("ConfigMap", "microbadger-dashboard"),
    ),
    "KSV-01010": of_kind(
        ("ConfigMap",),
        lambda each: "://microbadger:" not in str(each["data"]) and "AKIA" not in str(each["data"]),
        lambda each: each["data"].update(URL="redis://microbadger:x@redis"),
        ("ConfigMap", "microbadger-dashboard"),
    ),
    # The number of api pods
    "kube-score/horizontalpodautoscaler-has-target": Rule(
        missing_scale_targets, set_spec(*HPA, scaleTargetRef={"kind": "Deployment", "name": "x"})
    ),
    "kube-linter/dangling-horizontalpodautoscaler": Rule(
        missing_scale_targets, set_spec(*HPA, scaleTargetRef={"kind": "StatefulSet", "name": "x"})
    ),
    "kube-score/horizontalpodautoscaler-replicas": of_kind(
        ("HorizontalPodAutoscaler",),
        lambda each: each["spec"]["minReplicas"] >= 2,
        lambda each: each["spec"].update(minReplicas=1),
        HPA,
    ),
    "kube-score/deployment-targeted-by-hpa-does-not-have-replicas-configured": Rule(
        scaled_with_replicas, set_spec("Deployment", "microbadger-api", replicas=2)
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_rule(name):
    """No object of any rendering offends."""
    assert RULES[name].offenders(manifests.renderings()) == []


@pytest.mark.parametrize("name", RULES)
def test_rule_sees_an_offender(name):
    spoiled = manifests.load("overlays/local", manifests.ADDED)
    assert RULES[name].offenders([spoiled]) == []
    RULES[name].spoil(spoiled)
    assert RULES[name].offenders([spoiled]) != []
