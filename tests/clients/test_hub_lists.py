"""huggingface_hub 2.4: what the hub tells of repositories, and how they are found."""

import json
import struct
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.stage import MIB, ask, noise
from tests.live import LiveHub, token_of

CARD = """---
license: apache-2.0
language: [en, de]
library_name: transformers
pipeline_tag: text-generation
base_model: ada/base
datasets: [ada/corpus]
tags: [tiny-{mark}]
---
# Tiny

A model for tests.
"""


def safetensors(tensors: dict[str, tuple[str, list[int]]], metadata: dict | None = None) -> bytes:
    """A safetensors file with zeros."""
    sizes = {"F32": 4, "F16": 2, "BF16": 2, "I64": 8}
    header: dict = {"__metadata__": metadata} if metadata else {}
    end = 0
    for name, (dtype, shape) in tensors.items():
        size = sizes[dtype]
        for side in shape:
            size *= side
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(end)


@pytest.fixture
def carded(
    hf: Any, ada: Any, new_repo: Callable[..., str], request: pytest.FixtureRequest
) -> tuple[str, list[str]]:
    """Three models with cards, of which each third one differs; and a mark to find them by."""
    mark = f"m{abs(hash(request.node.name)) % 10**8}"
    names = [new_repo() for _ in range(3)]
    for number, name in enumerate(names):
        text = CARD.format(mark=mark)
        if number == 2:
            text = text.replace("text-generation", "fill-mask").replace("[en, de]", "fr")
        files = {
            "README.md": text.encode(),
            "config.json": b'{"model_type": "llama", "architectures": ["LlamaForCausalLM"]}',
            "model.safetensors": safetensors({"w": ("F32", [10, 10 * (number + 1)])}),
        }
        ada.create_commit(
            name,
            [hf.CommitOperationAdd(path, content) for path, content in files.items()],
            commit_message="Model",
        )
    return f"tiny-{mark}", names


def test_models_are_found_by_everything_their_card_says(
    ada: Any, nobody: Any, carded: tuple[str, list[str]]
) -> None:
    tag, names = carded
    first_two = set(names[:2])

    def found(**by: Any) -> set[str]:
        by.setdefault("filter", [])
        filters = [tag, *by.pop("filter")]
        return {each.id for each in nobody.list_models(filter=filters, **by)}

    assert found() == set(names)
    assert found(filter=["text-generation"]) == first_two
    assert found(pipeline_tag="fill-mask") == {names[2]}
    assert found(filter=["language:en"]) == first_two
    assert found(filter=["license:apache-2.0", "transformers"]) == set(names)
    assert found(filter=["license:mit"]) == set()
    assert found(trained_dataset="ada/corpus") == set(names)
    assert found(author="ada") == set(names)
    assert found(author="bob") == set()
    assert found(filter=["base_model:ada/base"]) == set(names)
    assert found(search=names[1].partition("/")[2]) == {names[1]}
    assert found(search=names[1].partition("/")[2].upper()) == {names[1]}
    assert found(num_parameters="min:150,max:250") == {names[1]}
    ada.update_repo_settings(names[0], gated="auto")
    assert found(gated=True) == {names[0]}
    assert found(gated=False) == set(names[1:])


def test_lists_are_sorted_and_come_in_pages(
    live_hub: LiveHub, ada: Any, nobody: Any, carded: tuple[str, list[str]]
) -> None:
    tag, names = carded
    by_creation = [each.id for each in nobody.list_models(filter=tag, sort="created_at")]
    assert by_creation == names[::-1]
    ada.upload_file(path_or_fileobj=b"x", path_in_repo="x.txt", repo_id=names[0])
    by_change = [each.id for each in nobody.list_models(filter=tag, sort="last_modified")]
    assert by_change == [names[0], names[2], names[1]]
    assert [each.id for each in nobody.list_models(filter=tag, sort="created_at", limit=2)] == (
        names[:0:-1]
    )
    page = ask(live_hub, "GET", f"/api/models?filter={tag}&sort=createdAt&limit=2")
    assert len(page.json()) == 2
    assert page.headers["X-Total-Count"] == "3"
    link = page.headers["Link"]
    assert link.startswith(f"<{live_hub.url}/api/models?")
    assert link.endswith('; rel="next"')
    rest = ask(live_hub, "GET", link[1 : link.index(">")])
    assert [each["id"] for each in rest.json()] == [names[0]]
    assert rest.headers["Link"] is None
    for sort in ("downloads", "likes", "trending_score"):
        assert {each.id for each in nobody.list_models(filter=tag, sort=sort)} == set(names)


