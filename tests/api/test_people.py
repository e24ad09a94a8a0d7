"""Who may come in, how, and for how long."""

import pytest
from pyotp.totp import TOTP
from sqlalchemy import update

from belplan.api.problems import ApiError
from belplan.api.signing_in import PER_CLIENT, Attempts
from belplan.store import tables
from tests.api.serving import PASSWORD, serving


def test_the_first_administrator_comes_by_a_link_that_is_good_once(tmp_path):
    with serving(tmp_path) as server:
        browser = server.somebody()
        assert browser("GET", "/setup").json() == {"needed": True}
        token = server.run(server.parts.people.link("setup"))
        first = {
            "token": token,
            "name": "Anna",
            "email": "anna@example.nl",
            "password": PASSWORD,
            "company": {"name": "Voorbeeld BV"},
            "sample": "demo",
        }
        assert browser("POST", "/setup", first | {"token": "guessed"}).status_code == 403
        assert browser("POST", "/setup", first | {"company": {"name": "x", "timezone": "No/Where"}}).status_code == 422
        made = browser("POST", "/setup", first)
        assert made.status_code == 201, made.text
        browser.headers["X-CSRF-Token"] = made.json()["csrf"]
        company = made.json()["companies"][0]["id"]
        found = browser("GET", f"/companies/{company}/draft").json()
        assert found["problems"] == [], "the sample can be published as it is"
        assert browser("POST", f"/companies/{company}/versions", {}).status_code == 201
        assert browser("GET", "/setup").json() == {"needed": False}
        assert browser("POST", "/setup", first).status_code == 403


def test_a_session_ends_with_the_password_the_membership_and_the_person(server, company, member):
    editor = member("editor")
    me = editor("GET", "/session").json()["user"]["id"]
    assert editor("GET", f"/companies/{company}/draft").status_code == 200
    server.run(server.parts.people.leave(me, company))
    assert editor("GET", f"/companies/{company}/draft").status_code == 404
    server.run(server.parts.people.set_password(me, "another password"))
    assert editor("GET", "/session").status_code == 401
    assert editor.sign_in(me).status_code == 401


def test_signing_in_makes_a_new_session_and_signing_out_ends_it(server, member):
    editor = member("editor")
    email = editor("GET", "/session").json()["user"]["email"]
    before = editor.http.cookies["belplan"]
    editor.sign_in(email)
    after = editor.http.cookies["belplan"]
    assert before != after
    assert editor("DELETE", "/session").status_code == 204
    editor.http.cookies.set("belplan", after)
    assert editor("GET", "/session").status_code == 401


