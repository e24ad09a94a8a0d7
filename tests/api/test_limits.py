"""Who asks too often waits, and a session ends when it should."""

import pytest
from sqlalchemy import text

from belplan.store.people import IDLE, LONGEST
from tests.api.serving import serving


def test_whoever_guesses_has_one_count_whatever_they_show(tmp_path):
    with serving(tmp_path, api_per_minute=40) as server:
        company = server.company("Een BV")
        anna = server.person("anna@example.nl", "editor", company)
        for n in range(18):  # of twenty at once, two of which Anna took to sign in and to be known
            headers = {"Authorization": f"Bearer guess{n}"} if n % 2 else {"Cookie": f"belplan=guess{n}"}
            assert server.somebody()("GET", "/session", **headers).status_code == 401
        assert anna("GET", "/session").status_code == 200
        refused = [server.somebody()("GET", "/session", Authorization=f"Bearer other{n}") for n in range(5)]
        assert refused[-1].status_code == 429
        assert int(refused[-1].headers["Retry-After"]) >= 1
        assert anna("GET", "/session").status_code == 200
        assert server.somebody()("GET", "/health/live").status_code == 200


def test_links_to_a_new_password_are_not_asked_for_without_end(server):
    anybody = server.somebody()
    for email in ("nobody@example.nl", "ronald@example.nl"):
        statuses = [anybody("POST", "/reset", {"email": email}).status_code for _ in range(11)]
        assert statuses == [202] * 10 + [429]
        if email.startswith("nobody"):
            server.person("ronald@example.nl", operator=False)


@pytest.mark.parametrize(("column", "ago"), [("seen", IDLE), ("created", LONGEST)])
def test_a_session_ends_by_itself(server, company, member, column, ago):
    somebody = member("editor")
    assert somebody("GET", "/session").status_code == 200

    def long_ago(by: int):
        async def work(connection):
            await connection.execute(text(f"UPDATE sessions SET {column} = {column} - {by}"))

        server.run(server.parts.database.change(work))

    long_ago(ago - 60_000)
    assert somebody("GET", "/session").status_code == 200
    if column == "seen":  # it was seen now
        long_ago(ago - 60_000)
    long_ago(120_000)
    assert somebody("GET", "/session").status_code == 401
