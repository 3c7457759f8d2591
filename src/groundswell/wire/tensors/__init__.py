"""Tensor frames: a run of numbers written small, without loss, alone or as a difference.

Knows the format (docs/formats/tensor-frame.md) in both directions: which bytes of a number say
much and which little, and how a fine-tune differs from its base. Does not know where a frame or a
base lies, or whose it is. A reader here trusts no length it is given.
"""

from __future__ import annotations

from groundswell.wire.tensors.codec import decode_frame, encode_frame
from groundswell.wire.tensors.frame import (
    FRAME_RAW_BYTES_MAX,
    HEADER_BYTES,
    FrameHeader,
    read_header,
)
from groundswell.wire.tensors.layouts import (
    BYTES,
    Blocks,
    Layout,
    Numbers,
    is_base_for,
    layout_of_gguf,
    layout_of_safetensors,
)
from groundswell.wire.tensors.places import ReadAt, TensorPlace, tensor_places

__all__ = [
    "BYTES",
    "FRAME_RAW_BYTES_MAX",
    "HEADER_BYTES",
    "Blocks",
    "FrameHeader",
    "Layout",
    "Numbers",
    "ReadAt",
    "TensorPlace",
    "decode_frame",
    "encode_frame",
    "is_base_for",
    "layout_of_gguf",
    "layout_of_safetensors",
    "read_header",
    "tensor_places",
]
