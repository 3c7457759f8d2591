"""Forms of pages sent without a browser, as one would send them: cookie, origin and token."""

from __future__ import annotations

import http.client
import re
import urllib.parse
from html import unescape


class Browser:
    """A window that shows nothing: it keeps the cookie and finds what a form carries."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self._host = origin.partition("://")[2]
        self._cookie = ""

    def _ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str, str]:
        headers = {"Origin": self.origin, "Cookie": self._cookie}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection = http.client.HTTPConnection(self._host, timeout=30)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if cookie := answer.headers["Set-Cookie"]:
            self._cookie = cookie.partition(";")[0]
        return answer.status, answer.headers["Location"] or "", text

    def get(self, path: str) -> str:
        """A page."""
        return self._ask("GET", path)[2]

    def sign_in(self, name: str) -> None:
        """As one of `tests.live.PEOPLE`."""
        fields = {"name": name, "password": f"correct horse {name}", "next": "/"}
        self.send("/login", "login", fields)

    def send(self, page: str, form: str, fields: dict[str, str]) -> str:
        """Fill in the form of a page whose action ends so, and send it; where that leads to."""
        text = self.get(page)
        found = re.search(rf'<form[^>]* action="([^"]*/{form})".*?</form>', text, re.DOTALL)
        assert found, (page, form, text)
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found[0])
        body = {name: unescape(value) for name, value in hidden} | fields
        status, where, told = self._ask("POST", found[1], urllib.parse.urlencode(body))
        assert status == 303, told
        return where
