"""AWS Signature Version 4, checked as AWS does it (from its documentation), for sigv4_proxy.py."""

import calendar
import hashlib
import hmac
import re
import time
from urllib.parse import quote, unquote


class Refused(Exception):
    def __init__(self, why, message, status=403):
        self.why, self.message, self.status = why, message, status


NAMES = {  # why -> (coral type, plain type, query code)
    "missing_auth": (
        "com.amazon.coral.service#MissingAuthenticationTokenException",
        "com.amazonaws.sqs#MissingAuthenticationToken",
        "MissingAuthenticationToken",
    ),
    "incomplete": (
        "com.amazon.coral.service#IncompleteSignatureException",
        "com.amazonaws.sqs#IncompleteSignature",
        "IncompleteSignature",
    ),
    "scope": (
        "com.amazon.coral.service#InvalidSignatureException",
        "com.amazonaws.sqs#SignatureDoesNotMatch",
        "SignatureDoesNotMatch",
    ),
    "unsigned_header": (
        "com.amazon.coral.service#InvalidSignatureException",
        "com.amazonaws.sqs#SignatureDoesNotMatch",
        "SignatureDoesNotMatch",
    ),
    "mismatch": (
        "com.amazon.coral.service#InvalidSignatureException",
        "com.amazonaws.sqs#SignatureDoesNotMatch",
        "SignatureDoesNotMatch",
    ),
    "expired": (
        "com.amazon.coral.service#InvalidSignatureException",
        "com.amazonaws.sqs#RequestExpired",
        "RequestExpired",
    ),
    "future": (
        "com.amazon.coral.service#InvalidSignatureException",
        "com.amazonaws.sqs#RequestInTheFuture",
        "SignatureDoesNotMatch",
    ),
    "unknown_key": (
        "com.amazon.coral.service#UnrecognizedClientException",
        "com.amazonaws.sqs#InvalidClientTokenId",
        "InvalidClientTokenId",
    ),
    "bad_token": (
        "com.amazon.coral.service#UnrecognizedClientException",
        "com.amazonaws.sqs#InvalidClientTokenId",
        "InvalidClientTokenId",
    ),
    "expired_token": (
        "com.amazon.coral.service#ExpiredTokenException",
        "com.amazonaws.sqs#ExpiredToken",
        "ExpiredToken",
    ),
}


def amzdate(t):
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(t))


def parse_amzdate(s):
    if not re.fullmatch(r"\d{8}T\d{6}Z", s):
        raise ValueError(s)
    return calendar.timegm(time.strptime(s, "%Y%m%dT%H%M%SZ"))


def enc(s, safe="-_.~"):
    return quote(s, safe=safe)


def canonical_uri(path, double=True):
    segs, out = path.split("/"), []
    for s in segs:
        if s in ("", "."):
            continue
        if s == "..":
            if out:
                out.pop()
            continue
        out.append(s)
    p = "/" + "/".join(out) + ("/" if out and path.endswith("/") else "")
    return (
        enc(p, "/-_.~") if double else p
    )  # the path arrives encoded once: encoding it again gives the double encoding


def canonical_query(q):
    if not q:
        return ""
    items = []
    for kv in q.split("&"):
        if not kv:
            continue
        k, _, v = kv.partition("=")
        items.append((enc(unquote(k)), enc(unquote(v))))
    items.sort()
    return "&".join(f"{k}={v}" for k, v in items)


def signature(
    method, path, query, headers, signed, body, secret, scope_date, region, service, amz_date
):
    """headers: list of (lower-case name, raw value) in arrival order."""
    canon = ""
    for n in sorted(signed):
        vals = [re.sub(r"[ \t]+", " ", v.strip()) for k, v in headers if k == n]
        if vals:
            canon += n + ":" + ",".join(vals) + "\n"
    creq = "\n".join(
        [
            method,
            canonical_uri(path),
            canonical_query(query),
            canon,
            ";".join(sorted(signed)),
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{scope_date}/{region}/{service}/aws4_request"
    sts = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            amz_date,
            scope,
            hashlib.sha256(creq.encode("utf-8", "surrogateescape")).hexdigest(),
        ]
    )
    k = ("AWS4" + secret).encode()
    for part in (scope_date, region, service, "aws4_request"):
        k = hmac.new(k, part.encode(), hashlib.sha256).digest()
    return hmac.new(k, sts.encode(), hashlib.sha256).hexdigest(), creq, sts


