"""The agent that EKS runs on its nodes for Pod Identity: for a pod's token it gives AWS keys, new ones
each time, which are good for KEY_SECONDS. Only the SQS of the tests knows them."""

import base64
import json
import subprocess
import threading
import time
import uuid
from collections import Counter
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ADDRESS = "169.254.170.23"  # EKS's own
PATH = "/v1/credentials"
AUDIENCE = "pods.eks.amazonaws.com"
KEY_SECONDS = 30


def claims_of(token):
    """What a token says; who signed it is looked at later, by PodIdentity.tokens."""
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


class PodIdentity:
    """served: how often which service account got keys; tokens: {account: one that it showed}."""

    def __init__(self, sqs):
        self.sqs = sqs
        self.served = Counter()
        self.tokens = {}
        self._lock = threading.Lock()

    def start(self):
        # Every link-local address is the node's own where the agent runs.
        command = ["ip", "address", "replace", f"{ADDRESS}/32", "dev", "node0"]
        subprocess.run(command, check=True)
        self._server = ThreadingHTTPServer((ADDRESS, 80), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def new_keys(self, token):
        """The answer to a pod, once SQS knows the keys."""
        account = claims_of(token)["sub"].rpartition(":")[2]
        expires = datetime.now(timezone.utc) + timedelta(seconds=KEY_SECONDS)
        key = {
            "AccessKeyId": "ASIA" + uuid.uuid4().hex[:16].upper(),
            "SecretAccessKey": uuid.uuid4().hex,
            "Token": uuid.uuid4().hex,
            "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        known = {
            "secret": key["SecretAccessKey"],
            "token": key["Token"],
            "expires": time.time() + KEY_SECONDS,
        }
        self.sqs.configure(add_creds={key["AccessKeyId"]: known})
        with self._lock:
            self.served[account] += 1
            self.tokens[account] = token
        return key

    def _handler(self):
        agent = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                try:
                    token = self.headers["Authorization"]
                    allowed = self.path == PATH and AUDIENCE in claims_of(token)["aud"]
                except (AttributeError, LookupError, ValueError):
                    allowed = False
                body = json.dumps(agent.new_keys(token) if allowed else {}).encode()
                self.send_response(200 if allowed else 401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler
