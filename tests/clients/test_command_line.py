"""The `hf` command of huggingface_hub 2.4, as a person types it."""

import http.cookiejar
import json
import re
import subprocess
import threading
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import Environment
from tests.clients.stage import attempt, client_environment, noise, run
from tests.live import LiveHub, token_of


@pytest.fixture
def hf_command(clients: Callable[[str], Environment]) -> str:
    return clients("current").script("hf")


@pytest.fixture
def signed_in(live_hub: LiveHub, home: Path) -> dict[str, str]:
    """Ada's environment."""
    return client_environment(live_hub, home, token_of("ada"))


def test_signing_in_by_token_is_remembered(live_hub: LiveHub, hf_command: str, home: Path) -> None:
    environment = client_environment(live_hub, home)
    run(hf_command, "auth", "login", "--token", token_of("ada"), env=environment)
    told = run(hf_command, "auth", "whoami", "--format", "json", env=environment)
    who = json.loads(told)
    assert "ada" in json.dumps(who)
    assert "guild" in json.dumps(who)
    assert run(hf_command, "auth", "token", env=environment).strip().endswith(token_of("ada"))
    assert "all" in run(hf_command, "auth", "list", env=environment)
    run(hf_command, "auth", "logout", env=environment)
    assert attempt(hf_command, "auth", "token", env=environment).returncode != 0


def test_signing_in_for_git_too(
    live_hub: LiveHub, hf_command: str, new_repo: Callable[..., str], home: Path
) -> None:
    hidden = new_repo(private=True)
    environment = client_environment(live_hub, home)
    (home / ".gitconfig").write_text("[credential]\n\thelper = store\n")
    asked = ("git", "ls-remote", f"{live_hub.url}/{hidden}")
    assert attempt(*asked, env=environment).returncode != 0
    run(
        hf_command,
        "auth",
        "login",
        "--add-to-git-credential",
        "--token",
        token_of("ada"),
        env=environment,
    )
    assert "refs/heads/main" in run(*asked, env=environment)


def test_a_wrong_token_is_not_remembered(live_hub: LiveHub, hf_command: str, home: Path) -> None:
    environment = client_environment(live_hub, home)
    done = attempt(hf_command, "auth", "login", "--token", "hf_" + "n" * 34, env=environment)
    assert done.returncode != 0
    assert "invalid" in (done.stdout + done.stderr).lower()
    assert attempt(hf_command, "auth", "token", env=environment).returncode != 0


class Browser:
    """A person's browser: cookies, forms, and no script."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )

    def open(self, path: str, fields: dict[str, str] | None = None) -> Any:
        data = None if fields is None else urllib.parse.urlencode(fields).encode()
        request = urllib.request.Request(urllib.parse.urljoin(self.url, path), data)
        request.add_header("Accept", "text/html")
        if data is not None:
            request.add_header("Origin", self.url)
            request.add_header("Sec-Fetch-Site", "same-origin")
        with self.opener.open(request, timeout=20) as answer:
            return answer.read().decode()

    def submit(
        self, page: str, fields: dict[str, str] | None, button: tuple[str, str] | None = None
    ) -> Any:
        """Send the page's form that has all these fields, with its hidden ones."""
        for attributes, inside in re.findall(r"<form\b([^>]*)>(.*?)</form>", page, re.DOTALL):
            names = set(re.findall(r'\bname="([^"]+)"', inside))
            if not {*fields, *(button[:1] if button else ())} <= names:
                continue
            hidden = {
                name[1]: value[1]
                for tag in re.findall(r"<input\b[^>]*>", inside)
                if 'type="hidden"' in tag
                and (name := re.search(r'\bname="([^"]*)"', tag))
                and (value := re.search(r'\bvalue="([^"]*)"', tag))
            }
            action = re.search(r'\baction="([^"]*)"', attributes)
            sent = hidden | fields | (dict([button]) if button else {})
            return self.open(action[1].replace("&amp;", "&") if action else self.url, sent)
        message = f"no form with {sorted(fields)} in:\n{page}"
        raise AssertionError(message)


