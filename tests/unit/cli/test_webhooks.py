"""Commands for whoever writes the server that answers."""

import json

import pytest

from belplan.cli import app
from belplan.receiver.call import FIELDS


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = app(words, result_action="return_value")
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_schema_has_the_twelve_fields(capsys):
    code, out, _ = run(capsys, "webhook", "schema")
    schema = json.loads(out)
    assert code == 0
    assert tuple(schema["properties"]) == tuple(schema["required"]) == FIELDS
    assert all(one["description"] for one in schema["properties"].values())
    document = json.loads(run(capsys, "webhook", "schema", "--openapi")[1])
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]["/belplan"]) >= {"get", "post"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("send", "127.0.0.1:8090"), "whole URL"),
        (("send", "http://user:x@127.0.0.1/"), "http://user"),
        (("send", "http://127.0.0.1:9/", "--timeout", "11"), "1 to 10"),
        (("send", "http://127.0.0.1:9/", "--secret", "short"), "24"),
        (("send", "http://127.0.0.1:9/", "--secret", "secret:nowhere"), "BELPLAN_SECRET_nowhere is not set"),
        (("send", "http://127.0.0.1:9/", "--replay", "/nowhere"), "/nowhere"),
        (("serve", "--rules", "/nowhere"), "/nowhere"),
        (("serve", "--answer", "!99"), "100 to 599"),
    ],
)
def test_what_cannot_be_used_is_said_and_exits_with_2(capsys, words, said):
    code, _, err = run(capsys, "webhook", *words)
    assert code == 2
    assert said in err


def test_a_receiver_that_is_not_there_fails(capsys):
    code, out, _ = run(capsys, "webhook", "send", "http://127.0.0.1:9/")
    assert code == 1
    assert "Is the receiver running?" in out
