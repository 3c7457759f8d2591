"""Disks that tests may break: a loop-mounted ext4 or XFS whose power can be cut, and small full ones.

Needs root, loop devices, mkfs.ext4 and mkfs.xfs; where they are missing, tests fail and say so. Everything
is unmounted and given back at the end, also after a failure.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

_FS_IOC_SHUTDOWN: Final = 0x8004587D
_LOG_FLUSH: Final = 1
_NO_LOG_FLUSH: Final = 2
# The journal is committed when somebody asks, and not because five seconds have passed: what is only
# luck must not look like care.
_MOUNT_OPTIONS: Final = {"ext4": "loop,noatime,commit=300", "xfs": "loop,noatime,nouuid"}
_MKFS: Final = {
    "ext4": ("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"),
    "xfs": ("mkfs.xfs", "-q", "-f"),
}
_MIB: Final = 1 << 20
_SIZE_BYTES: Final = {"ext4": 256 * _MIB, "xfs": 512 * _MIB}  # XFS takes no less than 300 MiB
_BALLAST: Final = "ballast"


def run_as_root(*command: object) -> str:
    """Output of a system tool; the test fails, and says why, where it cannot work."""
    if os.geteuid() != 0:
        pytest.fail("This test mounts file systems of its own: run it as root.")
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    try:
        done = subprocess.run(
            [str(part) for part in command],
            capture_output=True, text=True, check=False, timeout=60, env={"PATH": path},
        )  # fmt: skip
    except FileNotFoundError:
        pytest.fail(f"This test needs {command[0]} (tests/install-system-packages).")
    if done.returncode != 0:
        pytest.fail(f"{' '.join(map(str, command))} failed: {done.stderr.strip()}")
    return done.stdout


class PowerCutDisk:
    """A file system with a journal in a file. ``cut`` is what a power cut is to it: everything that
    was not flushed is gone, then the journal is replayed."""

    def __init__(self, image: Path, mount_point: Path, kind: str) -> None:
        self._image = image
        self._kind = kind
        self.path = mount_point

    def mount(self) -> None:
        options = _MOUNT_OPTIONS[self._kind]
        run_as_root("mount", "-t", self._kind, "-o", options, self._image, self.path)

    def unmount(self) -> None:
        for _ in range(50):  # a process that was killed takes a moment to let go
            path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
            done = subprocess.run(
                ["umount", self.path], capture_output=True, check=False, env={"PATH": path}
            )
            if done.returncode == 0:
                return
            time.sleep(0.1)
        run_as_root("umount", "-l", self.path)
        pytest.fail(f"somebody keeps {self.path} busy")

    def cut(self, *, with_names: bool = False) -> None:
        """From now on nothing reaches the disk any more, not even what was written before.

        ``with_names``: the journal had just been written, as it is every few seconds: names and
        sizes are there, and what was not synced of contents is not.
        """
        flag = _LOG_FLUSH if with_names else _NO_LOG_FLUSH
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _FS_IOC_SHUTDOWN, flag.to_bytes(4, "little"))
        finally:
            os.close(descriptor)

    def restore_power(self) -> None:
        self.unmount()
        self.mount()


@contextlib.contextmanager
def power_cut_disk(folder: Path, kind: str = "ext4") -> Iterator[PowerCutDisk]:
    """A fresh one, mounted until the block ends."""
    image, mount_point = folder / f"disk.{kind}", folder / "disk"
    with image.open("wb") as file:
        file.truncate(_SIZE_BYTES[kind])
    mount_point.mkdir()
    run_as_root(*_MKFS[kind], image)
    disk = PowerCutDisk(image, mount_point, kind)
    disk.mount()
    try:
        yield disk
    finally:
        disk.unmount()
        image.unlink()
        mount_point.rmdir()


class SmallDisk:
    """A file system in memory, with a ballast that fills it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def free_bytes(self) -> int:
        figures = os.statvfs(self.path)
        return figures.f_bavail * figures.f_frsize

    def fill(self, leave_bytes: int) -> None:
        """Leave only so much, in whole pages."""
        with (self.path / _BALLAST).open("ab", buffering=0) as file:
            while (excess := self.free_bytes - leave_bytes) >= 4096:
                file.write(bytes(min(excess // 4096 * 4096, 1 << 20)))

    def fill_inodes(self, leave: int) -> None:
        """Leave only so many files to be made."""
        folder = self.path / f"{_BALLAST}-files"
        folder.mkdir(exist_ok=True)
        number = 0
        while os.statvfs(self.path).f_favail > leave:
            (folder / str(number)).touch()
            number += 1

    def free(self) -> None:
        """Take the ballast away."""
        (self.path / _BALLAST).unlink(missing_ok=True)
        folder = self.path / f"{_BALLAST}-files"
        if folder.exists():
            for file in folder.iterdir():
                file.unlink()


@contextlib.contextmanager
def small_disk(folder: Path, size_bytes: int, inodes: int = 0) -> Iterator[SmallDisk]:
    """A fresh one, mounted until the block ends."""
    mount_point = folder / "small"
    mount_point.mkdir()
    options = f"size={size_bytes},mode=700" + (f",nr_inodes={inodes}" if inodes else "")
    run_as_root("mount", "-t", "tmpfs", "-o", options, "tmpfs", mount_point)
    try:
        yield SmallDisk(mount_point)
    finally:
        run_as_root("umount", "-l", mount_point)