def test_a_write_needs_the_pages_own_token_and_its_own_site(server, company, member):
    editor = member("editor")
    check = ("POST", f"/companies/{company}/check", {"plan": {}})
    assert editor(*check).status_code == 200
    assert editor(*check, **{"X-CSRF-Token": "x"}).json()["type"] == "/problems/csrf"
    assert editor(*check, Origin="https://evil.example").json()["type"] == "/problems/origin"
    assert editor(*check, **{"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert editor(*check, Origin=server.url).status_code == 200


def test_a_token_does_what_its_scopes_say_until_it_is_revoked(server, company, member):
    administrator = member("administrator")
    made = administrator("POST", f"/companies/{company}/tokens", {"name": "crm", "scopes": ["read"]}).json()
    program = server.somebody(Authorization=f"Bearer {made['text']}")
    assert program("GET", f"/companies/{company}/draft").status_code == 200
    assert program("POST", f"/companies/{company}/versions", {}).status_code == 403
    assert made["text"] not in administrator("GET", f"/companies/{company}/tokens").text
    assert administrator("DELETE", f"/companies/{company}/tokens/{made['id']}").status_code == 204
    assert program("GET", f"/companies/{company}/draft").status_code == 401


def test_wrong_passwords_are_slowed_down_and_the_right_one_elsewhere_is_not(server, company, member):
    editor = member("editor")
    email = editor("GET", "/session").json()["user"]["email"]
    stranger = server.somebody()
    statuses = [stranger.sign_in(email, "wrong password").status_code for _ in range(11)]
    assert statuses[:10] == [401] * 10
    assert statuses[10] == 429
    assert editor("GET", "/session").status_code == 200


def test_somebody_is_invited_chooses_a_password_and_comes_in(server, company, member):
    administrator = member("administrator")
    asked = {"email": "Nieuw@Example.nl", "name": "Nieuw", "role": "agent", "extension": "201"}
    invited = administrator("POST", f"/companies/{company}/people", asked)
    assert invited.status_code == 201, invited.text
    assert administrator("POST", f"/companies/{company}/people", asked).status_code == 409
    token = invited.json()["link"].split("#")[1]
    newcomer = server.somebody()
    assert newcomer.sign_in("nieuw@example.nl").status_code == 401
    chosen = {"token": token, "password": PASSWORD}
    assert newcomer("POST", "/links", chosen | {"token": "guessed"}).status_code == 403
    assert newcomer("POST", "/links", chosen).status_code == 204
    assert newcomer("POST", "/links", chosen).status_code == 403
    assert newcomer.sign_in("nieuw@example.nl").json()["companies"][0]["role"] == "agent"
    reset = administrator("POST", f"/companies/{company}/people/{invited.json()['id']}/reset").json()
    assert newcomer("POST", "/links", {"token": reset["link"].split("#")[1], "password": "x" * 12}).status_code == 204
    assert newcomer("GET", "/session").status_code == 401, "a new password ends every session"


def test_who_works_elsewhere_too_cannot_be_taken_over(server, company, member):
    administrator = member("administrator")
    invited = administrator(
        "POST", f"/companies/{company}/people", {"email": "twee@example.nl", "name": "Twee", "role": "agent"}
    ).json()
    server.run(server.parts.people.join(invited["id"], server.company("Ander"), "administrator"))
    assert administrator("POST", f"/companies/{company}/people/{invited['id']}/reset").status_code == 409


def test_a_company_keeps_an_administrator(server, company, member):
    administrator = member("administrator")
    me = administrator("GET", "/session").json()["user"]["id"]
    refused = administrator("PUT", f"/companies/{company}/people/{me}", {"role": "agent"})
    assert refused.json()["type"] == "/problems/last-administrator"
    assert administrator("DELETE", f"/companies/{company}/people/{me}").status_code == 409


def test_a_second_factor_is_asked_for_and_each_code_is_good_once(server, company, member):
    editor = member("editor")
    email = editor("GET", "/session").json()["user"]["email"]
    secret = editor("POST", "/account/second-factor").json()["secret"]
    code = TOTP(secret).now()
    assert (
        editor("PUT", "/account/second-factor", {"secret": secret, "code": "000000", "password": PASSWORD}).ok is False
    )
    assert (
        editor("PUT", "/account/second-factor", {"secret": secret, "code": code, "password": "nee"}).status_code == 403
    )
    codes = editor("PUT", "/account/second-factor", {"secret": secret, "code": code, "password": PASSWORD}).json()[
        "codes"
    ]
    again = server.somebody()
    assert again.sign_in(email).json()["type"] == "/problems/code"
    code = TOTP(secret).now()
    assert again.sign_in(email, code=code).status_code == 201
    assert again.sign_in(email, code=code).status_code == 401
    assert len(set(codes)) == 10
    assert again.sign_in(email, code=codes[0].upper()).status_code == 201
    assert again.sign_in(email, code=codes[0]).status_code == 401
    assert editor("GET", "/account/second-factor").json() == {"on": True, "recovery_codes": 9}
    assert editor("POST", "/account/recovery-codes", {"password": "nee"}).status_code == 403
    new = editor("POST", "/account/recovery-codes", {"password": PASSWORD}).json()["codes"]
    assert again.sign_in(email, code=codes[1]).status_code == 401
    assert again.sign_in(email, code=new[1].replace("-", "")).status_code == 201
    assert editor("DELETE", "/account/second-factor", {"password": PASSWORD}).status_code == 204
    assert editor("GET", "/account/second-factor").json() == {"on": False, "recovery_codes": 0}
    assert editor("POST", "/account/recovery-codes", {"password": PASSWORD}).status_code == 409


def test_who_forgot_their_password_is_answered_like_who_was_never_here(server, member):
    editor = member("editor")
    email = editor("GET", "/session").json()["user"]["email"]
    known, unknown = (server.somebody()("POST", "/reset", {"email": one}) for one in (email, "niemand@example.nl"))
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content) == (202, b"")


def test_what_was_done_is_written_down_and_an_altered_line_shows(server, company, member):
    administrator = member("administrator")
    administrator("PUT", f"/companies/{company}/secrets/crm", {"value": "hunter2"})
    listed = administrator("GET", f"/companies/{company}/audit").json()["items"]
    assert (listed[0]["what"], listed[0]["target"]) == ("secret.set", "crm")
    assert "hunter2" not in str(listed)
    operator = server.person("operator@example.nl", operator=True)
    assert operator("GET", "/audit/check").json() == {"whole": True, "broken_at": None}

    async def alter(number, who):
        async def work(connection):
            await connection.execute(update(tables.audit).where(tables.audit.c.number == number).values(who=who))

        await server.parts.database.change(work)

    number, who = listed[0]["number"], listed[0]["who"]
    server.run(alter(number, "somebody else"))
    assert operator("GET", "/audit/check").json()["broken_at"] == number
    server.run(alter(number, who))


def test_entries_are_added_changed_and_not_removed_while_needed(server, company, member):
    editor = member("editor")
    at = f"/companies/{company}/draft"
    put = editor("PUT", f"{at}/users/203", {"entry": {"name": "Carla", "phones": [{"username": "carla"}]}})
    assert put.status_code == 200, put.text
    assert put.json()["entry"]["phones"][0]["password"].startswith("secret:")
    refused = editor("DELETE", f"{at}/users/202")
    assert refused.status_code == 409
    assert refused.json()["problems"][0]["path"] == "ring_groups[0].members[1]"
    assert editor("DELETE", f"{at}/users/203").status_code == 204
    assert editor("DELETE", f"{at}/users/203").status_code == 404
    assert [one["key"] for one in editor("GET", f"{at}/users").json()["items"]] == ["201", "202"]


def test_sixty_colleagues_behind_one_address_may_sign_in():
    attempts = Attempts()
    for n in range(60):
        attempts.admit(f"colleague{n}@example.nl", "192.0.2.1")
        attempts.succeeded(f"colleague{n}@example.nl", "192.0.2.1")
    for n in range(PER_CLIENT):
        attempts.admit(f"guess{n}@example.nl", "192.0.2.1")
    with pytest.raises(ApiError):
        attempts.admit("one-more@example.nl", "192.0.2.1")
