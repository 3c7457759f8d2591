"""Weights that are worth writing small."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np


def bf16(numbers: Any) -> bytes:
    return (np.asarray(numbers, np.float32).view(np.uint32) >> 16).astype(np.uint16).tobytes()


def safetensors(tensors: dict[str, bytes]) -> bytes:
    head, place = {}, 0
    for name, data in tensors.items():
        offsets = [place, place + len(data)]
        head[name] = {"dtype": "BF16", "shape": [len(data) // 2], "data_offsets": offsets}
        place += len(data)
    text = json.dumps(head).encode()
    return struct.pack("<Q", len(text)) + text + b"".join(tensors.values())
