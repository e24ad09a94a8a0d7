"""Who may come in, how, and for how long."""

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
