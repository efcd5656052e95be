"""One process that uses a queue as the programs do: build/MODE/queue-driver, by JSON lines."""

import os

from .driver import Driver
from .processes import wait_until


class Consumer(Driver):
    """Each operation is a method, which waits for its result."""

    def __init__(self, settings, visibility_ms=60_000, max_receives=5, wait=True, **queues):
        urls = {"a": settings["MB_INSPECTION_QUEUE"], "b": settings["MB_SIZE_QUEUE"], **queues}
        names = [f"{name}={url}" for name, url in urls.items()]
        environment = {key: value for key, value in os.environ.items() if key[:4] != "AWS_"}
        environment.update({key: value for key, value in settings.items() if key[:4] == "AWS_"})
        arguments = [str(visibility_ms), str(max_receives), *names]
        super().__init__("queue-driver", arguments, environment)
        if wait:
            wait_until(lambda: all(self.health(q).healthy for q in urls), 10, "the driver's queues")

    def start(self, op, queue="a", **parameters):
        return super().start(op, queue=queue, **parameters)

    def run(self, op, queue="a", **parameters):
        return self.result(self.start(op, queue, **parameters))

    def send(self, body, queue="a", **more):
        return self.run("send", queue, body=body, **more).err

    def receive(self, wait_ms=5000, queue="a", **more):
        """What came: .err, .body (None: nothing), .id to name the message by."""
        return self.run("receive", queue, wait_ms=wait_ms, **more)

    def delete(self, message, queue="a", **more):
        return self.run("delete", queue, message=message.id, **more).err

    def extend(self, message, visibility_ms, queue="a", **more):
        return self.run(
            "extend", queue, message=message.id, visibility_ms=visibility_ms, **more
        ).err

    def complete(self, message, body, next="b", queue="a", **more):
        return self.run("complete", queue, message=message.id, next=next, body=body, **more).err

    def defer(self, message, body, delay_ms, queue="a", **more):
        return self.run(
            "defer", queue, message=message.id, body=body, delay_ms=delay_ms, **more
        ).err

    def dead(self, message, reason, queue="a", **more):
        return self.run("dead", queue, message=message.id, reason=reason, **more).err

    def depth(self, queue="a", **more):
        return self.run("depth", queue, **more)

    def check(self, queue="a", **more):
        return self.run("check", queue, **more).err

    def health(self, queue="a"):
        return self.run("health", queue)
