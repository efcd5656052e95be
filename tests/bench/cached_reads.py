"""Reads of what is known: the api beside a bare libmicrohttpd program and nginx, each with the same
body and headers, in turn, the server on one core and wrk on another."""

import os
import re
import statistics
import subprocess

from stack import samples, suite
from stack.processes import free_port, http_get

from .stand import say

ROUNDS = 5
SECONDS = 4
CONNECTIONS = 64
SERVER_CORE, CLIENT_CORE = 0, 1
TARGET = 0.9
BODIES = (("demo/labels", ""), ("demo/layers", ""))
# nginx and libmicrohttpd write these themselves.
OWN_HEADERS = {"content-length", "connection", "date", "server", "keep-alive"}
TICKS = os.sysconf("SC_CLK_TCK")

NGINX = """\
daemon off;
{user}worker_processes 1;
pid {directory}/nginx.pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  open_file_cache max=100;
  open_file_cache_valid 60s;
  keepalive_requests 100000000;
  sendfile on;
  etag off;
  types {{ }}
  default_type {content_type};
  client_body_temp_path {directory}/nginx-1;
  proxy_temp_path {directory}/nginx-2;
  fastcgi_temp_path {directory}/nginx-3;
  uwsgi_temp_path {directory}/nginx-4;
  scgi_temp_path {directory}/nginx-5;
  server {{
    listen 127.0.0.1:{port};
    root {directory}/www;
{headers}
  }}
}}
"""


def _pids(process):
    """A server and its children: nginx has a worker."""
    found = [process.pid]
    children = f"/proc/{process.pid}/task/{process.pid}/children"
    with open(children, encoding="ascii") as file:
        found += [int(pid) for pid in file.read().split()]
    return found


def _cpu_seconds(process):
    ticks = 0
    for pid in _pids(process):
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICKS


def _pin(process):
    for pid in _pids(process):
        command = ["taskset", "-acp", str(SERVER_CORE), str(pid)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _load(process, url):
    """(requests a second, requests a second of the server's CPU)"""
    before = _cpu_seconds(process)
    command = ["taskset", "-c", str(CLIENT_CORE), "wrk", "-t1", f"-c{CONNECTIONS}"]
    done = subprocess.run(
        [*command, f"-d{SECONDS}s", url], capture_output=True, text=True, check=True
    )
    used = _cpu_seconds(process) - before
    if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
        raise RuntimeError(f"{url}: {done.stdout}")
    requests = int(re.search(r"(\d+) requests in", done.stdout)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)[1])
    return rate, requests / used


def _bare(stand, body_path, headers):
    port = free_port()
    program = suite.ROOT / "build/release/bench/bare_httpd"
    lines = [f"{name}: {value}" for name, value in headers.items()]
    url = f"http://127.0.0.1:{port}/"
    argv = [program, str(port), body_path, *lines]
    return stand.start("bare_httpd", argv, lambda: http_get(url)[0] == 200), url


def _nginx(stand, body, headers):
    port = free_port()
    directory = stand.directory
    (directory / "www").mkdir(exist_ok=True)
    (directory / "www/body").write_bytes(body)
    lines = [
        f"    add_header {name} '{value}';"
        for name, value in headers.items()
        if name != "Content-Type"
    ]
    config = NGINX.format(
        # Started by root, its worker would be somebody who may not read the directory.
        user="user root;\n" if os.geteuid() == 0 else "",
        directory=directory,
        port=port,
        content_type=headers["Content-Type"],
        headers="\n".join(lines),
    )
    path = directory / "nginx.conf"
    path.write_text(config)
    url = f"http://127.0.0.1:{port}/body"
    argv = ["nginx", "-c", path, "-e", "stderr"]
    return stand.start("nginx", argv, lambda: http_get(url)[0] == 200), url


def _rounds(servers):
    """{name: [(rate, rate per CPU second), ...]}; the servers take turns, so drift hits all."""
    found = {name: [] for name, _, _ in servers}
    for number in range(ROUNDS):
        for name, process, url in servers:
            _pin(process)
            found[name].append(_load(process, url))
        say(f"  round {number + 1} of {ROUNDS}")
    return found


def _measure_body(stand, name):
    path = f"/v1/images/{samples.HOST}/{name}"
    stand.programs.wait_status(f"{samples.HOST}/{name}")
    status, headers, body = http_get(stand.programs.url + path)
    kept = {key: value for key, value in headers.items() if key.lower() not in OWN_HEADERS}
    body_path = stand.directory / "body"
    body_path.write_bytes(body)
    say(f"cached reads, {len(body)} bytes")
    bare, bare_url = _bare(stand, body_path, kept)
    nginx, nginx_url = _nginx(stand, body, kept)
    api = stand.programs["api"].process
    found = _rounds(
        [
            ("api", api, stand.programs.url + path),
            ("bare libmicrohttpd", bare, bare_url),
            ("nginx", nginx, nginx_url),
        ]
    )
    bare.stop()
    nginx.stop()
    return _lines(len(body), found)


def _lines(size, found):
    lines = [f"  {size} bytes" + " " * 17 + "requests/s   per CPU second"]
    medians = {}
    for name, rounds in found.items():
        rate, per_cpu = (statistics.median(column) for column in zip(*rounds))
        medians[name] = per_cpu
        lines.append(f"    {name:22}{rate:14,.0f}{per_cpu:16,.0f}")
    ratios = [a[1] / b[1] for a, b in zip(found["api"], found["bare libmicrohttpd"])]
    ratio = medians["api"] / medians["bare libmicrohttpd"]
    lines.append(
        f"    api / bare per CPU second: {ratio:.2f} of medians, "
        f"{min(ratios):.2f} to {max(ratios):.2f} by round (target {TARGET})"
    )
    return lines


def measure(stand):
    for repository in samples.samples():
        if repository.name in dict(BODIES):
            stand.publish(repository)
    lines = [
        f"Cached reads: wrk -t1 -c{CONNECTIONS}, server on one core and wrk on the other,",
        f"medians of {ROUNDS} rounds of {SECONDS} s, in turn",
    ]
    for name, _ in BODIES:
        lines += _measure_body(stand, name)
    return lines
