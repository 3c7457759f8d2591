"""transformers 5.23 and datasets 5.2, as people call them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import Environment
from tests.clients.stage import SCRIPTS, client_environment, run, watching
from tests.live import LiveHub, token_of

pytestmark = [pytest.mark.torch, pytest.mark.timeout(300)]

ROWS = [{"name": "one", "n": 1}, {"name": "two", "n": 2}]
# A parquet file needs a library to write; this is what pyarrow makes of ROWS, asked of the client.
PARQUET = (
    "import sys, pyarrow, pyarrow.parquet as p;"
    "p.write_table(pyarrow.table({'name': ['one', 'two'], 'n': [1, 2]}), sys.argv[1])"
)


@pytest.fixture
def torch_client(
    live_hub: LiveHub, clients: Callable[[str], Environment], home: Path
) -> Callable[..., str]:
    """Runs a script in the environment with torch, as Ada."""
    client = clients("torch")
    environment = client_environment(
        live_hub, home, token_of("ada"), OMP_NUM_THREADS="2", TOKENIZERS_PARALLELISM="false"
    )
    # datasets asks s3.amazonaws.com for a count otherwise; nothing here may leave the machine.
    environment |= {"HF_UPDATE_DOWNLOAD_COUNTS": "0", "HF_DATASETS_CACHE": str(home / "datasets")}

    def start(*arguments: object) -> str:
        return run(client.program, *arguments, env=environment)

    return start


def test_tables_in_three_formats_are_loaded(
    torch_client: Callable[..., str], hf: Any, ada: Any, new_repo: Callable[..., str], home: Path
) -> None:
    repo = new_repo("dataset")
    parquet = home / "rows.parquet"
    torch_client("-c", PARQUET, parquet)
    files = {
        "csv/rows.csv": b"name,n\none,1\ntwo,2\n",
        "json/rows.json": b'{"name": "one", "n": 1}\n{"name": "two", "n": 2}\n',
        "parquet/rows.parquet": parquet.read_bytes(),
    }
    ada.create_commit(
        repo,
        [hf.CommitOperationAdd(path, content) for path, content in files.items()],
        commit_message="Rows",
        repo_type="dataset",
    )
    told = json.loads(torch_client(SCRIPTS / "tables.py", "files", repo).splitlines()[-1])
    assert told == dict.fromkeys(("csv", "json", "parquet", "streamed"), ROWS)


def test_a_dataset_is_pushed_and_loaded_again(
    live_hub: LiveHub, torch_client: Callable[..., str], ada: Any, new_name: Callable[..., str]
) -> None:
    repo = new_name()
    with watching(live_hub) as seen:
        told = json.loads(torch_client(SCRIPTS / "tables.py", "push", repo).splitlines()[-1])
    assert told["splits"] == ["test", "train"]
    assert told["rows"] == {"train": 10, "test": 1}
    assert [each["text"] for each in told["more"]] == ["one", "two"]
    assert seen.matching("/xorbs/")
    info = ada.dataset_info(repo)
    assert [each["config_name"] for each in info.card_data.configs] == ["default", "more"]
    assert not [each for each in seen.records if each["status"] >= 500]


def test_models_are_pushed_and_loaded_again(
    live_hub: LiveHub,
    torch_client: Callable[..., str],
    ada: Any,
    nobody: Any,
    new_name: Callable[..., str],
    home: Path,
) -> None:
    repo = new_name()
    with watching(live_hub) as seen:
        printed = torch_client(SCRIPTS / "models.py", repo, home / "work")
    told = json.loads(printed.splitlines()[-1])
    assert (told["bert"], told["llama"], told["saved"]) == (True, True, True)
    assert told["config"] == ["llama", 32]
    assert told["tokens"] == told["expected"]
    assert told["generated"].startswith("why")
    assert "ada/never-there" in told["missing"]
    assert "not a valid model identifier" in told["missing"]
    assert "model.safetensors.index.json" in nobody.list_repo_files(f"{repo}-llama")
    info = nobody.model_info(f"{repo}-bert")
    assert info.config["model_type"] == "bert"
    assert info.safetensors.total > 1000
    assert info.library_name == "transformers"
    assert not nobody.repo_exists(f"{repo}-saved")
    assert [each.num for each in ada.get_repo_discussions(f"{repo}-llama")] == [1]
    assert not [each for each in seen.records if each["status"] >= 500]
