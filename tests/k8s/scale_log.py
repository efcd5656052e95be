"""What the API server's audit log tells about the scaler: each number that a Deployment got, and its
calls."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from cluster import NAMESPACE

ACCOUNT = f"system:serviceaccount:{NAMESPACE}:microbadger-scaler"
INSPECTOR = "microbadger-inspector"
SIZE = "microbadger-size"


def time_of(text):
    """Seconds since 1970 of a log's time."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


@dataclass
class Scaled:
    """One change of a Deployment's spec.replicas, or a request that confirmed it."""

    time: float
    deployment: str
    replicas: int
    account: str
    pod: str  # of the account; "" of a client outside


def pod_of(event):
    return event["user"].get("extra", {}).get("authentication.kubernetes.io/pod-name", [""])[0]


def scalings(events):
    """In the order in which they came to be, of both Deployments."""
    found = []
    for event in events:
        what = event.get("objectRef", {})
        is_one = what.get("resource") == "deployments" and what.get("name") in (INSPECTOR, SIZE)
        written = event.get("responseObject") or {}
        if not is_one or what.get("subresource", "scale") != "scale":
            continue
        if event["responseStatus"]["code"] >= 300 or "dryRun" in event["requestURI"]:
            continue
        if "spec" not in written:
            continue
        version = int(written["metadata"]["resourceVersion"])
        scaled = Scaled(
            time_of(event["stageTimestamp"]),
            what["name"],
            written["spec"].get("replicas", 0),  # a Scale of none has no such member
            event["user"].get("username"),
            pod_of(event),
        )
        found.append((version, scaled))
    return [scaled for _, scaled in sorted(found, key=lambda pair: pair[0])]


def most_at_once(history):
    """The greatest number that both Deployments together asked for."""
    together, most = {}, 0
    for scaled in history:
        together[scaled.deployment] = scaled.replicas
        most = max(most, sum(together.values()))
    return most


def scaler_calls(events, start, end):
    """How often the scaler's account called in that time: Counter of "verb resource"."""
    calls = {}
    for event in events:
        if event["user"].get("username") != ACCOUNT:
            continue
        if start <= time_of(event["requestReceivedTimestamp"]) < end:
            what = event["objectRef"]
            resource = "/".join(filter(None, (what["resource"], what.get("subresource"))))
            # A watch is written down when it starts and when it ends.
            calls[event["auditID"]] = f"{event['verb']} {resource}"
    return Counter(calls.values())


def refused_calls(events):
    """Those of the scaler that its Role did not allow."""
    codes = [(event["user"].get("username"), event["responseStatus"]["code"]) for event in events]
    return [code for account, code in codes if account == ACCOUNT and code in (401, 403)]
