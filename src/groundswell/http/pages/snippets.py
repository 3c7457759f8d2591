"""Lines to paste that use a repository from this hub. Pure text, for bash and Python."""

from __future__ import annotations

import json
import shlex

from groundswell.core.values import RepoKind
from groundswell.http.pages.views import Snippet
from groundswell.hub.repos import Repository


def _python(base_url: str, lines: str) -> str:
    return (
        f'import os\n\nos.environ["HF_ENDPOINT"] = {json.dumps(base_url)}  # before the imports\n\n'
        f"{lines}"
    )


def _transformers(repository: Repository, base_url: str) -> Snippet:
    name = json.dumps(repository.full_name)
    task = repository.pipeline_tag or "text-generation"
    lines = (
        f"from transformers import pipeline\n\npipe = pipeline({json.dumps(task)}, model={name})"
    )
    note = (
        "For models without safetensors set DISABLE_SAFETENSORS_CONVERSION=1: "
        "it keeps your token on this hub."
    )
    return Snippet("transformers", "python", _python(base_url, lines), note)


def _datasets(repository: Repository, base_url: str) -> Snippet:
    name = json.dumps(repository.full_name)
    lines = f"from datasets import load_dataset\n\ndata = load_dataset({name})"
    return Snippet("datasets", "python", _python(base_url, lines))


def snippets_of(repository: Repository, base_url: str) -> tuple[Snippet, ...]:
    """The ways to use it, the most fitting first."""
    kind, full_name = repository.kind, repository.full_name
    endpoint = f"export HF_ENDPOINT={shlex.quote(base_url)}"
    typed = "" if kind is RepoKind.MODEL else f" --repo-type {kind.value}"
    found: list[Snippet] = []
    words = {tag.lower() for tag in repository.tags} | {(repository.library_name or "").lower()}
    if kind is RepoKind.MODEL and ("gguf" in words or "gguf" in repository.facts):
        text = f"MODEL_ENDPOINT={shlex.quote(base_url + '/')} llama-cli -hf {full_name}"
        found.append(Snippet("llama.cpp", "bash", text))
    if kind is RepoKind.MODEL and "transformers" in words:
        found.append(_transformers(repository, base_url))
    if kind is RepoKind.DATASET:
        found.append(_datasets(repository, base_url))
    found.append(Snippet("hf download", "bash", f"{endpoint}\nhf download {full_name}{typed}"))
    clone = f"git clone {shlex.quote(f'{base_url}/{repository.repo_id.url_path}')}"
    note = "Large files come through git-lfs: git lfs install, once."
    found.append(Snippet("git clone", "bash", clone, note))
    return tuple(found)
