"""Holds every answer that a test gets from an api against the API's description.

While installed, http.client (and so urllib) reads each answer of an api of the suite whole, checks it
and keeps what is wrong in `violations`. Event streams are checked without their events.
"""

import functools
import gzip
import http.client
import io
import json
import re
import urllib.parse
import zlib

import jsonschema_rs

from .suite import ROOT, api_ports

DOCUMENT = json.loads((ROOT / "api/web/openapi.json").read_text())
# What HTTP itself adds, on any answer.
HTTP_HEADERS = {"date", "connection", "content-length", "content-type", "transfer-encoding"}
STREAM = "text/event-stream"
WITHOUT_BODY = (204, 304)

violations = []


def _strict(schema):
    """Clients must bear members that are new; here, what is not described is a mistake."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _strict(value) for key, value in schema.items() if key != "examples"}
    if "properties" in strict and isinstance(strict.get("type"), str):
        strict.setdefault("additionalProperties", False)
    return strict


SCHEMAS = {"schemas": _strict(DOCUMENT["components"]["schemas"])}


def _resolve(value):
    while "$ref" in value:
        target = DOCUMENT
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        value = target
    return value


@functools.lru_cache(maxsize=None)
def _validator(schema_text):
    schema = {**_strict(json.loads(schema_text)), "components": SCHEMAS}
    return jsonschema_rs.Draft202012Validator(schema)


def schema_errors(schema, value):
    """What is wrong with the value, one line each."""
    validator = _validator(json.dumps(schema, sort_keys=True))
    return [
        f"/{'/'.join(map(str, error.instance_path))}: {error.message:.300}"
        for error in validator.iter_errors(value)
    ]


def component_errors(name, value):
    return schema_errors({"$ref": f"#/components/schemas/{name}"}, value)


def _path_pattern(template):
    parts = re.split(r"\{\w+\}", template)
    return re.compile("(.+)".join(map(re.escape, parts)) + "/?")


# The longest fixed text first: /v1/images/search/{term} before /v1/images/{ref}.
PATHS = sorted(
    ((_path_pattern(template), template) for template in DOCUMENT["paths"]),
    key=lambda path: -len(re.sub(r"\{\w+\}", "", path[1])),
)


def _responses(method, target):
    """[(what it is about, its responses)]: one of them must describe the answer."""
    path = re.sub(r"^https?://[^/?]*", "", target, flags=re.IGNORECASE).split("?")[0]
    path = urllib.parse.unquote(path)
    found = []
    for pattern, template in PATHS:
        operation = DOCUMENT["paths"][template].get(method.lower())
        if operation and pattern.fullmatch(path):
            found.append((f"{method} {template}", operation["responses"]))
    found.append(("any path", DOCUMENT["x-any-path"]))
    return found


def _header_errors(described, headers):
    errors = []
    for name, header in described.items():
        header = _resolve(header)
        values = headers.get_all(name) or []
        if header.get("required") and not values:
            errors.append(f"header {name} is missing")
        for value in values:
            errors += [f"header {name}{error}" for error in schema_errors(header["schema"], value)]
    known = HTTP_HEADERS | {name.lower() for name in described}
    errors += [
        f"header {name} is not described" for name in headers.keys() if name.lower() not in known
    ]
    return errors


def _body_errors(response, headers, body):
    """body is None where it is not to be looked at."""
    content = response.get("content", {})
    media_type = (headers.get("Content-Type") or "").split(";")[0].strip()
    if media_type not in content:
        return [] if not content and not media_type else [f"media type {media_type!r}"]
    if body is None:
        return []
    if headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    value = json.loads(body) if media_type.endswith("json") else body.decode()
    errors = [f"body {error}" for error in schema_errors(content[media_type]["schema"], value)]
    codes = content[media_type].get("examples", {})
    if media_type == "application/problem+json" and value.get("code") not in codes:
        errors.append(f"problem {value.get('code')} is not one of {', '.join(codes)}")
    return errors


def _answer_errors(responses, method, status, headers, body):
    if str(status) not in responses:
        return [f"status {status} is not described"]
    response = _resolve(responses[str(status)])
    errors = _header_errors(response.get("headers", {}), headers)
    if method == "HEAD" or status in WITHOUT_BODY:
        if body:
            errors.append("there is a body")
        if status in WITHOUT_BODY:
            return errors
        body = None
    try:
        return errors + _body_errors(response, headers, body)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        return [*errors, f"the body cannot be read: {error}"]


def answer_errors(method, target, status, headers, body):
    """What is wrong with an answer, by the description that fits it best; [] where nothing is."""
    best = None
    for what, responses in _responses(method, target):
        errors = _answer_errors(responses, method, status, headers, body)
        if not errors:
            return []
        if best is None or (len(errors), what) < (len(best), what):
            best = [f"{what}: {error}" for error in errors]
    return best


def _read_whole(response):
    """Its body; None where it did not come whole. The response then reads from memory."""
    source = response.fp
    if source is None:
        return b""
    length = response.length
    body = source.read() if length is None else source.read(length)
    source.close()
    response.fp = io.BytesIO(body)
    return body if length is None or len(body) == length else None


def _check(response, method, target):
    headers = response.headers
    is_stream = (headers.get("Content-Type") or "").startswith(STREAM) and method != "HEAD"
    if response.chunked and not is_stream:
        violations.append(f"{method} {target}: chunked")
        return
    body = None if is_stream else _read_whole(response)
    if body is None and not is_stream:
        return
    for error in answer_errors(method, target, response.status, headers, body):
        violations.append(f"{method} {target:.200} ({response.status}): {error}")


def install():
    """Returns what takes it back."""
    connection = http.client.HTTPConnection
    putrequest, getresponse = connection.putrequest, connection.getresponse

    def put(self, method, url, *arguments, **options):
        self.asked = (method, url)
        return putrequest(self, method, url, *arguments, **options)

    def get(self):
        asked = self.asked
        response = getresponse(self)
        if self.port in api_ports:
            _check(response, *asked)
        return response

    connection.putrequest, connection.getresponse = put, get

    def remove():
        connection.putrequest, connection.getresponse = putrequest, getresponse

    return remove
