"""`microbadger dockerfile`: an image config by file and by pipe, as text and as JSON."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("MB_BIN_DIR", ROOT / "build/release/bin")) / "microbadger"
SAMPLES = ROOT / "tests/data/samples"
CLASSIC = SAMPLES / "docker-classic/config-root.json"
BUILDKIT = SAMPLES / "buildkit/plain-oci-no-attest/config-linux-amd64-7b04dec8.json"


def run(*arguments, stdin=""):
    return subprocess.run(
        [PROGRAM, *arguments], input=stdin, capture_output=True, text=True, timeout=30
    )


def text_of(history, **config):
    """The Dockerfile's lines below its header."""
    result = run(
        "dockerfile",
        "--config",
        "-",
        stdin=json.dumps({"history": history, "os": "linux"} | config),
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split("FROM scratch\n", 1)[1].splitlines()


def test_file_and_pipe_say_the_same():
    by_file = run("dockerfile", "--config", CLASSIC)
    by_pipe = run("dockerfile", "--config", "-", stdin=CLASSIC.read_text())
    assert by_file.returncode == by_pipe.returncode == 0
    assert by_file.stdout == by_pipe.stdout
    assert by_file.stdout.startswith("# Reconstructed from the image's history")
    assert '\nENV LEGACY="legacy value with spaces"\n' in by_file.stdout
    assert "\n# lossy\nCOPY multi:" in by_file.stdout
    assert "\n# build arguments: VERSION=9.8.7\nRUN set -eux \\\n    && groupadd" in by_file.stdout
    assert by_file.stderr == ""


def test_json_has_one_object_per_history_entry():
    history = json.loads(BUILDKIT.read_text())["history"]
    result = run("dockerfile", "--config", BUILDKIT, "--json")
    steps = json.loads(result.stdout)
    assert [step["CreatedBy"] for step in steps] == [h.get("created_by", "") for h in history]
    assert [step["Empty"] for step in steps] == [h.get("empty_layer", False) for h in history]
    assert all(("DiffID" in step) != step["Empty"] for step in steps)
    run_step = steps[11]
    assert run_step["Command"] == 'RUN ["/bin/sh", "-c", "echo exec form \\"quoted\\" && true"]'
    assert run_step["Certainty"] == "lossy"
    assert run_step["BuildArgs"] == ["VERSION=9.8.7", "UNUSED="]
    assert run_step["Note"] == "exec form"
    assert "BuildArgs" not in steps[0] and "Note" not in steps[1]


def test_layers_without_an_entry_are_no_history_entries():
    config = json.dumps({"history": [], "rootfs": {"diff_ids": ["sha256:aa", "sha256:bb"]}})
    assert json.loads(run("dockerfile", "--config", "-", "--json", stdin=config).stdout) == []
    text = run("dockerfile", "--config", "-", stdin=config).stdout
    assert text.count("# missing: a layer without a history entry\n") == 2


def test_values_cannot_begin_an_instruction():
    lines = text_of(
        [
            {"created_by": "ENV A=x\nRUN evil"},
            {"created_by": "USER a\\"},
            {"created_by": "LABEL b=\u202etxt\x1b[2J"},
            {"comment": "c\nRUN evil"},
        ]
    )
    assert lines == [
        'ENV A="x␊RUN evil"',
        "USER a\\\\",
        "LABEL b=<U+202E>txt␛[2J",
        "# foreign: c␊RUN evil",
    ]


@pytest.mark.parametrize("option", [["--help"], ["dockerfile", "--help"], ["-h"]])
def test_help_goes_to_standard_output(option):
    result = run(*option)
    assert result.returncode == 0
    assert result.stdout.startswith("Usage: microbadger")
    assert result.stderr == ""


def test_version():
    result = run("--version")
    assert result.returncode == 0
    assert result.stdout.split()[:2] == ["microbadger", (ROOT / "VERSION").read_text().strip()]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dockerfile"],
        ["dockerfile", "--config"],
        ["dockerfile", "--config", "-", "more"],
        ["dockerfile", "--colour"],
    ],
)
def test_wrong_command_lines(arguments):
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Usage: microbadger" in result.stderr


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "not a JSON object"),
        ("[]", "not a JSON object"),
        ('{"history": [', "not a JSON object"),
        ('{"schemaVersion": 2, "config": {}}', "a manifest, not the config that it names"),
        (" " * (8 * 1024 * 1024) + "{}", "larger than 8 MiB"),
    ],
)
def test_bad_input(text, reason):
    result = run("dockerfile", "--config", "-", stdin=text)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"microbadger dockerfile: -: {reason}\n"


def test_missing_file(tmp_path):
    result = run("dockerfile", "--config", tmp_path / "none.json")
    assert result.returncode == 1
    assert "none.json: No such file or directory" in result.stderr


def test_full_device():
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [PROGRAM, "dockerfile", "--config", CLASSIC],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=30,
        )
    assert result.returncode == 1
    assert b"cannot write" in result.stderr
