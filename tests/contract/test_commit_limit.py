"""The largest commit request is a setting, and one above it leaves nothing behind."""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import urlsplit

from tests.live import serving, token_of


def test_a_commit_above_the_setting_is_refused_whole(tmp_path: Path) -> None:
    with serving(
        tmp_path, people=True, environment={"SWELL_COMMIT_BODY_MAX_BYTES": "1048576"}
    ) as hub:
        place = urlsplit(hub.url)
        wire = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
        headers = {"Authorization": f"Bearer {token_of('ada')}"}
        create = b'{"name": "small"}'
        wire.request(
            "POST", "/api/repos/create", create, headers | {"Content-Type": "application/json"}
        )
        assert wire.getresponse().read()
        body = b'{"key":"header","value":{"summary":"x"}}\n' + b" " * (1 << 20)
        kind = {"Content-Type": "application/x-ndjson"}
        wire.request("POST", "/api/models/ada/small/commit/main", body, headers | kind)
        answer = wire.getresponse()
        assert answer.status == 413, answer.read()
        assert answer.headers["X-Error-Code"] == "TooLarge"
        wire.close()
