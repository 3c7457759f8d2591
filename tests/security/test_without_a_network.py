"""S17, the other half: what a person has at home works where there is no network at all.

`test_nothing_goes_out` sees that nothing is sent. Here the kernel has nowhere to send it: the hub,
the model and whoever asks live in a network namespace that holds nothing but a loopback, and a
folder of notes is still made a pack, asked, quoted, put into prose and verified.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.security.offline_story import NOTES, PACK

QUOTE = "Mount Kenya is the highest mountain in Kenya."
SECONDS = 240


def test_a_library_is_asked_with_the_network_cut(tmp_path: Path) -> None:
    assert QUOTE in NOTES
    story = [sys.executable, "-m", "tests.security.offline_story", str(tmp_path)]
    done = subprocess.run(
        ["unshare", "--net", "--", *story],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["out of here"] == "Network is unreachable"
    for by in ("terminal", "prose", "/v1/ask", "page"):
        assert QUOTE in told[by], by
        assert PACK in told[by], by
    checked = told["verified"].splitlines()
    assert checked
    assert all(line.startswith("stands ") for line in checked), checked
    assert told["run"].strip()
    assert told["chat"].strip()
