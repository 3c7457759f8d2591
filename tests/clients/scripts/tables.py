"""Tables by `datasets`: `tables.py STEP REPO`. Prints JSON: what it saw."""

import json
import sys

from datasets import Dataset, DatasetDict, IterableDataset, get_dataset_split_names, load_dataset


def from_files(repo: str) -> object:
    """CSV, parquet and JSON files that others uploaded."""
    found = {}
    for name in ("csv", "json", "parquet"):
        table = load_dataset(repo, data_files={"train": f"{name}/*.{name}"}, split="train")
        found[name] = table.to_list()
    streamed = load_dataset(repo, data_files={"train": "csv/*.csv"}, split="train", streaming=True)
    assert isinstance(streamed, IterableDataset)
    found["streamed"] = list(streamed)
    return found


def push(repo: str) -> object:
    """A dataset with two splits is pushed, read again, changed and pushed again."""
    train = Dataset.from_dict({"text": [f"row {n}" for n in range(500)], "n": list(range(500))})
    test = Dataset.from_dict({"text": ["t"], "n": [0]})
    DatasetDict({"train": train, "test": test}).push_to_hub(
        repo, num_shards={"train": 3, "test": 1}
    )
    back = load_dataset(repo)
    assert back["train"].to_list() == train.to_list()
    more = Dataset.from_dict({"text": ["one", "two"], "n": [1, 2]})
    more.push_to_hub(repo, config_name="more", private=False)
    train.select(range(10)).push_to_hub(repo, split="train", commit_message="Fewer")
    again = load_dataset(repo, download_mode="force_redownload")
    more.push_to_hub(repo, config_name="more", revision="side", commit_message="Aside")
    return {
        "splits": sorted(get_dataset_split_names(repo)),
        "rows": {name: split.num_rows for name, split in again.items()},
        "more": load_dataset(repo, "more", split="train").to_list(),
    }


if __name__ == "__main__":
    print(json.dumps({"files": from_files, "push": push}[sys.argv[1]](sys.argv[2])))
