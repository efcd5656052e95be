"""A private redis-server, and a client of a few lines for tests to look into it."""

import socket

from .processes import Process, free_port


class RedisError(Exception):
    """An error answer of the server."""


class RedisClient:
    """Blocking RESP2 client: call("GET", key). Text comes back as str, nil as None."""

    def __init__(self, port, db=0, timeout=5, host="127.0.0.1"):
        self._socket = socket.create_connection((host, port), timeout)
        self._file = self._socket.makefile("rb")
        if db:
            self.call("SELECT", db)

    def call(self, *words):
        parts = [str(word).encode() if not isinstance(word, bytes) else word for word in words]
        out = [b"*%d\r\n" % len(parts)]
        out += [b"$%d\r\n%s\r\n" % (len(part), part) for part in parts]
        self._socket.sendall(b"".join(out))
        return self.answer()

    def answer(self):
        """The next answer, or what a channel that is subscribed to brings."""
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return self._bulk(int(rest))
        if kind == b"*":
            return None if int(rest) < 0 else [self.answer() for _ in range(int(rest))]
        raise ConnectionError(f"not RESP2: {line!r}")

    def _bulk(self, length):
        if length < 0:
            return None
        return self._file.read(length + 2)[:-2].decode(errors="surrogateescape")

    def close(self):
        self._file.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Redis:
    """redis-server on a free port, on loopback unless `host` is another address; nothing is kept on
    disk unless aof is set."""

    def __init__(self, directory, aof=False, options=(), host="127.0.0.1", port=None):
        self.host = host
        self.port = port or free_port()
        self.directory = directory
        argv = ["redis-server", "--port", self.port, "--bind", host, "--save", ""]
        argv += ["--protected-mode", "yes" if host == "127.0.0.1" else "no"]
        argv += ["--appendonly", "yes" if aof else "no", "--dir", directory, "--databases", "64"]
        argv += ["--appendfsync", "everysec", "--daemonize", "no", "--loglevel", "notice"]
        self.process = Process("redis", [*argv, *options], directory)

    def start(self):
        self.process.start().wait_ready(self._answers, 10)
        return self

    def _answers(self):
        # PONG comes only when an AOF has been read back: until then it answers -LOADING.
        try:
            with self.client() as client:
                return client.call("PING") == "PONG"
        except (OSError, RedisError):
            return False

    def client(self, db=0):
        return RedisClient(self.port, db, host=self.host)

    def url(self, db=0, stream=None):
        query = f"?stream={stream}" if stream else ""
        return f"redis://{self.host}:{self.port}/{db}{query}"

    def flush(self, db=0):
        with self.client(db) as client:
            client.call("FLUSHDB")

    def kill(self):
        self.process.kill()

    def restart(self):
        self.process.stop()
        return self.start()

    def stop(self):
        self.process.stop()