@pytest.mark.parametrize("allowed", [True, False])
def test_signing_in_through_the_browser(
    allowed: bool, live_hub: LiveHub, hf_command: str, home: Path
) -> None:
    """`hf auth login` shows a code; a person signs in to the hub, sees the code and decides."""
    environment = client_environment(live_hub, home, BROWSER="true")
    process = subprocess.Popen(
        [hf_command, "auth", "login"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    try:
        shown = ""
        code = page_address = None
        while not (code and page_address):
            line = process.stdout.readline()
            assert line, shown
            shown += line
            found = re.search(r"\b([A-Z0-9]{4}-[A-Z0-9]{4})\b", shown)
            code = found[1] if found else None
            found = re.search(rf"{re.escape(live_hub.url)}(/\S*device\S*)", shown)
            page_address = found[1] if found else None
        browser = Browser(live_hub.url)
        page = browser.open("/login")
        browser.submit(page, {"name": "ada", "password": "correct horse ada"})
        page = browser.open(f"/device?user_code={code}")
        assert code in page
        browser.submit(page, {}, button=("answer", "approve" if allowed else "deny"))
        rest = process.stdout.read()
        assert (process.wait(60) == 0) == allowed, shown + rest
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
        process.stdout.close()
    done = attempt(hf_command, "auth", "whoami", env=environment)
    assert ("ada" in done.stdout) == allowed, done.stdout + done.stderr


def test_upload_and_download(
    live_hub: LiveHub,
    hf_command: str,
    signed_in: dict[str, str],
    ada: Any,
    new_name: Callable[..., str],
    home: Path,
) -> None:
    repo = new_name()
    source = home / "model"
    (source / "sub").mkdir(parents=True)
    (source / "weights.safetensors").write_bytes(noise(2_000_000, "cli"))
    (source / "sub" / "config.json").write_text("{}")
    (source / "README.md").write_text("---\nlicense: mit\n---\n# Hi\n")

    told = run(hf_command, "upload", repo, source, env=signed_in)

    assert repo in told
    assert set(ada.list_repo_files(repo)) == {
        ".gitattributes",
        "README.md",
        "sub/config.json",
        "weights.safetensors",
    }
    got = home / "got"
    run(hf_command, "download", repo, "--local-dir", got, env=signed_in)
    assert (got / "weights.safetensors").read_bytes() == noise(2_000_000, "cli")
    one = run(hf_command, "download", repo, "sub/config.json", "--quiet", env=signed_in)
    with open(one.strip().splitlines()[-1]) as file:
        assert file.read() == "{}"
    run(
        hf_command,
        "upload",
        repo,
        source / "sub",
        "other",
        "--commit-message",
        "Again",
        env=signed_in,
    )
    assert ada.list_repo_commits(repo)[0].title == "Again"
    assert ada.file_exists(repo, "other/config.json")
    run(hf_command, "upload", repo, source, "--create-pr", "--include", "*.md", env=signed_in)


def test_a_dataset_goes_up_and_comes_down(
    live_hub: LiveHub,
    hf_command: str,
    signed_in: dict[str, str],
    ada: Any,
    new_name: Callable[..., str],
    home: Path,
) -> None:
    repo = new_name()
    (home / "a.csv").write_text("a,b\n1,2\n")
    run(hf_command, "upload", repo, home / "a.csv", "--repo-type", "dataset", env=signed_in)
    run(hf_command, "download", repo, "--type", "dataset", "--local-dir", home / "d", env=signed_in)
    assert (home / "d" / "a.csv").read_text() == "a,b\n1,2\n"


def test_repositories_tags_and_branches(
    live_hub: LiveHub,
    hf_command: str,
    signed_in: dict[str, str],
    ada: Any,
    new_name: Callable[..., str],
) -> None:
    repo, moved = new_name(), new_name()

    def hf(*arguments: object) -> Any:
        return run(hf_command, "repos", *arguments, env=signed_in)

    hf("create", repo, "--private")
    assert ada.model_info(repo).private
    hf("settings", repo, "--public")
    assert not ada.model_info(repo).private
    hf("tag", "create", repo, "v1", "-m", "First")
    assert "v1" in hf("tag", "list", repo)
    hf("branch", "create", repo, "dev")
    assert {each.name for each in ada.list_repo_refs(repo).branches} == {"main", "dev"}
    hf("branch", "delete", repo, "dev")
    hf("tag", "delete", repo, "v1", "--yes")
    refs = ada.list_repo_refs(repo)
    assert ([each.name for each in refs.branches], refs.tags) == (["main"], [])
    ada.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=repo)
    hf("delete-files", repo, "x.txt")
    assert not ada.file_exists(repo, "x.txt")
    hf("move", repo, moved)
    assert moved in hf("list", "--limit", "1000", "--no-truncate")
    hf("duplicate", moved, repo + "-copy")
    assert ada.repo_exists(repo + "-copy")
    hf("delete", moved, "--yes")
    assert not ada.repo_exists(moved)


def test_information_and_lists(
    live_hub: LiveHub, hf_command: str, signed_in: dict[str, str], ada: Any, repo: str
) -> None:
    card = "---\nlicense: mit\n---\n# A card of its own\n"
    ada.upload_file(path_or_fileobj=card.encode(), path_in_repo="README.md", repo_id=repo)
    told = json.loads(run(hf_command, "models", "info", repo, "--format", "json", env=signed_in))
    assert told["id"] == repo
    listed = run(
        hf_command,
        "models",
        "ls",
        "--author",
        "ada",
        "--limit",
        "1000",
        "--no-truncate",
        env=signed_in,
    )
    assert repo in listed
    assert "A card of its own" in run(hf_command, "models", "card", repo, env=signed_in)
    assert "README.md" in run(hf_command, "models", "ls", repo, env=signed_in)


def test_the_cache_is_listed_verified_and_emptied(
    live_hub: LiveHub, hf_command: str, signed_in: dict[str, str], ada: Any, repo: str
) -> None:
    ada.upload_file(path_or_fileobj=noise(50_000, "c"), path_in_repo="a.bin", repo_id=repo)
    run(hf_command, "download", repo, env=signed_in)
    assert repo in run(hf_command, "cache", "ls", "--no-truncate", env=signed_in)
    run(hf_command, "cache", "verify", repo, env=signed_in)
    run(hf_command, "cache", "rm", f"model/{repo}", "--yes", env=signed_in)
    assert repo not in run(hf_command, "cache", "ls", "--no-truncate", env=signed_in)


def test_errors_are_told_without_a_traceback(
    live_hub: LiveHub, hf_command: str, signed_in: dict[str, str], home: Path
) -> None:
    for arguments in (
        ("download", "ada/never-there"),
        ("repos", "delete", "ada/never-there", "--yes"),
        ("upload", "bob/not-mine", str(home)),
    ):
        (home / "x.txt").write_text("x")
        done = attempt(hf_command, *arguments, env=signed_in)
        assert done.returncode != 0
        assert "Traceback" not in done.stdout + done.stderr
        assert done.stdout + done.stderr
