"""Memory and wakes of the three programs at rest, after all the work above."""

import re
import time
from pathlib import Path

from .stand import say

REST_SECONDS = 5
SECONDS = 20
MAX_PSS_MIB, MAX_WAKES, ORIGINAL_RSS_MIB = 20, 2, 55


def memory_mib(pid, name):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M)[1]) / 1024


def _wakes(pid):
    total = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        total += int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text(), re.M)[1])
    return total


def measure_programs(programs, title):
    pids = {name: program.process.pid for name, program in programs.programs.items()}
    time.sleep(REST_SECONDS)
    before = {name: _wakes(pid) for name, pid in pids.items()}
    time.sleep(SECONDS)
    wakes = {name: (_wakes(pid) - before[name]) / SECONDS for name, pid in pids.items()}
    pss = {name: memory_mib(pid, "Pss") for name, pid in pids.items()}
    rss = {name: memory_mib(pid, "Rss") for name, pid in pids.items()}
    lines = [f"  {title}", "                 PSS MiB    RSS MiB    wakes/s"]
    for name in pids:
        lines.append(f"    {name:10}{pss[name]:10.1f}{rss[name]:11.1f}{wakes[name]:11.2f}")
    total = f"    {'together':10}{sum(pss.values()):10.1f}{sum(rss.values()):11.1f}"
    return lines + [f"{total}      (original: {ORIGINAL_RSS_MIB} RSS)"]


def measure(stand):
    say("idle")
    lines = [f"Idle, over {SECONDS} s (targets: under {MAX_PSS_MIB} MiB PSS together,"]
    lines[0] += f" {MAX_WAKES} wakes a second each)"
    lines += measure_programs(stand.programs, "after the work above")
    stand.programs.stop()
    stand.programs.start()
    return lines + measure_programs(stand.programs, "freshly started")
