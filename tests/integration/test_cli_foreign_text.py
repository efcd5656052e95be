"""Texts of images that would drive a terminal are shown, not obeyed."""

import json
import re

from stack.terminal import Terminal, screen


def test_foreign_text_cannot_drive_the_terminal(shelf):
    evil = "\x1b[2J\x1b]0;title\x07\x9b31mred\r\n\u202eexe"
    config = {
        "os": "linux",
        "architecture": "amd64",
        "created": "2026-01-02T03:04:05Z",
        "author": evil,
        "config": {"Labels": {f"key{evil}": evil}, "Entrypoint": [evil], "User": evil},
        "history": [{"created_by": f"RUN {evil}"}],
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]},
    }
    shelf.image("latest", config_data=json.dumps(config).encode())
    shelf.inspect()
    name = f"edge.local/{shelf.name}"
    for command in ("inspect", "layers", "labels", "tags", "dockerfile", "status"):
        client = Terminal(command, name, "-s", shelf.suite.url, NO_COLOR="1")
        code, raw, _ = client.finish()
        assert code == 0, raw
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", screen(raw)), command
    client = Terminal("inspect", name, "-s", shelf.suite.url, NO_COLOR="1")
    assert "␛[2J" in client.finish()[1]
