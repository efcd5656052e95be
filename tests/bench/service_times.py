"""How long the workers' jobs take against a registry that answers after a delay: writes
scaler/traces/service-measured.json for the scaler's simulator, and prints what it measured.

    build/venv/bin/python tests/bench/service_times.py
"""

import json
import statistics
import sys
import time
from collections import defaultdict
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from bench.stand import Stand, say  # noqa: E402
from stack import samples  # noqa: E402

OUT = ROOT / "scaler/traces/service-measured.json"
TAG_COUNTS = (1, 20, 200)
DELAYS_MS = (30, 100)
IMAGES = 15  # of each kind
LIMIT_SECONDS = 120

ABOUT = (
    "Measured by tests/bench/service_times.py from the log lines of inspector and size: images of "
    f"{', '.join(map(str, TAG_COUNTS))} tags, each tag a digest of its own, {IMAGES} of each at "
    f"each delay of {' and '.join(map(str, DELAYS_MS))} ms a request, from a registry on loopback "
    "that asks for tokens. One image at a time. All are equally likely."
)


def _inspect(stand, repository):
    deadline = time.monotonic() + LIMIT_SECONDS
    path = f"/v1/images/{samples.HOST}/{repository.name}"
    while time.monotonic() < deadline:
        status, _, document = stand.programs.get(f"{path}?wait=20")
        if status == 200 and document["Status"] == "INSPECTED":
            return
        time.sleep(0.05)
    raise RuntimeError(f"{path}: not complete within {LIMIT_SECONDS} s")


def _took_ms(stand, program):
    """{image: ms of all its jobs}"""
    took = defaultdict(int)
    for line in stand.programs[program].log_lines():
        if line.get("msg") == "job":
            took[line["image"]] += line["took_ms"]
    return took


def _measure(stand):
    """{(tags, delay): names}"""
    kinds = {}
    for delay_ms in DELAYS_MS:
        for tag_count in TAG_COUNTS:
            names = []
            for number in range(IMAGES):
                repository = samples.tagged(f"times/d{delay_ms}-t{tag_count}-{number}", tag_count)
                stand.publish(repository)
                stand.proxy.delay_ms = delay_ms
                _inspect(stand, repository)
                stand.proxy.delay_ms = 0
                names.append(f"{samples.HOST}/{repository.name}")
            say(f"{tag_count} tags at {delay_ms} ms: done")
            kinds[tag_count, delay_ms] = names
    return kinds


def _row(kind, names, took):
    values = [took[name] for name in names]
    return f"{kind[0]:4} tags {kind[1]:4} ms: {min(values):6} {statistics.median(values):8} {max(values):6}"


def main():
    with Stand(log_level="info") as stand:
        kinds = _measure(stand)
        took = {"inspection": _took_ms(stand, "inspector"), "size": _took_ms(stand, "size")}
    document = {"name": "measured", "about": ABOUT}
    for stage, by_name in took.items():
        document[stage] = {"samples_ms": sorted(by_name.values())}
        print(
            f"{stage}: least, median, most of a job in ms; mean {statistics.mean(by_name.values()):.0f}"
        )
        for kind, names in kinds.items():
            print(" ", _row(kind, names, by_name))
    OUT.write_text(json.dumps(document) + "\n")


main()
