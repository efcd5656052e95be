"""A stand-in for the places that hand out AWS keys: STS's AssumeRoleWithWebIdentity, a container's
agent, and the instance metadata service, version 2.

It was built from AWS's documentation, not from recorded traffic. Every key that it hands out is one
that the given Sqs takes signatures of until it expires or is revoked. What it says of OpenID tokens
and roles is compared as text only: nothing here verifies a signature.
"""

import asyncio
import itertools
import time
import urllib.parse
from collections import Counter

from .webserver import Response, WebServer

ROLE_ARN = "arn:aws:iam::000000000000:role/microbadger"
ROLES_PATH = "/latest/meta-data/iam/security-credentials/"
NODE_ROLE = "node-role"
KINDS = ("web_identity", "container", "imds")

STS_ANSWER = """\
<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult>
    <Audience>sts.amazonaws.com</Audience>
    <AssumedRoleUser>
      <AssumedRoleId>AROAEXAMPLE:{session}</AssumedRoleId>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>{AccessKeyId}</AccessKeyId>
      <SecretAccessKey>{SecretAccessKey}</SecretAccessKey>
      <SessionToken>{Token}</SessionToken>
      <Expiration>{Expiration}</Expiration>
    </Credentials>
    <Provider>oidc.example</Provider>
  </AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>
"""
STS_ERROR = """\
<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>
</ErrorResponse>
"""


class AwsIdentity(WebServer):
    """One of them for a test. `broken` names the kinds that fail, `held` those that wait until they
    are taken out of it again."""

    def __init__(self, sqs, directory):
        super().__init__()
        self.sqs = sqs
        self.token = "eyJhbGciOiJSUzI1NiJ9.first-token.c2ln"  # the one that is accepted
        self.token_path = directory / "token"
        self.token_path.write_text(self.token)
        self.lifetime_seconds = 3600
        self.asked = Counter()  # by kind
        self.given = Counter()
        self.secrets = []
        self.broken = set()
        self.held = set()
        self._numbers = itertools.count(1)
        self._imds_tokens = set()

    def environment(self, *kinds):
        """The AWS_* variables that point to this, for each of the kinds."""
        variables = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_SQS": self.sqs.url}
        variables["AWS_EC2_METADATA_DISABLED"] = "true"
        if "web_identity" in kinds:
            variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = str(self.token_path)
            variables["AWS_ROLE_ARN"] = ROLE_ARN
            variables["AWS_ENDPOINT_URL_STS"] = self.url
        if "container" in kinds:
            variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = self.url + "/v1/credentials"
            variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = str(self.token_path)
        if "imds" in kinds:
            variables["AWS_EC2_METADATA_DISABLED"] = "false"
            variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = self.url
        return variables

    def revoke(self):
        """SQS knows no key any more."""
        self.sqs.configure(creds={})

    def change_token(self, token, write=True):
        """Another token is accepted from now on; write: the file has it already."""
        self.token = token
        if write:
            self.token_path.write_text(token)

    def new_keys(self, kind):
        """What JSON answers say, known to SQS."""
        number = next(self._numbers)
        expires = time.time() + self.lifetime_seconds
        keys = {
            "AccessKeyId": f"ASIA{kind.upper().replace('_', '')}{number}",
            "SecretAccessKey": f"secret/of+{kind}/{number}",
            "Token": f"session+of/{kind}/{number}==",
            "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires)),
        }
        known = {"secret": keys["SecretAccessKey"], "token": keys["Token"]}
        if self.lifetime_seconds > 0:
            known["expires"] = int(expires)
        self.sqs.configure(add_creds={keys["AccessKeyId"]: known})
        self.secrets += [keys["SecretAccessKey"], keys["Token"]]
        self.given[kind] += 1
        return keys

    async def handle(self, request, connection):
        kind, answer = self._route(request)
        while kind in self.held:
            await asyncio.sleep(0.01)
        return await answer(request)

    def _route(self, request):
        if request.method == "POST" and request.path == "/":
            self.asked["web_identity"] += 1
            return "web_identity", self._assume_role
        if request.path == "/v1/credentials":
            self.asked["container"] += 1
            return "container", self._container
        self.asked["imds"] += request.method == "PUT"
        return "imds", self._imds

    async def _assume_role(self, request):
        form = dict(urllib.parse.parse_qsl(request.body.decode(), strict_parsing=True))
        wanted = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15"}
        assert wanted.items() <= form.items() and "authorization" not in request.headers
        if "web_identity" in self.broken:
            return self._sts_error(403, "AccessDenied", "Not authorized to assume the role")
        if form["WebIdentityToken"] != self.token or form["RoleArn"] != ROLE_ARN:
            message = f"Couldn't retrieve verification key, token {form['WebIdentityToken']}"
            return self._sts_error(400, "InvalidIdentityToken", message)
        keys = await asyncio.to_thread(self.new_keys, "web_identity")
        body = STS_ANSWER.format(session=form["RoleSessionName"], **keys)
        return Response(200, {"Content-Type": "text/xml"}, body.encode())

    @staticmethod
    def _sts_error(status, code, message):
        body = STS_ERROR.format(code=code, message=message)
        return Response(status, {"Content-Type": "text/xml"}, body.encode())

    async def _container(self, request):
        if "container" in self.broken:
            return Response.of_json({"code": "AccessDenied", "message": "no association"}, 400)
        if request.headers.get("authorization") != self.token:
            return Response.of_json({"code": "Unauthorized", "message": "bad token"}, 401)
        return Response.of_json(await asyncio.to_thread(self.new_keys, "container"))

    async def _imds(self, request):
        if "imds" in self.broken:
            return Response(500)
        if request.method == "PUT" and request.path == "/latest/api/token":
            assert request.headers["x-aws-ec2-metadata-token-ttl-seconds"] == "21600"
            self._imds_tokens.add(f"imds-token-{self.asked['imds']}==")
            return Response(200, {}, f"imds-token-{self.asked['imds']}==".encode())
        if request.headers.get("x-aws-ec2-metadata-token") not in self._imds_tokens:
            return Response(401)
        if request.path == ROLES_PATH:
            return Response(200, {}, NODE_ROLE.encode())
        if request.path != ROLES_PATH + NODE_ROLE:
            return Response(404)
        keys = await asyncio.to_thread(self.new_keys, "imds")
        return Response.of_json({"Code": "Success", "Type": "AWS-HMAC", **keys})
