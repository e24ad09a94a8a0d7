"""Commands that take over what another exchange has: import asterisk, freepbx, csv."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from belplan.apps import APPS
from belplan.cli.output import (
    FINE,
    PROBLEMS,
    UNREADABLE,
    Json,
    err,
    fail,
    out,
    print_json,
    print_problems,
    problems_json,
)
from belplan.dialplan.check import read

if TYPE_CHECKING:
    from belplan.migration.draft import Draft

import_ = App(name="import", help="Make a plan out of what another exchange has.", help_format="plaintext")

Output = Annotated[
    Path | None,
    Parameter(name=["--output", "-o"], help="The plan file to write; it must not be there yet. Without: print it."),
]
Company = Annotated[str, Parameter(help="Name of the company.")]
Country = Annotated[str, Parameter(help="How national numbers are read: ISO 3166.")]


@import_.command
def asterisk(
    extensions: Path,
    *,
    context: Annotated[
        tuple[str, ...],
        Parameter(help="Where calls enter; may be given twice. Without: contexts that no other leads to."),
    ] = (),
    voicemail: Annotated[Path | None, Parameter(help="voicemail.conf: names and mail addresses.")] = None,
    queues: Annotated[Path | None, Parameter(help="queues.conf: members and strategies.")] = None,
    company: Company = "Mijn bedrijf",
    country: Country = "NL",
    output: Output = None,
    as_json: Json = False,
) -> int:
    """Take over a plain extensions.conf: Goto, GotoIf, GotoIfTime, CURL(), Dial, Background, Gosub and more.

    Says what could not be carried over. Exits with 0 when the plan can be used, 1 when it has problems, 2 when a file
    cannot be read.
    """
    from belplan.migration.asterisk.importing import Files, draft_of

    def make(text: str) -> "Draft":
        files = Files(text, _text(voicemail) if voicemail else "", _text(queues) if queues else "")
        return draft_of(files, company, country, context)

    return _import(extensions, make, output, as_json)


@import_.command
def freepbx(
    dump: Path,
    *,
    company: Company = "Mijn bedrijf",
    country: Country = "NL",
    output: Output = None,
    as_json: Json = False,
) -> int:
    """Take over FreePBX from a dump of its database (mysqldump asterisk): inbound and dynamic routes, IVRs and more.

    Says what could not be carried over. Exits with 0 when the plan can be used, 1 when it has problems, 2 when the file
    cannot be read.
    """
    from belplan.migration.freepbx.importing import draft_of

    return _import(dump, lambda text: draft_of(text, company, country), output, as_json)


@import_.command
def csv(
    table: Path,
    *,
    company: Company = "Mijn bedrijf",
    country: Country = "NL",
    output: Output = None,
    as_json: Json = False,
) -> int:
    """Make a plan out of a table of numbers: number, name, email, account, members, goes_to.

    Exits with 0 when the plan can be used, 1 when it has problems, 2 when the file cannot be read.
    """
    from belplan.migration.numbers import draft_of

    return _import(table, lambda text: draft_of(text, company, country), output, as_json)


def _text(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # what spreadsheets and old files have


def _import(path: Path, make: "Callable[[str], Draft]", output: Path | None, as_json: bool) -> int:
    from belplan.migration.draft import ImportFileError

    try:
        draft = make(_text(path))
        text = draft.text(path.name)
        company, problems = read(text, APPS)
        if output:
            with output.open("x", encoding="utf-8") as file:
                file.write(text)
    except FileExistsError:
        return fail(f"{output} is there already", UNREADABLE)
    except OSError as error:
        return fail(f"{error.filename} cannot be read or written: {error.strerror}", UNREADABLE)
    except ImportFileError as error:
        return fail(f"{path}: {error}", UNREADABLE)
    if as_json:
        notes = [{"kind": note.kind, "where": note.where, "what": note.what} for note in draft.notes]
        print_json({"plan": draft.document(), "notes": notes} | problems_json(problems))
    else:
        if not output:
            print(text, end="")
        for note in draft.notes:
            err.print(str(note), style={"lost": "red", "changed": "yellow"}.get(note.kind, "dim"), markup=False)
        print_problems(output or path, problems, err)
        if output:
            out.print(f"[green]✓[/] {output}: {len(draft.dial_plans)} dial plans, {len(draft.users)} users")
    return FINE if company else PROBLEMS
