"""The terminal client's commands against the real suite, on a pipe and on a terminal."""

import json
import re

import pytest

from stack import terminal
from stack.processes import free_port, http_get
from stack.samples import HOST
from stack.suite import ROOT, Suite, redis_queues
from stack.terminal import Terminal, on_pipe, screen

HELLO = f"{HOST}/demo/hello"
MULTI = f"{HOST}/demo/multi"
LABELS = f"{HOST}/demo/labels"


@pytest.fixture(scope="module")
def server(redis, module_db, session_registry, tmp_path_factory):
    """A suite that a module's tests share, and knows the samples."""
    session_registry.reset()
    settings = {"MB_REGISTRIES": f"{HOST}={session_registry.url}"}
    directory = tmp_path_factory.mktemp("cli")
    queues = redis_queues(redis, module_db)
    suite = Suite(directory, redis, queues, module_db, settings=settings)
    try:
        suite.start()
        for name in (HELLO, MULTI, LABELS):
            suite.wait_status(name)
        yield suite
    finally:
        suite.kill()


@pytest.fixture
def cli(server):
    """The client on a pipe, with the server that knows the samples."""

    def run(*arguments, **options):
        return on_pipe(*arguments, MB_SERVER=server.url, **options)

    return run


def body(server, path):
    return http_get(server.url + path)[2].decode()


def sample(session_registry, name):
    return session_registry.samples[name]


# Commands


def test_inspect_is_the_default_command(cli, session_registry):
    by_name = cli("inspect", HELLO)
    assert by_name.returncode == 0, by_name.stderr
    assert cli(HELLO).stdout == by_name.stdout
    lines = by_name.stdout.splitlines()
    version = sample(session_registry, "demo/hello").tags["latest"]
    assert lines[0] == HELLO
    assert f"  Digest       {version.digest}" in lines
    assert "  Tags         latest, 1.2.3, 1.2, 1" in lines
    assert "  Size         32.5 KB to download, in 2 layers, and 4 steps without one" in lines
    assert "  Created      2026-02-14 10:15 UTC" in lines
    assert '  Entrypoint   ["/usr/bin/hello"]' in lines
    assert any(re.fullmatch(r" +27\.0 KB  █+▉?░+  83\.1%  ADD rootfs /", line) for line in lines)
    assert lines.index("Layers") < lines.index("Labels")
    assert by_name.stderr == ""


def test_layers_have_whole_commands_and_digests(cli, server):
    result = cli("layers", HELLO)
    assert result.returncode == 0
    image = json.loads(body(server, f"/v1/images/{HELLO}"))
    version = json.loads(body(server, f"/v1/images/{HELLO}/version/{image['Digest']}"))
    text = " ".join(result.stdout.split())
    for layer in version["Layers"]:
        assert layer["Command"] in text
        assert layer["BlobSum"][:19] in text


def test_labels_tell_where_they_are_found(cli):
    lines = cli("labels", LABELS).stdout.splitlines()
    at = lines.index("  licenses       Apache-2.0")
    assert lines[at + 1].strip().startswith("org.opencontainers.image.licenses (label)")
    assert "                 differs: Ann Example in author (config)" in lines


def test_tags_are_grouped_by_digest(cli, session_registry):
    lines = cli("tags", MULTI).stdout.splitlines()
    repository = sample(session_registry, "demo/multi")
    new, old = (repository.tags[tag].digest[:19] for tag in ("2.0", "1.0"))
    assert lines[1].split() == [
        new,
        "2026-01-20",
        "30.4",
        "KB",
        "latest,",
        "2.0",
        "(3",
        "platforms)",
    ]
    assert lines[2].split() == [old, "2025-06-20", "30.4", "KB", "1.0", "(2", "platforms)"]


def test_dockerfile_is_the_servers(cli, server):
    result = cli("dockerfile", HELLO)
    assert result.returncode == 0
    assert result.stdout == body(server, f"/v1/dockerfile/{HELLO}")


def test_search(cli):
    assert cli("search", "demo/hel").stdout == HELLO + "\n"
    nothing = cli("search", "no such thing")
    assert (nothing.returncode, nothing.stdout) == (3, "")
    assert "no image with 'no such thing' in its name" in nothing.stderr


