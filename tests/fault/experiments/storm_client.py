"""A stock client that uploads one file after the other, whatever becomes of the hub.

Run as a program: endpoint (by HF_ENDPOINT), repository and ledger. Each upload is noted in the
ledger before it begins and after it is acknowledged.
"""

import os
import sys
import time
from pathlib import Path

from huggingface_hub import HfApi


def main() -> None:
    repo, ledger = sys.argv[1], Path(sys.argv[2])
    api = HfApi()
    for number in range(1_000_000):
        path = f"stock/{number:05}.bin"
        content = os.urandom(200_000)
        with ledger.open("a", encoding="ascii") as file:
            file.write(f"begun {path} {content.hex()}\n")
        try:
            api.upload_file(path_or_fileobj=content, path_in_repo=path, repo_id=repo)
        except Exception:  # the hub was killed: the next one comes soon
            time.sleep(0.05)
            continue
        with ledger.open("a", encoding="ascii") as file:
            file.write(f"done {path}\n")


if __name__ == "__main__":
    main()
