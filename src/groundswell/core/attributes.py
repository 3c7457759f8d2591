"""What stands in the ``.gitattributes`` of a new repository.

Knows which files git-lfs shall keep out of git from the first push on: the list that clients of
the Hub expect (Hub API 2). Does not know how the file is kept up when a commit adds others.
"""

from __future__ import annotations

from typing import Final

LFS_ATTRIBUTES: Final = "filter=lfs diff=lfs merge=lfs -text"

_MODEL_PATTERNS: Final = (
    "*.7z",
    "*.arrow",
    "*.avro",
    "*.bin",
    "*.bz2",
    "*.ckpt",
    "*.ftz",
    "*.gguf",
    "*.gz",
    "*.h5",
    "*.joblib",
    "*.lfs.*",
    "*.mlmodel",
    "*.model",
    "*.msgpack",
    "*.npy",
    "*.npz",
    "*.onnx",
    "*.ot",
    "*.parquet",
    "*.pb",
    "*.pickle",
    "*.pkl",
    "*.pt",
    "*.pth",
    "*.rar",
    "*.safetensors",
    "saved_model/**/*",
    "*.tar.*",
    "*.tar",
    "*.tflite",
    "*.tgz",
    "*.wasm",
    "*.xz",
    "*.zip",
    "*.zst",
    "*tfevents*",
)

_MEDIA_PATTERNS: Final = (
    # Audio
    "*.pcm",
    "*.sam",
    "*.raw",
    "*.aac",
    "*.flac",
    "*.mp3",
    "*.ogg",
    "*.wav",
    # Pictures
    "*.bmp",
    "*.gif",
    "*.png",
    "*.tiff",
    "*.jpg",
    "*.jpeg",
    "*.webp",
    # Films
    "*.mp4",
    "*.webm",
)


DEFAULT_ATTRIBUTES: Final = "".join(
    f"{pattern} {LFS_ATTRIBUTES}\n" for pattern in _MODEL_PATTERNS + _MEDIA_PATTERNS
)
"""The text of ``.gitattributes`` in the initial commit of every repository."""