def test_full_lists_tell_more(nobody: Any, carded: tuple[str, list[str]]) -> None:
    tag, names = carded
    one = next(
        each
        for each in nobody.list_models(filter=tag, full=True, cardData=True, fetch_config=True)
        if each.id == names[0]
    )
    assert one.author == "ada"
    assert len(one.sha) == 40
    assert "model.safetensors" in {each.rfilename for each in one.siblings}
    assert one.card_data["license"] == "apache-2.0"
    assert one.config["model_type"] == "llama"
    some = list(nobody.list_models(filter=tag, expand=["safetensors", "gated", "likes"]))
    assert {each.safetensors.total for each in some} == {100, 200, 300}
    assert all(each.sha is None for each in some)


def test_private_repositories_are_listed_for_those_who_see_them(
    ada: Any, eve: Any, nobody: Any, carded: tuple[str, list[str]]
) -> None:
    tag, names = carded
    ada.update_repo_settings(names[1], private=True)
    assert {each.id for each in ada.list_models(filter=tag)} == set(names)
    for other in (eve, nobody):
        assert {each.id for each in other.list_models(filter=tag)} == {names[0], names[2]}
        assert not list(other.list_models(search=names[1].partition("/")[2]))


def test_datasets_and_spaces_are_found(
    hf: Any, ada: Any, nobody: Any, new_repo: Callable[..., str]
) -> None:
    dataset, space = new_repo("dataset"), new_repo("space")
    ada.upload_file(
        path_or_fileobj=b"---\nlicense: mit\nlanguage: [de]\ntask_categories: [summarization]\n"
        b"size_categories: [n<1K]\n---\n# Data\n",
        path_in_repo="README.md",
        repo_id=dataset,
        repo_type="dataset",
    )
    short = dataset.partition("/")[2]
    for by in (
        {"language": "de"},
        {"task_categories": "summarization"},
        {"size_categories": "n<1K"},
        {"filter": "license:mit"},
        {"author": "ada"},
        {"dataset_name": short},
    ):
        assert dataset in {each.id for each in nobody.list_datasets(search=short, **by)}, by
    assert dataset not in {each.id for each in nobody.list_datasets(language="fr", search=short)}
    found = {each.id: each for each in nobody.list_spaces(author="ada", full=True)}
    assert found[space].sdk == "static"
    assert dataset not in {each.id for each in nobody.list_models(author="ada")}


def test_model_info_tells_what_the_files_say(
    hf: Any, ada: Any, nobody: Any, carded: tuple[str, list[str]]
) -> None:
    tag, names = carded
    told = nobody.model_info(names[1], files_metadata=True)
    assert (told.id, told.author, told.private, told.gated) == (names[1], "ada", False, False)
    assert told.library_name == "transformers"
    assert told.pipeline_tag == "text-generation"
    assert {tag, "en", "license:apache-2.0", "base_model:ada/base"} <= set(told.tags)
    assert told.card_data.base_model == "ada/base"
    assert told.created_at <= told.last_modified
    assert told.safetensors.parameters == {"F32": 200}
    assert told.safetensors.total == 200
    assert told.config["architectures"] == ["LlamaForCausalLM"]
    files = {each.rfilename: each for each in told.siblings}
    assert files["model.safetensors"].lfs.sha256
    assert files["model.safetensors"].size == files["model.safetensors"].lfs.size
    assert files["config.json"].lfs is None
    assert len(files["config.json"].blob_id) == 40
    assert told.used_storage is None or told.used_storage > 0


def test_every_expand_of_the_clients_sets_is_known(
    hf: Any, ada: Any, carded: tuple[str, list[str]], new_repo: Callable[..., str]
) -> None:
    _, names = carded
    for kind, name in (
        ("model", names[0]),
        ("dataset", new_repo("dataset")),
        ("space", new_repo("space")),
    ):
        known = typing.get_args(getattr(hf.hf_api, f"Expand{kind.title()}Property_T"))
        assert len(known) > 15
        info = getattr(ada, f"{kind}_info")
        everything = info(name, expand=list(known))
        assert everything.id == name
        for one in known:
            told = info(name, expand=[one])
            assert told.id == name
            if one not in ("sha", "siblings"):
                assert told.sha is None
    with pytest.raises(hf.errors.BadRequestError, match='expected one of "author"'):
        ada.model_info(names[0], expand=["nonsense"])


def test_the_task_is_read_from_the_architecture(ada: Any, repo: str) -> None:
    config = b'{"model_type": "bert", "architectures": ["BertForMaskedLM"]}'
    ada.upload_file(path_or_fileobj=config, path_in_repo="config.json", repo_id=repo)
    assert ada.model_info(repo).pipeline_tag == "fill-mask"


def test_security_status_is_an_accepted_question(
    nobody: Any, carded: tuple[str, list[str]]
) -> None:
    assert nobody.model_info(carded[1][0], securityStatus=True).id == carded[1][0]


