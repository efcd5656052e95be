"""What rest asks of SQS, everything counted: one inspector, the scaler and an api against the proxy
that checks signatures. Prints the requests of so many seconds, and of an hour at that rate.

    build/venv/bin/python tests/bench/rest_requests.py [SECONDS]
"""

import shutil
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from stack import suite  # noqa: E402
from stack.fake_kube import FakeKube  # noqa: E402
from stack.processes import make_directory, wait_until  # noqa: E402
from stack.queues import SqsBackend  # noqa: E402
from stack.redis import Redis  # noqa: E402
from stack.scaling import INSPECTOR, SIZE, Scaler  # noqa: E402
from stack.sqs import Sqs  # noqa: E402

SECONDS = 600  # ten minutes are 30 polls of a worker
SETTLE_SECONDS = 30  # the programs' starts are not rest


def _counted(sqs):
    return {name: found["requests"] for name, found in sqs.counts()["ops"].items()}


def _measure(sqs, seconds):
    time.sleep(SETTLE_SECONDS)
    before = _counted(sqs)
    time.sleep(seconds)
    after = _counted(sqs)
    found = {name: count - before.get(name, 0) for name, count in after.items()}
    for name, count in sorted(found.items()):
        print(f"{name:24} {count:6}  {count * 3600 / seconds:8.0f} an hour")
    total = sum(found.values())
    print(f"{'together':24} {total:6}  {total * 3600 / seconds:8.0f} an hour")


def main():
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    directory = make_directory("microbadger-rest-")
    redis = Redis(directory).start()
    sqs = Sqs(directory).start()
    kube = FakeKube({INSPECTOR: 1, SIZE: 0}).start()
    backend = SqsBackend(sqs)
    programs = suite.Suite(directory, redis, backend.settings).start(["api", "inspector"])
    own = {**programs.settings, "MB_KUBECONFIG": kube.write_kubeconfig(directory)}
    scaler = Scaler("scaler", own, directory).start()
    try:
        wait_until(scaler.leads, 60, "the scaler to lead and know its queues")
        _measure(sqs, seconds)
    finally:
        scaler.kill()
        programs.kill()
        kube.stop()
        sqs.stop()
        redis.stop()
        shutil.rmtree(directory, ignore_errors=True)


main()
