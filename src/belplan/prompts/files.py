"""A company's own sound files, beside its plan."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from belplan.dialplan.company import Company
from belplan.dialplan.fields import Prompt
from belplan.dialplan.places import tops
from belplan.dialplan.problem import Problem
from belplan.prompts.audio import SoundError

KINDS = (".wav", ".mp3", ".ogg", ".oga", ".opus", ".flac", ".m4a")


def folder_of(sounds: Path | None, company: str, name: str | None) -> Path | None:
    """The folder that a company's sound of this name is in: its own, else that of all."""
    if sounds is None or not company or not name:
        return sounds
    own = sounds / company
    try:
        return own if (own / name).is_file() else sounds
    except ValueError:  # no name of a file, which `find` says
        return sounds


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


def missing(company: Company, folder: Path) -> Iterator[Problem]:
    """Warnings about the sound files that a company's plan names and that are not in the folder."""
    for path, name in _named(company):
        try:
            find(folder, name)
        except SoundError as error:
            yield Problem(path, "missing-file", f"{error}; callers hear nothing there", "warning")


def _named(company: Company) -> Iterator[tuple[str, str]]:
    for top in tops(company):
        for spot in top.everything:
            if isinstance(spot.app, Prompt) and spot.app.file:
                yield f"{spot.path}.file", spot.app.file
            for name in type(spot.app).model_fields:
                if isinstance(said := getattr(spot.app, name), Prompt) and said.file:
                    yield f"{spot.path}.{name}.file", said.file
    for index, queue in enumerate(company.queues):
        for name, said in (("greeting", queue.greeting), ("announcement", queue.announcement)):
            if said and said.file:
                yield f"queues[{index}].{name}.file", said.file
    for index, box in enumerate(company.voicemail_boxes):
        if box.greeting and box.greeting.file:
            yield f"voicemail_boxes[{index}].greeting.file", box.greeting.file


def state(path: Path) -> str:
    """What changes when the file does."""
    stat = path.stat()
    return f"{path.resolve()}:{stat.st_size}:{stat.st_mtime_ns}"