def test_safetensors_metadata_of_one_file_and_of_shards(
    hf: Any, ada: Any, nobody: Any, carded: tuple[str, list[str]], repo: str
) -> None:
    told = nobody.get_safetensors_metadata(carded[1][2])
    assert told.sharded is False
    assert told.parameter_count == {"F32": 300}
    one = {"a": ("F16", [4, 4])}
    other = {"b": ("F32", [8])}
    index = {
        "metadata": {"total_size": 64},
        "weight_map": {
            "a": "model-00001-of-00002.safetensors",
            "b": "model-00002-of-00002.safetensors",
        },
    }
    files = {
        "model-00001-of-00002.safetensors": safetensors(one),
        "model-00002-of-00002.safetensors": safetensors(other),
        "model.safetensors.index.json": json.dumps(index).encode(),
    }
    ada.create_commit(
        repo,
        [hf.CommitOperationAdd(path, content) for path, content in files.items()],
        commit_message="Shards",
    )
    told = nobody.get_safetensors_metadata(repo)
    assert told.sharded is True
    assert told.parameter_count == {"F16": 16, "F32": 8}
    assert nobody.model_info(repo).safetensors.total == 24
    large = safetensors({f"tensor.{n:05}" + "x" * 60: ("F32", [1]) for n in range(2000)})
    assert len(large) > 150_000
    ada.upload_file(path_or_fileobj=large, path_in_repo="large.safetensors", repo_id=repo)
    told = nobody.parse_safetensors_file_metadata(repo, "large.safetensors")
    assert told.parameter_count == {"F32": 2000}


def test_cards_are_validated_and_pushed(hf: Any, ada: Any, repo: str) -> None:
    card = hf.ModelCard("---\nlicense: mit\nlanguage: en\ntags: [x]\n---\n# Good\n")
    card.validate()
    card.push_to_hub(repo, token=token_of("ada"))
    back = hf.ModelCard.load(repo)
    assert back.data.license == "mit"
    assert "# Good" in back.text
    bad = hf.ModelCard("---\nlicense: not-a-licence-at-all\n---\n# Bad\n")
    with pytest.raises(ValueError, match="license"):
        bad.validate()
    with pytest.raises(ValueError, match="license"):
        bad.push_to_hub(repo, token=token_of("ada"))
    assert hf.ModelCard.load(repo).data.license == "mit"
    data = hf.DatasetCard("---\nlicense: mit\n---\n# Data\n")
    data.validate()


def test_a_card_without_metadata_is_uploaded_all_the_same(ada: Any, repo: str) -> None:
    with pytest.warns(UserWarning, match="empty or missing yaml metadata"):
        ada.upload_file(path_or_fileobj=b"# Bare\n", path_in_repo="README.md", repo_id=repo)
    assert ada.model_info(repo).card_data is None or not ada.model_info(repo).card_data.to_dict()


def test_a_card_that_is_no_yaml_is_refused_in_words(hf: Any, ada: Any, repo: str) -> None:
    with pytest.raises((ValueError, hf.errors.HfHubHTTPError)):
        ada.upload_file(
            path_or_fileobj=b"---\nlicense: [mit\n---\n# x\n",
            path_in_repo="README.md",
            repo_id=repo,
        )


def test_tags_by_type_are_listed(ada: Any, carded: tuple[str, list[str]]) -> None:
    tags = ada.get_model_tags()
    assert all({"id", "label", "type"} <= set(each) for group in tags.values() for each in group)
    assert isinstance(ada.get_dataset_tags(), dict)


def test_names_are_found_whatever_their_case(hf: Any, ada: Any, repo: str, tmp_path: Path) -> None:
    shouted = repo.upper()
    assert ada.model_info(shouted).id == repo
    ada.upload_file(path_or_fileobj=noise(MIB // 10, 1), path_in_repo="a.bin", repo_id=shouted)
    assert ada.hf_hub_download(shouted, "a.bin", cache_dir=tmp_path)
    with pytest.raises(hf.errors.HfHubHTTPError) as told:
        ada.create_repo(shouted)
    assert told.value.response.status_code == 409


def test_discussions_are_told(hf: Any, ada: Any, bob: Any, repo: str) -> None:
    made = bob.create_discussion(repo, "A question", description="Why?")
    request = bob.create_pull_request(repo, "An offer")
    assert (made.num, request.num) == (1, 2)
    assert [each.num for each in ada.get_repo_discussions(repo)] == [2, 1]
    listed = ada.get_repo_discussions(
        repo, discussion_type="pull_request", discussion_status="open"
    )
    assert [each.num for each in listed] == [2]
    ada.change_discussion_status(repo, 1, "closed")
    listed = ada.get_repo_discussions(repo, discussion_status="open")
    assert [each.num for each in listed] == [2]
    told = ada.get_discussion_details(repo, 1)
    assert (told.title, told.author, told.status) == ("A question", "bob", "closed")
