"""A table of numbers, and the command that takes over what others have."""

import json
from pathlib import Path

import pytest

from belplan.apps import APPS
from belplan.cli import app
from belplan.dialplan.check import read
from belplan.migration.draft import ImportFileError
from belplan.migration.numbers import draft_of

TABLE = """Nummer;Naam;E-mail;Toestel;Leden;Doorverbinden
201;Anna de Boer;anna@example.nl;anna;;
202;Bram Visser;;;;
301;Finance;;;201 202;
010-238 00 95;Hoofdnummer;;;;301
010-238 00 96;Fax;;;;
"""


def test_a_table_becomes_a_plan():
    draft = draft_of(TABLE, "Voorbeeld BV", "NL")
    company, problems = read(draft.text("nummers.csv"), APPS)
    assert company, problems
    assert [(user.number, user.name, user.phones[0].username) for user in company.users] == [
        ("201", "Anna de Boer", "anna"), ("202", "Bram Visser", "202"),
    ]  # fmt: skip
    assert company.ring_groups[0].members == ("201", "202")
    assert company.external["31102380095"].route.items[0].app.to == "301"
    assert "0102380096: say where it rings" in str(draft.notes[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "number and name"),
        ("a,b\n", "it has a,b"),
        ("number,name\nx,Anna\n", "line 2: “x” is no number"),
        ("number,name\n201,Anna\n201,Bram\n", "line 3: 201 is there twice"),
        ("number,name,account\n201,Anna,a\n202,Bram,a\n", "line 3: the phone a"),
        ("number,name,members\n301,Finance,299\n", "nobody's number"),
    ],
)
def test_a_table_with_a_mistake_is_refused_with_its_line(text, said):
    with pytest.raises(ImportFileError, match=said):
        draft_of(text, "x", "NL")


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = app([str(word) for word in words], result_action="return_value")
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_command_writes_a_plan_and_says_what_is_missing(capsys, tmp_path):
    table, plan = tmp_path / "nummers.csv", tmp_path / "plan.yaml"
    table.write_bytes(TABLE.replace("Bram", "René").encode("cp1252"))
    code, out, err = run(capsys, "import", "csv", table, "-o", plan, "--company", "Voorbeeld BV")
    assert (code, "2 dial plans, 2 users" in out, "todo: " in err) == (0, True, True)
    assert "René" in plan.read_text()
    assert run(capsys, "import", "csv", table, "-o", plan)[0] == 2
    assert run(capsys, "import", "csv", tmp_path / "nowhere.csv")[0] == 2


@pytest.mark.parametrize(("kind", "file"), [("asterisk", "extensions.conf"), ("freepbx", "freepbx.sql")])
def test_others_are_taken_over_by_command(capsys, kind, file):
    path = Path(__file__).parent / "files" / file
    code, out, _ = run(capsys, "import", kind, path, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["plan"]["dial_plans"]
    assert {note["kind"] for note in document["notes"]} <= {"lost", "changed", "todo"}
    assert run(capsys, "import", kind, path)[1].startswith("# Taken over from")