def verify(method, target, headers, body, creds, region, service, now, skew=300):
    """-> access key id; raises Refused"""
    path, _, query = target.partition("?")
    get = lambda n: next((v.strip() for k, v in headers if k == n), None)
    auths = [v for k, v in headers if k == "authorization"]
    if not auths:
        raise Refused("missing_auth", "Request is missing Authentication Token")
    a = auths[0].strip()
    if len(auths) > 1:
        raise Refused("incomplete", "More than one Authorization header")
    m = re.match(r"(\S+)\s+(.*)$", a)
    if not m or m.group(1) != "AWS4-HMAC-SHA256":
        raise Refused("incomplete", "Unsupported AWS 'algorithm': '%s'" % a.split(" ")[0][:40])
    f = {}
    for part in m.group(2).split(","):
        k, eq, v = part.strip().partition("=")
        if eq:
            f[k] = v.strip()
    for k in ("Credential", "SignedHeaders", "Signature"):
        if not f.get(k):
            raise Refused(
                "incomplete",
                f"Authorization header requires '{k}' parameter. Authorization={a[:80]}",
            )
    xd = [v for k, v in headers if k == "x-amz-date"]
    if len(xd) > 1:
        raise Refused("mismatch", "x-amz-date was sent more than once")
    d = get("x-amz-date")
    if not d:
        raise Refused(
            "incomplete",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        )
    try:
        t = parse_amzdate(d)
    except ValueError:
        raise Refused("incomplete", f"Date must be in ISO-8601 'basic format'. Got '{d}'.")
    c = f["Credential"].split("/")
    if len(c) < 5:
        raise Refused(
            "incomplete",
            f"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{f['Credential']}'",
        )
    ak, (cd, cr, cs, ct) = "/".join(c[:-4]), c[-4:]
    cred = creds.get(ak)
    if cred is None:
        raise Refused("unknown_key", "The security token included in the request is invalid.")
    if cd != d[:8]:
        raise Refused(
            "scope",
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{cd}' != '{d[:8]}', from '{d}'.",
        )
    if cr != region:
        raise Refused("scope", f"Credential should be scoped to a valid region, not '{cr}'.")
    if cs != service:
        raise Refused("scope", f"Credential should be scoped to correct service: '{service}'.")
    if ct != "aws4_request":
        raise Refused(
            "scope",
            f"Credential should be scoped with a valid terminator: 'aws4_request', not '{ct}'.",
        )
    signed = f["SignedHeaders"].split(";")
    if (
        any(s != s.lower() or not s for s in signed)
        or signed != sorted(signed)
        or len(set(signed)) != len(signed)
    ):
        raise Refused("mismatch", "SignedHeaders must be lower case, sorted and distinct")
    if "host" not in signed:
        raise Refused(
            "unsigned_header",
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        )
    for k, _ in headers:
        if k.startswith("x-amz-") and k not in signed:
            raise Refused(
                "unsigned_header", f"'{k}' must be a 'SignedHeader' in the AWS Authorization."
            )
    if now - t > skew:
        raise Refused(
            "expired",
            f"Signature expired: {d} is now earlier than {amzdate(now - skew)} ({amzdate(now)} - {skew // 60} min.)",
        )
    if t - now > skew:
        raise Refused(
            "future",
            f"Signature not yet current: {d} is still later than {amzdate(now + skew)} ({amzdate(now)} + {skew // 60} min.)",
        )
    tok = get("x-amz-security-token")
    if cred.get("token"):
        if tok != cred["token"]:
            raise Refused("bad_token", "The security token included in the request is invalid.")
        if cred.get("expires") and now >= cred["expires"]:
            raise Refused("expired_token", "The security token included in the request is expired")
    elif tok is not None:
        raise Refused("bad_token", "The security token included in the request is invalid.")
    xh = get("x-amz-content-sha256")
    if xh and xh != hashlib.sha256(body).hexdigest():
        raise Refused("mismatch", "The value of x-amz-content-sha256 does not match the payload")
    want, creq, sts = signature(
        method, path, query, headers, signed, body, cred["secret"], cd, cr, cs, d
    )
    if not hmac.compare_digest(want, f["Signature"]):
        raise Refused(
            "mismatch",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing "
            "method. Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'"
            + creq
            + "'\n\nThe String-to-Sign should have been\n'"
            + sts
            + "'\n",
        )
    return ak
