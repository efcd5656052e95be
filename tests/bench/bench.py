"""`make bench`: speed, requests and memory of the real programs, in one run. Prints a report and
keeps it in build/bench.txt. Nothing here is asserted: tests are elsewhere."""

import platform
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from bench import big_image, cached_reads, first_answers, idle, waiting_clients  # noqa: E402
from bench.stand import Stand  # noqa: E402


def _first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0] if lines else command[0]


def machine():
    cpu = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.split(": ", 1)[1]
            break
    count = len(list(Path("/sys/devices/system/cpu").glob("cpu[0-9]*")))
    library = _first_line("pkg-config", "--modversion", "libmicrohttpd")
    return [
        f"Machine: {count} x {cpu}, Linux {platform.release()}",
        f"libmicrohttpd {library}, {_first_line('nginx', '-v')}, {_first_line('wrk', '-v')}",
    ]


def main():
    with Stand() as stand:
        parts = [machine(), cached_reads.measure(stand)]
        parts += [first_answers.measure(stand), big_image.measure(stand)]
        parts += [waiting_clients.measure(stand), idle.measure(stand)]
    report = "\n\n".join("\n".join(lines) for lines in parts) + "\n"
    (ROOT / "build/bench.txt").write_text(report)
    print("\n" + report)


main()
