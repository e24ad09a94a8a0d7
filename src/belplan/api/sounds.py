"""Sounds: which a plan names, and how they are answered, whole or the part that a player asks for."""

import asyncio
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from fastapi import Request, Response

from belplan.api.problems import ApiError
from belplan.dialplan.problem import Key, join
from belplan.prompts.audio import SoundError
from belplan.prompts.mp3 import mp3

KEPT = 16  # encoded sounds in memory: whoever listens asks for the same one part by part

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


def named_in(plan: dict[str, Any]) -> dict[str, list[str]]:
    """Which sound files a plan names, by name, with the paths where it does. It may be one with problems."""
    found: dict[str, list[str]] = {}
    for path, name in _named(plan, ()):
        found.setdefault(name, []).append(path)
    return found


def _named(value: Any, keys: tuple[Key, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for index, one in enumerate(cast("list[Any]", value)):
            yield from _named(one, (*keys, index))
    elif isinstance(value, dict):
        for key, one in cast("dict[str, Any]", value).items():
            music = key == "music" and len(keys) == 2 and keys[0] == "queues" and one != "default"
            if isinstance(one, str) and one and (key == "file" or music):
                yield join(*keys, key), one
            yield from _named(one, (*keys, key))


def described(kind: str) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of an operation that answers with sound."""
    sound = {"content": {kind: {"schema": {"type": "string", "format": "binary"}}}}
    return {200: sound, 206: {"description": "The part that was asked for.", **sound}}


def answer(request: Request, sound: bytes, kind: str) -> Response:
    """The sound, or the range of it that was asked for (RFC 9110, section 14). Raises ApiError (416)."""
    headers = {"Accept-Ranges": "bytes"}
    asked = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if asked is None or asked[0] == "bytes=-":  # RFC 9110 14.2: a Range that is not understood is ignored
        return Response(sound, media_type=kind, headers=headers)
    if asked[1]:
        begin, end = int(asked[1]), min(int(asked[2] or len(sound)), len(sound) - 1)
    else:
        begin, end = max(0, len(sound) - int(asked[2])), len(sound) - 1
    if begin > end:
        raise ApiError(
            416, "range", "The sound is shorter than that.", headers={"Content-Range": f"bytes */{len(sound)}"}
        )
    headers["Content-Range"] = f"bytes {begin}-{end}/{len(sound)}"
    return Response(sound[begin : end + 1], 206, media_type=kind, headers=headers)


async def as_mp3(path: Path) -> bytes:
    """A WAV file as MP3. Raises ApiError (404) where it is not there any more."""
    try:
        return await asyncio.to_thread(lambda: _encoded(path, path.stat().st_mtime_ns))
    except (OSError, SoundError):
        raise ApiError(404, "not-found", "The sound is not there any more.") from None


@lru_cache(maxsize=KEPT)
def _encoded(path: Path, changed: int) -> bytes:  # `changed` is part of the key
    return mp3(path)
