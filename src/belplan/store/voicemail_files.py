"""The files of voicemail boxes: what is where, and each change as one step. Blocks: run it in a thread."""

import json
import os
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from belplan.engine.voicemail.boxes import MOST_TAKES, Draft, Message

_log = structlog.get_logger()


def prepare(folder: Path) -> None:
    """Make the folder, for nobody else to look into."""
    (folder / "drafts").mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def sound(folder: Path, draft: Draft) -> Path:
    """Where the sound of its message is."""
    return folder / draft.company / draft.box / f"{draft.id}.wav16"


def mail_mark(folder: Path, draft: Draft) -> Path:
    """What is there for as long as its mail is to be handed over."""
    return sound(folder, draft).with_suffix(".mail")


def takes(recordings: Path, draft: Draft) -> list[Path]:
    """The takes of a draft, in turn."""
    # Not a look through the folder: the recordings of calls are in it too.
    paths = (recordings / f"{draft.take_name(number)}.wav16" for number in range(1, MOST_TAKES + 1))
    return [path for path in paths if path.exists()]


def write_draft(folder: Path, draft: Draft) -> None:
    _put(folder / "drafts" / f"{draft.id}.json", _plain(draft))


def take_in(folder: Path, draft: Draft, take: Path) -> Path:
    """Move a take to its box. Where it is now."""
    target = sound(folder, draft)
    if not target.parent.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        for made in (target.parent.parent, folder):
            _sync_folder(made)
    if take != target:
        take.replace(target)
    target.chmod(0o600)
    if draft.mail_to:
        mail_mark(folder, draft).touch(0o600)
    _sync_folder(target.parent)
    return target


def write_message(folder: Path, message: Message) -> None:
    facts = {"draft": _plain(message.draft), "seconds": message.seconds, "heard": message.heard}
    _put(sound(folder, message.draft).with_suffix(".json"), facts)


def forget_draft(folder: Path, recordings: Path, draft: Draft) -> None:
    for take in takes(recordings, draft):
        take.unlink(missing_ok=True)
    (folder / "drafts" / f"{draft.id}.json").unlink(missing_ok=True)


def delete(folder: Path, message: Message) -> None:
    path = sound(folder, message.draft)
    for ending in (".json", ".mail", ".wav16"):  # in this order: what has no facts is no message
        path.with_suffix(ending).unlink(missing_ok=True)
    _sync_folder(path.parent)


def read(folder: Path) -> tuple[list[Draft], list[Message]]:
    """Everything that is there. What cannot be read is left where it is, and the log says so."""
    drafts: list[Draft] = []
    messages: list[Message] = []
    for path in sorted(folder.glob("drafts/*.json")):
        try:
            drafts.append(_draft(json.loads(path.read_bytes())))
        except (ValueError, TypeError, KeyError, OSError):
            _log.error("voicemail.unreadable", file=path.name)
    for path in sorted(folder.glob("*/*/*.json")):
        try:
            facts = json.loads(path.read_bytes())
            draft = _draft(facts["draft"])
            message = Message(draft, float(facts["seconds"]), path.with_suffix(".wav16"), bool(facts["heard"]))
        except (ValueError, TypeError, KeyError, OSError):
            _log.error("voicemail.unreadable", file=path.name)
            continue
        if message.sound.exists():
            messages.append(message)
    return drafts, messages


def _plain(draft: Draft) -> dict[str, Any]:
    return asdict(draft) | {"began": draft.began.isoformat()}


def _draft(facts: dict[str, Any]) -> Draft:
    given: dict[str, Any] = dict(facts)
    given["began"] = datetime.fromisoformat(facts["began"])
    given["mail_to"] = tuple(facts["mail_to"])
    return Draft(**given)


def _put(path: Path, facts: dict[str, Any]) -> None:
    """A file that is there whole, or not at all."""
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(facts, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Have the names in it on the disk, too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