def test_badges(cli, server):
    picture = cli("badge", "size", HELLO)
    assert picture.returncode == 0
    assert picture.stdout == body(server, f"/badges/size/{HELLO}.svg")
    line = cli("badge", "size", HELLO, "--markdown").stdout
    url = f"{server.url}/badges/size/{HELLO}.svg"
    assert line == f"[![size of {HELLO}]({url})]({server.url}/images/{HELLO})\n"
    assert cli("badge", "colour", HELLO).returncode == 2


def test_status_and_its_exit_codes(cli, server):
    known = cli("status", HELLO)
    assert (known.returncode, known.stdout) == (0, f"{HELLO}  INSPECTED  done 2 of 2\n")
    unknown = cli("status", f"{HOST}/never/asked")
    assert (unknown.returncode, unknown.stdout) == (
        3,
        f"{HOST}/never/asked  UNKNOWN  not asked for\n",
    )
    assert server.get(f"/v1/status/{HOST}/never/asked")[2]["Status"] == "UNKNOWN"


def test_platform(cli):
    arm = cli("inspect", MULTI, "--platform", "linux/arm/v7")
    assert arm.returncode == 0
    assert "  Platform     linux/arm/v7; also linux/amd64, linux/arm64" in arm.stdout.splitlines()
    assert "multi for linux/arm/v7" in cli("labels", MULTI, "-p", "linux/arm/v7").stdout
    missing = cli(MULTI, "--platform=linux/s390x")
    assert missing.returncode == 3
    assert "There is no linux/s390x. There are: linux/amd64" in missing.stderr


@pytest.mark.parametrize(
    "command, path",
    [
        ("inspect", "/v1/images/{0}"),
        ("labels", "/v1/images/{0}"),
        ("tags", "/v1/images/{0}"),
        ("layers", "/v1/images/{0}/version/{digest}"),
        ("status", "/v1/status/{0}"),
    ],
)
def test_json_is_the_apis_bytes(cli, server, command, path):
    digest = json.loads(body(server, f"/v1/images/{HELLO}"))["Digest"]
    result = cli(command, "--json", HELLO)
    assert result.returncode == 0
    assert result.stdout == body(server, path.format(HELLO, digest=digest))
    assert result.stderr == ""


def test_json_of_a_search(cli, server):
    assert cli("search", "--json", "demo").stdout == body(server, "/v1/images/search/demo")


def test_names_from_standard_input(cli, server):
    names = f"{HELLO}\n\n{MULTI} {HOST}/no/such\r\n{LABELS}"
    result = cli("inspect", "--json", "-", "--quiet", stdin=names)
    assert result.returncode == 3, "the first failure's"
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["ImageName"] for answer in answers] == [HELLO, MULTI, LABELS]
    assert result.stderr.count("\n") == 1
    text = cli("tags", HELLO, MULTI).stdout
    assert text.startswith(HELLO + "\n") and f"\n\n{MULTI}\n" in text
    assert cli("inspect", "-", stdin="").returncode == 0


def test_thresholds(cli):
    fine = cli(HELLO, "--max-size", "33255", "--max-layers", "2")
    assert (fine.returncode, fine.stderr) == (0, "")
    large = cli(HELLO, "--max-size=32KB")
    assert large.returncode == 6
    assert "32.5 KB (33255 bytes) to download, over --max-size of 32.0 KB" in large.stderr
    assert large.stdout.startswith(HELLO)
    many = cli("layers", HELLO, "--max-layers=1", "--json")
    assert many.returncode == 6
    assert "2 layers, over --max-layers of 1" in many.stderr
    assert json.loads(many.stdout)["DownloadSize"] == 33255


def test_compare(cli, server):
    if server.get(f"/v1/compare?a={HELLO}&b={HELLO}")[2].get("code") == "no_such_route":
        pytest.skip("this api does not compare")
    result = cli("compare", f"{HELLO}:1.1.0", HELLO)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "Comparison"
    assert any(line.startswith("  Layers       1 shared (27.0 KB), 1 added") for line in lines)
    assert "  ~ HELLO_VERSION: 1.1.0 to 1.2.3" in lines
    same = body(server, f"/v1/compare?a={HELLO}%3A1.1.0&b={HELLO}")
    assert cli("compare", "--json", f"{HELLO}:1.1.0", HELLO).stdout == same
    assert cli("compare", HELLO, f"{HOST}/no/such", "-q").returncode == 3


