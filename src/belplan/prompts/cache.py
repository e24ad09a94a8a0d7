"""Converted sounds on disk, by what they were made of. What was not used for longest goes first."""

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from belplan.prompts.audio import convert

LARGEST = 200_000_000  # bytes: some thirty hours of prompts

# Another way of making them makes other files.
RECIPE = "1"

Source = Callable[[], Awaitable[Path | bytes]]


class Cache:
    """A folder of sounds. Several processes may share it."""

    def __init__(self, folder: Path, largest: int | None = LARGEST) -> None:
        self._folder = folder
        self._largest = largest
        self._under_way: dict[str, asyncio.Task[Path]] = {}

    async def get(self, key: str, source: Source) -> Path:
        """The sound made of `key`, without extension. Made once, however many ask at the same time."""
        digest = hashlib.sha256(f"{RECIPE}\n{key}".encode(errors="surrogatepass")).hexdigest()
        target = (self._folder / digest[:2] / digest[:40]).absolute()
        if _used(target):
            return target
        task = self._under_way.get(digest)
        if task is None:
            task = asyncio.create_task(self._make(target, source))
            self._under_way[digest] = task
            task.add_done_callback(lambda _: self._under_way.pop(digest, None))
        # One who hangs up meanwhile does not take it from the others.
        return await asyncio.shield(task)

    async def _make(self, target: Path, source: Source) -> Path:
        raw = await source()
        await asyncio.to_thread(convert, raw, target)
        if self._largest is not None:
            await asyncio.to_thread(self._shrink, target)
        return target

    def _shrink(self, newest: Path) -> None:
        """Remove the sounds that were not used for longest, until three quarters of the room are taken."""
        sounds: list[tuple[float, int, Path]] = []
        for path in self._folder.glob("*/*.wav*"):
            try:
                stat = path.stat()
            except FileNotFoundError:  # another process was first
                continue
            sounds.append((stat.st_mtime, stat.st_size, path))
        taken = sum(size for _, size, _ in sounds)
        if self._largest is None or taken <= self._largest:
            return
        for _, size, path in sorted(sounds):
            if taken <= self._largest * 3 // 4:
                break
            if path.stem != newest.name:
                path.unlink(missing_ok=True)
                taken -= size


def _used(target: Path) -> bool:
    """Whether it is there; marks it as used."""
    try:
        for end in (".wav", ".wav16"):
            os.utime(target.with_name(target.name + end))
    except OSError:
        return False
    return True
