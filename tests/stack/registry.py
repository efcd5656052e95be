"""Debian's docker-registry with a configuration of our own on a free loopback port."""

from .processes import Process, free_port, http_get
from .tokens import ISSUER, SERVICE

CONFIG = """\
version: 0.1
log:
  level: warn
  accesslog:
    disabled: true
storage:
  filesystem:
    rootdirectory: {root}
    maxthreads: 100
  delete:
    enabled: true
  cache:
    blobdescriptor: inmemory
http:
  addr: 127.0.0.1:{port}
"""

TOKEN_CONFIG = """\
auth:
  token:
    realm: {realm}
    service: {service}
    issuer: {issuer}
    rootcertbundle: {certificate}
"""


BASIC_CONFIG = """\
auth:
  htpasswd:
    realm: basic-realm
    path: {path}
"""


class Registry:
    """`tokens` (a TokenServer) and `realm` (its URL) together make it ask for tokens; `htpasswd`, lines
    "user:bcrypt", for user and password by Basic."""

    def __init__(self, directory, tokens=None, realm=None, htpasswd=None):
        self.port = free_port()
        self.root = directory / "registry"
        config = CONFIG.format(root=self.root, port=self.port)
        if tokens:
            config += TOKEN_CONFIG.format(
                realm=realm,
                service=SERVICE,
                issuer=ISSUER,
                certificate=tokens.certificate_path,
            )
        if htpasswd:
            (directory / "htpasswd").write_text(htpasswd)
            config += BASIC_CONFIG.format(path=directory / "htpasswd")
        self.root.mkdir(parents=True, exist_ok=True)
        path = directory / "registry.yml"
        path.write_text(config)
        argv = ["docker-registry", "serve", path]
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "OTEL_TRACES_EXPORTER": "none"}
        self.process = Process("docker-registry", argv, directory, env=env)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        self.process.start().wait_ready(self._answers, 15)
        return self

    def _answers(self):
        return http_get(self.url + "/v2/", timeout=1)[0] in (200, 401)

    def blob_path(self, digest):
        """Where a blob lies on disk, to damage it by hand."""
        algorithm, _, name = digest.partition(":")
        folder = self.root / "docker/registry/v2/blobs" / algorithm / name[:2] / name
        return folder / "data"

    def restart(self):
        self.process.stop()
        return self.start()

    def stop(self):
        self.process.stop()
