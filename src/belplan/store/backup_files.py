"""What a back-up holds beside the database: recorded conversations, voicemail, and the companies' memory.

They stay files, copied a piece at a time. What somebody is speaking at that moment is not among them, nor which mails
were still to be sent: the server that goes on has sent them.
"""

import calendar
import os
import re
import shutil
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "files/"
_KEPT = re.compile(
    r"recordings/[0-9a-f]{32}/[0-9a-f-]{36}-[0-9]{1,4}\.wav"
    r"|voicemail/[0-9a-f]{32}/[0-9]{1,6}/[0-9a-f]{32}\.(wav16|json)"
    r"|state\.jsonl"
)
_FIRST = 315_532_800  # seconds since 1970 until 1980, before which a ZIP file has no times


def write(file: zipfile.ZipFile, data: Path) -> int:
    """Add the files of a data folder: how many. One that goes meanwhile is left out. Raises OSError."""
    count = 0
    for name in _names(data):
        path = data / name
        try:
            with path.open("rb") as source:
                # In UTC: what was kept for its days is deleted by this time.
                entry = zipfile.ZipInfo(PREFIX + name, time.gmtime(max(_FIRST, os.fstat(source.fileno()).st_mtime))[:6])
                entry.compress_type = zipfile.ZIP_DEFLATED
                with file.open(entry, "w", force_zip64=True) as target:
                    shutil.copyfileobj(source, target, 1 << 20)
        except FileNotFoundError:
            continue
        count += 1
    return count


def read(file: zipfile.ZipFile, data: Path) -> int:
    """Bring the files of a back-up to a data folder: how many. Raises OSError, BadZipFile."""
    count = 0
    for entry in file.infolist():
        name = entry.filename.removeprefix(PREFIX)
        if name == entry.filename or not _KEPT.fullmatch(name):  # nothing else is ours to write
            continue
        path = data / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.unfinished")
        with (
            file.open(entry) as source,
            os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as target,
        ):
            shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        at = calendar.timegm((*entry.date_time, 0, 0, 0))
        os.utime(new, (at, at))
        new.replace(path)
        count += 1
    return count


def _names(data: Path) -> Iterator[str]:
    """Sounds before what says that there is a message."""
    for pattern in ("recordings/*/*.wav", "voicemail/*/*/*.wav16", "voicemail/*/*/*.json", "state.jsonl"):
        for path in sorted(data.glob(pattern)):
            name = path.relative_to(data).as_posix()
            if _KEPT.fullmatch(name):
                yield name
