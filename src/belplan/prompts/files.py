"""A company's own sound files, beside its plan."""

from difflib import get_close_matches
from pathlib import Path

from belplan.prompts.audio import SoundError

KINDS = (".wav", ".mp3", ".ogg", ".oga", ".opus", ".flac", ".m4a")


def find(folder: Path | None, name: str) -> Path:
    """The sound file of this name in the folder itself. Raises SoundError, which says what there is instead."""
    if folder is None or not folder.is_dir():
        raise SoundError(f'"{name}" is not there: {folder or "no folder of sounds"} does not exist')
    path = folder / name
    # A name never leads out of the folder, also not by a link.
    if Path(name).name != name or name.startswith(".") or path.resolve().parent != folder.resolve():
        raise SoundError(f'"{name}" is not the name of a file in {folder}')
    if not path.is_file():
        there = sorted(entry.name for entry in folder.iterdir() if entry.suffix.lower() in KINDS)
        near = get_close_matches(name, there, 1)
        raise SoundError(f'"{name}" is not in {folder}' + (f'; did you mean "{near[0]}"?' if near else ""))
    return path


def state(path: Path) -> str:
    """What changes when the file does."""
    stat = path.stat()
    return f"{path.resolve()}:{stat.st_size}:{stat.st_mtime_ns}"
