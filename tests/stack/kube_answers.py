"""The bodies of a Kubernetes API server's answers, as real ones were seen to give them."""

from .webserver import Response

API_GROUPS = {"deployments": "apps", "leases": "coordination.k8s.io"}
KINDS = {"deployments": "Deployment", "leases": "Lease"}
USER = "system:serviceaccount:microbadger:microbadger-scaler"

TOO_MANY = "Too many requests, please try again later.\n"  # no JSON, on purpose


def status(code, reason, message, details=None):
    """A Status object as the answer."""
    return Response.of_json(status_object(code, reason, message, details), code)


def status_object(code, reason, message, details=None):
    thing = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    thing.update({"message": message, "reason": reason})
    if details:
        thing["details"] = details
    return {**thing, "code": code}


def watch_error(code, reason, message):
    """An event of a watch, which comes within an HTTP 200."""
    return {"type": "ERROR", "object": status_object(code, reason, message)}


def list_of(kind, items, version):
    metadata = {"resourceVersion": str(version)}
    return {"kind": f"{kind}List", "apiVersion": "apps/v1", "metadata": metadata, "items": items}


def scale_of(deployment):
    metadata = deployment["metadata"]
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in ("name", "namespace", "uid", "resourceVersion")},
        "spec": (
            {"replicas": deployment["spec"]["replicas"]} if deployment["spec"]["replicas"] else {}
        ),
        "status": {
            "replicas": deployment["status"].get("replicas", 0),
            "selector": f"app={metadata['name']}",
        },
    }


class Refusal(Exception):
    """An error answer."""

    def __init__(self, code, reason, message, details=None):
        super().__init__(message)
        self.response = status(code, reason, message, details)

    @classmethod
    def of_status(cls, code, call):
        """What a real server says with this status to this call."""
        kind = call.resource.partition("/")[0]
        group = API_GROUPS[kind]
        full = f'{kind}.{group} "{call.name}"'
        if code == 401:
            return cls(401, "Unauthorized", "Unauthorized")
        if code == 403:
            rest = f'cannot {call.verb} resource "{call.resource}" in API group "{group}"'
            place = 'in the namespace "microbadger"'
            return cls(403, "Forbidden", f'{full} is forbidden: User "{USER}" {rest} {place}')
        if code == 404:
            return cls(404, "NotFound", f"{full} not found", {"name": call.name, "kind": kind})
        if code == 409:
            text = "the object has been modified; please apply your changes to the latest version"
            what = f"Operation cannot be fulfilled on {full}: {text} and try again"
            return cls(409, "Conflict", what, {"name": call.name, "kind": kind})
        if code == 410:
            return cls(410, "Expired", "The provided resource version is too old")
        if code == 422:
            return cls.invalid(call)
        refusal = cls(code, "InternalError", f"an error on the server ({code}) has prevented it")
        if code == 429:
            headers = {"Content-Type": "text/plain; charset=utf-8", "Retry-After": "1"}
            refusal.response = Response(429, headers, TOO_MANY.encode())
        return refusal

    @classmethod
    def invalid(cls, call):
        kind = call.resource.partition("/")[0]
        name, full = call.name, f"{KINDS[kind]}.{API_GROUPS[kind]}"
        if kind == "leases":
            where, what = "metadata.resourceVersion", "must be specified for an update"
        else:
            full, where = "Scale.autoscaling", "spec.replicas"
            what = "must be greater than or equal to 0"
        cause = {"reason": "FieldValueInvalid", "message": f"Invalid value: {what}", "field": where}
        message = f'{full} "{name}" is invalid: {where}: Invalid value: {what}'
        details = {"name": name, "kind": full.partition(".")[0], "causes": [cause]}
        return cls(422, "Invalid", message, details)


def deployment_object(namespace, name, replicas):
    """One that a restricted namespace takes; of an image that nobody need have."""
    labels = {"app": name}
    container = {"name": "app", "image": "registry.test/app:1"}
    container["resources"] = {"requests": {"cpu": "10m", "memory": "16Mi"}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def account_objects(namespace, names, lease):
    """The scaler's ServiceAccount, its Role and their binding."""
    account = {"kind": "ServiceAccount", "name": "microbadger-scaler", "namespace": namespace}
    metadata = {"name": "microbadger-scaler", "namespace": namespace}
    rules = [
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["get", "patch"]},
        {"resources": ["leases"], "verbs": ["get", "update"]},
        {"resources": ["leases"], "verbs": ["create"]},
    ]
    for rule in rules[:2]:
        rule["resourceNames"] = names
    for rule in rules[2:]:
        rule["apiGroups"] = ["coordination.k8s.io"]
    rules[2]["resourceNames"] = [lease]
    group = "rbac.authorization.k8s.io"
    reference = {"apiGroup": group, "kind": "Role", "name": "microbadger-scaler"}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata},
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": reference,
            "subjects": [account],
        },
    ]
