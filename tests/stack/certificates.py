"""Certificate authorities for servers that speak TLS in tests, by the openssl command."""

import ssl
import subprocess
from pathlib import Path

from .processes import StackError

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


def _openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StackError(f"openssl {arguments[0]}: {done.stderr}")


class Authority:
    """A CA whose certificate is `path`."""

    def __init__(self, directory, name="ca"):
        self._directory = Path(directory)
        self.path = self._directory / f"{name}.crt"
        self._key = self._directory / f"{name}.key"
        subject = ["-subj", f"/CN=test authority {name}", "-days", "2"]
        _openssl("req", "-x509", *CURVE, *subject, "-keyout", self._key, "-out", self.path)

    @property
    def pem(self):
        return self.path.read_text()

    def issue(self, name, *names):
        """(certificate, key) paths; names as openssl wants them: "IP:127.0.0.1", "DNS:localhost"."""
        paths = [self._directory / f"{name}.{kind}" for kind in ("crt", "key")]
        subject = ["-subj", f"/CN={name}", "-days", "2"]
        extension = ["-addext", f"subjectAltName={','.join(names)}"] if names else []
        basic = ["-addext", "basicConstraints=critical,CA:FALSE"]
        signer = ["-CA", self.path, "-CAkey", self._key]
        files = ["-out", paths[0], "-keyout", paths[1]]
        _openssl("req", "-x509", *CURVE, *subject, *basic, *extension, *signer, *files)
        return paths

    def server(self, name, *names, clients=None):
        """A server's side of TLS; clients: the Authority whose certificates it asks for."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(name, *names))
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients.path)
        return context
