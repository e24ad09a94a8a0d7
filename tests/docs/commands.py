"""`belplan …` as it is typed, in this process: starting Python for each command would take most of the time."""

import io
import os
from collections.abc import Mapping, Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import structlog

from belplan.cli import app
from belplan.cli.output import log_to_stderr


def belplan(words: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str, str]:
    """The exit code, and what is printed on standard output and on standard error."""
    said, complained = io.StringIO(), io.StringIO()
    with (
        chdir(folder),
        mock.patch.dict(os.environ, environment, clear=True),
        redirect_stdout(said),
        redirect_stderr(complained),
    ):
        log_to_stderr()
        try:
            code = app(list(words), result_action="return_value")
        except SystemExit as ended:
            code = ended.code
        finally:
            structlog.reset_defaults()
    return int(code or 0), said.getvalue(), complained.getvalue()