# Failures


@pytest.mark.parametrize(
    "arguments, code, words",
    [
        ([f"{HOST}/no/such"], 3, "There is no public image"),
        ([f"{HELLO}:9.9"], 3, "has no tag 9.9"),
        (["evil.example/x"], 1, "registry evil.example"),
        (["UPPER"], 2, "'UPPER' is no image's name: The name has upper-case letters"),
        (["inspect", "a\x1b[2J"], 2, "'a␛[2J' is no image's name"),
        (["serach", "x:y:z"], 1, "did you mean 'microbadger search'"),
    ],
)
def test_what_cannot_be_answered(cli, arguments, code, words):
    result = cli(*arguments, "--quiet")
    assert words in result.stderr
    assert result.stdout == ""
    if arguments[0] != "serach":
        assert result.returncode == code


@pytest.mark.parametrize(
    "arguments, words",
    [
        ([], "Usage: microbadger"),
        (["--colour"], "unrecognized option"),
        (["inspect"], "something is missing: REF..."),
        (["compare", "a"], "something is missing: A B"),
        (["search", "a", "b"], "too many words"),
        (["search", "a", "--max-size=1"], "--max-size does not go with 'search'"),
        (["nginx", "--config=x"], "--config does not go with 'inspect'"),
        (["dockerfile", "nginx", "--json"], "--json goes with --config only"),
        (["nginx", "--timeout=soon"], "a time is like 60s"),
        (["nginx", "--max-size=big"], "a size is like 800KB"),
        (["nginx", "--max-layers=-1"], "a whole number is wanted"),
        (["nginx", "--platform=arm64"], "a platform is os/architecture"),
        (["nginx", "--server=ftp://x"], "a server is http://HOST"),
        (["nginx", "--server=http://me:secret@x"], "takes no user"),
        (["nginx", "--color=red"], "there are auto, always and never"),
        (["help", "undo"], "there is no command 'undo'"),
        (["completion", "csh"], "there is no such shell"),
    ],
)
def test_wrong_command_lines(arguments, words):
    result = on_pipe(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert words in result.stderr


def test_server_that_is_not_there():
    result = on_pipe(HELLO, HELLO, "-s", f"http://127.0.0.1:{free_port()}")
    assert result.returncode == 1
    assert result.stderr.count("cannot reach http://127.0.0.1:") == 1, "asked once"
    assert "--server or MB_SERVER names another" in result.stderr


def test_environment_names_the_server_and_is_checked():
    result = on_pipe(HELLO, MB_SERVER="not a url")
    assert result.returncode == 2
    assert "MB_SERVER=not a url: a server is http://HOST" in result.stderr


def test_output_that_cannot_be_written(server):
    with open("/dev/full", "w") as full:
        done = terminal.subprocess.run(
            [terminal.program(), HELLO, "-s", server.url],
            stdout=full,
            stderr=terminal.subprocess.PIPE,
            timeout=60,
            env=terminal.environment(),
        )
    assert done.returncode == 1
    assert b"cannot write: No space left" in done.stderr


def test_reader_that_has_gone_is_no_complaint(server):
    process = terminal.subprocess.Popen(
        [terminal.program(), "tags", HELLO, "-s", server.url],
        stdout=terminal.subprocess.PIPE,
        stderr=terminal.subprocess.PIPE,
        env=terminal.environment(),
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) == -terminal.signal.SIGPIPE


# Waiting


def test_nothing_is_waited_for_if_not_wanted(cli, registry, server):
    name = f"{HOST}/{registry.fresh(1).name}"
    registry.proxy.delay_ms = 1500
    result = cli(name, "--no-wait")
    assert (result.returncode, result.stdout) == (5, "")
    assert f"nothing is known of {name} yet" in result.stderr
    registry.proxy.delay_ms = 0
    server.wait_status(name)


def test_pending_at_the_timeout(cli, registry):
    name = f"{HOST}/{registry.fresh(1).name}"
    registry.proxy.fault("delay", kind="manifests", ms=5000)
    result = cli("layers", name, "--timeout=2s", "--quiet")
    assert (result.returncode, result.stdout) == (5, "")
    assert "give it longer with --timeout" in result.stderr
    assert cli("layers", name, "--quiet").returncode == 0


def test_what_is_known_at_the_timeout_is_shown(make_suite, registry):
    """The wanted tag is there at once; the others take long."""
    suite = make_suite().start()
    repository = registry.fresh(3)
    registry.proxy.fault("delay", kind="manifests", skip=1, ms=30000)
    name = f"{HOST}/{repository.name}"
    result = on_pipe(name, "--timeout=5s", "--quiet", MB_SERVER=suite.url)
    assert result.returncode == 5
    assert repository.tags["latest"].digest in result.stdout
    assert "this is what is known" in result.stderr


def test_failed_inspection(make_suite):
    """An inspector that may not ask the registry which the api takes names of."""
    suite = make_suite(MB_REGISTRIES="away.local=http://127.0.0.1:9").start(["api"])
    suite.settings["MB_REGISTRIES"] = "default"
    suite.add("inspector")
    name = "away.local/x"
    result = on_pipe(name, "--quiet", MB_SERVER=suite.url)
    assert (result.returncode, result.stdout) == (4, "")
    assert f"{name} could not be inspected: the registry away.local is not" in result.stderr
    assert "It is tried again at " in result.stderr
    assert on_pipe("status", name, MB_SERVER=suite.url).returncode == 4
    assert on_pipe("watch", name, MB_SERVER=suite.url).returncode == 4


def test_changes_of_the_stage_are_told_on_a_pipe(cli, registry):
    """One line for each change; an image is queued twice: for the inspector and the size worker."""
    repository = registry.fresh(6)
    name = f"{HOST}/{repository.name}"
    registry.proxy.delay_ms = 100
    result = cli(name)
    assert result.returncode == 0
    assert repository.tags["latest"].digest in result.stdout
    told = result.stderr.splitlines()
    assert told and all(line.startswith(f"{name}: ") for line in told)
    stages = [line.split(": ")[1].split()[0] for line in told]
    assert stages[-1] == "done"
    assert all(one != next for one, next in zip(stages, stages[1:])), "only changes"
    later = [stage for stage in stages if stage != "queued"]
    assert len(later) == len(set(later)), "no stage comes again"
    assert "\x1b" not in result.stderr and "\r" not in result.stderr
    other = f"{HOST}/{registry.fresh(2).name}"
    assert cli(other, "--quiet").stderr == ""


def test_bar_on_a_terminal_and_nothing_left_of_it(server, registry):
    repository = registry.fresh(8)
    name = f"{HOST}/{repository.name}"
    registry.proxy.delay_ms = 100
    client = Terminal(name, "-s", server.url, with_pipe=True)
    code, raw, output = client.finish()
    assert code == 0
    assert re.search(rf"\r\x1b\[K{re.escape(name)}  [█▏▎▍▌▋▊▉░]+  \w+ \d+ of 8", raw)
    assert raw.endswith("\r\x1b[K")
    assert screen(raw).strip() == ""
    assert repository.tags["latest"].digest in output
    assert "\x1b" not in output


def test_dumb_terminal_and_quiet_have_no_bar(server, registry):
    registry.proxy.delay_ms = 50
    dumb = Terminal(f"{HOST}/{registry.fresh(1).name}", "-s", server.url, TERM="dumb")
    code, raw, _ = dumb.finish()
    assert code == 0 and "\x1b" not in raw
    quiet = Terminal(f"{HOST}/{registry.fresh(1).name}", "-qs", server.url, with_pipe=True)
    assert quiet.finish()[:2] == (0, "")


def test_interrupt_stops_cleanly(server, registry):
    registry.proxy.delay_ms = 3000
    client = Terminal(f"{HOST}/{registry.fresh(1).name}", "-s", server.url)
    client.read_until(b"\r\x1b[K")
    client.interrupt()
    code, raw, _ = client.finish()
    assert code == 130
    assert screen(raw).strip() == ""


def test_interrupt_ends_a_list_of_names(server, registry):
    registry.proxy.delay_ms = 3000
    names = [f"{HOST}/{registry.fresh(1).name}" for _ in range(2)]
    client = Terminal("tags", *names, "-s", server.url)
    client.read_until(b"\r\x1b[K")
    client.interrupt()
    code, raw, _ = client.finish()
    assert code == 130
    assert names[1] not in raw


# Watching


def test_watch_shows_every_status_to_the_end(server, registry):
    name = f"{HOST}/{registry.fresh(3).name}"
    registry.proxy.delay_ms = 100
    client = Terminal("watch", name, "-s", server.url)
    client.read_until(b"UNKNOWN")
    server.get(f"/v1/images/{name}")
    code, raw, _ = client.finish()
    assert code == 0
    words = [line.split()[2] for line in screen(raw).splitlines() if line]
    order = ["UNKNOWN", "SUBMITTED", "INSPECTING", "SIZE", "INSPECTED"]
    assert words == sorted(words, key=order.index)
    assert words[0] == "UNKNOWN" and words[-1] == "INSPECTED"


def test_watch_in_json_and_its_exit_codes(cli, server):
    known = cli("watch", "--json", HELLO)
    assert known.returncode == 0
    assert known.stdout == body(server, f"/v1/status/{HELLO}") + "\n"
    assert cli(f"{HOST}/not/there", "-q").returncode == 3
    assert cli("watch", f"{HOST}/not/there").returncode == 3
    late = cli("watch", f"{HOST}/never/asked", "--timeout=2s")
    assert late.returncode == 5
    assert "UNKNOWN" in late.stdout and "not through" in late.stderr


def test_watch_is_interrupted(server):
    client = Terminal("watch", f"{HOST}/never/asked", "-s", server.url)
    client.read_until(b"UNKNOWN")
    client.interrupt()
    assert client.finish()[0] == 130


def test_watch_asks_now_and_then_where_no_more_streams_are_taken(make_suite, registry):
    suite = make_suite(MB_MAX_WAITING_PER_ADDRESS=1).start()
    name = f"{HOST}/{registry.fresh(2).name}"
    held = Terminal("watch", f"{HOST}/never/asked", "-s", suite.url)
    held.read_until(b"UNKNOWN")
    client = Terminal("watch", name, "-s", suite.url)
    client.read_until(b"UNKNOWN")
    suite.get(f"/v1/images/{name}")
    code, raw, _ = client.finish()
    assert code == 0 and "INSPECTED" in raw
    held.interrupt()
    held.finish()


def test_watch_goes_on_with_a_new_server(make_suite, registry):
    suite = make_suite().start()
    name = f"{HOST}/{registry.fresh(1).name}"
    client = Terminal("watch", name, "-s", suite.url)
    client.read_until(b"UNKNOWN")
    suite["api"].restart()
    suite.wait_status(name)
    code, raw, _ = client.finish()
    assert code == 0
    assert screen(raw).strip().splitlines()[-1].split()[2] == "INSPECTED"


# Terminals


def test_colors(server):
    def output(*arguments, **variables):
        return on_pipe("inspect", HELLO, *arguments, MB_SERVER=server.url, **variables).stdout

    assert "\x1b" not in output()
    assert "\x1b[1m" in output("--color=always")
    assert "\x1b[1m" in output(CLICOLOR_FORCE="1")
    assert "\x1b" not in output(CLICOLOR_FORCE="0")
    assert "\x1b" not in output(NO_COLOR="1", CLICOLOR_FORCE="1")
    assert "\x1b[1m" in output("--color=always", NO_COLOR="1")

    def shown(*arguments, **variables):
        return Terminal(HELLO, *arguments, MB_SERVER=server.url, **variables).finish()[1]

    assert "\x1b[1m" in shown()
    assert "\x1b[1m" in shown(NO_COLOR="")
    assert "\x1b[" not in shown(NO_COLOR="1")
    assert "\x1b[" not in shown("--color=never")


def test_width_is_the_terminals(server):
    def widest(columns):
        raw = Terminal("labels", LABELS, "-s", server.url, columns=columns).finish()[1]
        return max(len(line) for line in screen(raw).splitlines())

    assert widest(60) <= 60 < widest(120) <= 120


def test_terminal_of_another_encoding_gets_ascii(server):
    _, raw, _ = Terminal(HELLO, "-s", server.url, LANG="C", NO_COLOR="1").finish()
    assert raw.isascii()
    assert "  27.0 KB  #########---  83.1%  ADD rootfs /" in raw


# Help, manual, completion


def command_names():
    lines = on_pipe("help").stdout.split("Commands:\n")[1].split("\n\n")[0].splitlines()
    return [line.split()[0] for line in lines]


def test_every_command_has_help():
    names = command_names()
    assert len(names) == 12
    for name in names:
        by_command = on_pipe("help", name)
        assert by_command.returncode == 0
        assert by_command.stdout.startswith(f"Usage: microbadger {name}")
        assert on_pipe(name, "--help").stdout == by_command.stdout


def test_manual_knows_every_command_and_option():
    manual = (ROOT / "cli/microbadger.1").read_text()
    for name in command_names():
        assert f".It Ic {name}" in manual, name
        for flag in re.findall(r"--([a-z-]+)", on_pipe("help", name).stdout.split("Options:")[1]):
            assert f"Fl Fl {flag}" in manual, flag


def test_manual_is_well_formed():
    done = terminal.subprocess.run(
        ["mandoc", "-T", "lint", ROOT / "cli/microbadger.1"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    "shell, check",
    [
        (["bash", "--norc", "-uec"], "source $1; complete -p microbadger"),
        (
            ["zsh", "-fuec"],
            "autoload -Uz compinit; compinit -D -u; source $1; echo ${_comps[microbadger]}",
        ),
        (["fish", "--no-config", "-c"], "source $argv[2]; complete -c microbadger"),
    ],
)
def test_completion_is_sourced_without_a_word(shell, check, tmp_path):
    script = tmp_path / "completion"
    script.write_text(on_pipe("completion", shell[0]).stdout)
    done = terminal.subprocess.run(
        [*shell, check, "x", script],
        capture_output=True,
        text=True,
        timeout=30,
        env=terminal.environment(HOME=str(tmp_path)),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "microbadger" in done.stdout


def bash_completes(script, *words):
    line = " ".join(f"'{word}'" for word in ("microbadger", *words))
    command = (
        f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; _microbadger;"
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = terminal.subprocess.run(
        ["bash", "--norc", "-c", command], capture_output=True, text=True, timeout=30
    )
    return done.stdout.split()


def test_bash_completes(tmp_path):
    script = tmp_path / "completion"
    script.write_text(on_pipe("completion", "bash").stdout)
    assert bash_completes(script, "la") == ["layers", "labels"]
    assert bash_completes(script, "badge", "p") == ["pulls", "platforms"]
    assert bash_completes(script, "completion", "") == ["bash", "zsh", "fish"]
    assert bash_completes(script, "help", "wa") == ["watch"]
    assert bash_completes(script, "tags", "--pl") == ["--platform"]
    assert bash_completes(script, "search", "--max") == []
    assert bash_completes(script, "nginx", "--max-s") == ["--max-size"]
    assert bash_completes(script, "tags", "--color", "a") == ["auto", "always"]


def test_make_help_lists_each_target_that_says_what_it_does():
    done = terminal.subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    described = [
        line.split(":")[0]
        for line in (ROOT / "Makefile").read_text().splitlines()
        if ": " in line and " ## " in line and not line.startswith("\t")
    ]
    assert "test-k8s" in described
    assert [line.split()[0] for line in done.stdout.splitlines()] == described


def test_install_puts_manual_and_completions_where_they_are_found(tmp_path):
    done = terminal.subprocess.run(
        ["make", "-n", "install", f"DESTDIR={tmp_path}", "PREFIX=/usr"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    for path in (
        "man/man1",
        "bash-completion/completions/microbadger",
        "zsh/site-functions/_microbadger",
        "fish/vendor_completions.d/microbadger.fish",
    ):
        assert f"{tmp_path}/usr/share/{path}" in done.stdout
