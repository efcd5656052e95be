"""The agent that EKS runs on its nodes for Pod Identity: for a pod's token it gives AWS keys, new ones
each time, which are good for KEY_SECONDS. Only the SQS of the tests knows them."""

import base64
import json
import subprocess
import time
import uuid
from collections import Counter
from datetime import datetime, timedelta, timezone

from stack.webserver import Response, WebServer

PATH = "/v1/credentials"
AUDIENCE = "pods.eks.amazonaws.com"
KEY_SECONDS = 30


def claims_of(token):
    """What a token says; who signed it, the API server tells."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


class PodIdentity(WebServer):
    """served: how often a (service account, pod) got keys; tokens: {account: one that it showed}."""

    host = "169.254.170.23"  # EKS's own
    port = 80

    def __init__(self, sqs):
        super().__init__()
        self.sqs = sqs
        self.served = Counter()
        self.tokens = {}

    def start(self):
        # As on a node of EKS, where the agent has this address.
        command = ["ip", "address", "replace", f"{self.host}/32", "dev", "node0"]
        subprocess.run(command, check=True)
        return super().start()

    async def handle(self, request, connection):
        token = request.headers.get("authorization", "")
        try:
            claims = claims_of(token)
        except (IndexError, ValueError):
            claims = {}
        if request.path != PATH or AUDIENCE not in claims.get("aud", []):
            return Response(401)
        account = claims["sub"].rpartition(":")[2]
        self.tokens[account] = token
        self.served[account, claims["kubernetes.io"]["pod"]["name"]] += 1
        return Response.of_json(self.new_keys())

    def rotations(self, account):
        """Of that pod of the account which had most."""
        served = self.call(self.served.copy)
        return max((count for (owner, _), count in served.items() if owner == account), default=0)

    def new_keys(self):
        """What a pod gets, once SQS knows it."""
        expires = datetime.now(timezone.utc) + timedelta(seconds=KEY_SECONDS)
        keys = {
            "AccessKeyId": "ASIA" + uuid.uuid4().hex[:16].upper(),
            "SecretAccessKey": uuid.uuid4().hex,
            "Token": uuid.uuid4().hex,
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        known = {
            "secret": keys["SecretAccessKey"],
            "token": keys["Token"],
            "expires": time.time() + KEY_SECONDS,
        }
        self.sqs.configure(add_creds={keys["AccessKeyId"]: known})
        return keys
