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
        # The length alone is refused: nothing of the body has to travel.
        wire.putrequest("POST", "/api/models/ada/small/commit/main")
        stated = {"Content-Type": "application/x-ndjson", "Content-Length": str((1 << 20) + 1)}
        for name, value in (headers | stated).items():
            wire.putheader(name, value)
        wire.endheaders()
        answer = wire.getresponse()
        assert answer.status == 413, answer.read()
        assert answer.headers["X-Error-Code"] == "TooLarge"
        wire.close()
