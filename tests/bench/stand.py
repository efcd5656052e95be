"""What is measured, and what it needs: Redis, a registry that answers from memory, the programs."""

import shutil
import sys

from stack import images, samples, suite
from stack.processes import Process, StackError, make_directory, wait_until
from stack.proxy import RegistryProxy
from stack.redis import Redis
from stack.registry import Registry
from stack.tokens import TokenServer


def say(text):
    print(text, file=sys.stderr, flush=True)


class Stand:
    """The registry asks for tokens, as public ones do; its answers come from the proxy's memory."""

    def __init__(self, log_level="warn"):
        self.log_level = log_level

    def __enter__(self):
        self.directory = make_directory("microbadger-bench-")
        self.redis = Redis(self.directory).start()
        self.tokens = TokenServer(self.directory)
        self.proxy = RegistryProxy(self.tokens).start()
        self.registry = Registry(self.directory, self.tokens, self.proxy.url + "/token").start()
        self.proxy.connect(self.registry)
        self.programs = suite.Suite(
            self.directory,
            self.redis,
            suite.redis_queues(self.redis),
            settings={
                "MB_REGISTRIES": f"{samples.HOST}={self.proxy.url}",
                "MB_LOG": self.log_level,
            },
        ).start()
        return self

    def __exit__(self, *_):
        self.programs.stop()
        self.registry.stop()
        self.proxy.stop()
        self.redis.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def publish(self, repository):
        images.push([repository], self.registry.url, self.tokens)
        self.proxy.remember(repository)

    def start(self, name, argv, is_ready):
        """Another server, ready."""
        process = Process(name, argv, self.directory).start()
        try:
            wait_until(is_ready, 10, name)
        except StackError:
            say(process.log_tail())
            raise
        return process
