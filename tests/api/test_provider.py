"""People sign in with an identity provider: a real one, started by the test, and a browser's cookies."""

import base64
import hashlib
import io
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.oidc.core import OpenIDCode
from oidc_provider_mock import User, run_server_in_thread

from belplan.settings import Provider, SettingError, environment
from tests.api.serving import serving
from tests.asterisk.phones import free_port

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the provider's own use of Authlib

CLAIMS = {
    "anna": {"email": "Anna@example.nl", "email_verified": True},
    "unverified": {"email": "anna@example.nl", "email_verified": False},
    "stranger": {"email": "stranger@example.nl", "email_verified": True},
    "nameless": {},
}


class Asked:
    """What was sent to the provider's token endpoint."""

    def __init__(self, app) -> None:
        self._app = app
        self.forms: list[dict] = []

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/oauth2/token":
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = io.BytesIO(body)
            self.forms.append(parse_qs(body.decode()))
        return self._app(environ, start_response)


@contextmanager
def installed(folder, **options):
    """A server, and a provider beside it."""
    users = [User(sub=name, claims=claims) for name, claims in CLAIMS.items()]
    with run_server_in_thread(user_claims=users, require_nonce=True) as there:
        there.app = asked = Asked(there.app)
        issuer = f"http://localhost:{there.server_port}"
        port = free_port()
        told = {"provider": Provider(issuer, "belplan", "geheim", "Voorbeeld-ID"), "url": f"http://127.0.0.1:{port}"}
        with serving(folder, http_port=port, **told, **options) as server:
            company = server.company("Een BV")
            yield server, company, asked


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    with installed(tmp_path_factory.mktemp("provider")) as found:
        server, company, _ = found

        async def invite():
            person = await server.parts.people.add("anna@example.nl", "Anna", password=None)
            await server.parts.people.join(person.id, company, "editor")

        server.run(invite())
        yield found


def go(server, browser) -> str:
    answer = browser.get(f"{server.url}/api/v1/session/provider", allow_redirects=False)
    assert answer.status_code == 303
    return answer.headers["Location"]


def consent(at: str, who: str) -> str:
    """Sign in at the provider: where it sends the browser."""
    answer = requests.post(at, data={"sub": who}, allow_redirects=False)
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def sign_in(server, who, browser=None):
    browser = browser or requests.Session()
    answer = browser.get(consent(go(server, browser), who), allow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"], browser.get(f"{server.url}/api/v1/session")


def test_who_was_invited_comes_in_by_their_verified_address(place):
    server, company, asked = place
    ways = requests.get(f"{server.url}/api/v1/session/ways").json()
    assert ways == {"password": True, "provider": "Voorbeeld-ID"}
    browser = requests.Session()
    at = go(server, browser)
    query = {name: values[0] for name, values in parse_qs(urlsplit(at).query).items()}
    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert len(query["state"]) >= 20
    assert len(query["nonce"]) >= 20
    back = consent(at, "anna")
    answer = browser.get(back, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    session = browser.get(f"{server.url}/api/v1/session").json()
    assert [(one["id"], one["role"]) for one in session["companies"]] == [(company, "editor")]
    # The code is of no use to who only saw the redirect: the verifier fits the challenge (RFC 7636 4.6).
    verifier = asked.forms[-1]["code_verifier"][0].encode()
    assert base64.urlsafe_b64encode(hashlib.sha256(verifier).digest()).rstrip(b"=").decode() == query["code_challenge"]
    # And coming back once more leads nowhere.
    again = browser.get(back, allow_redirects=False)
    assert again.headers["Location"] == "/?sign-in=refused"


@pytest.mark.parametrize(("who", "said"), [("unverified", "refused"), ("nameless", "refused"), ("stranger", "unknown")])
def test_nobody_else_does(place, who, said):
    where, session = sign_in(place[0], who)
    assert (where, session.status_code) == (f"/?sign-in={said}", 401)


def test_what_belongs_to_another_browser_is_refused(place):
    server = place[0]
    mine, theirs = requests.Session(), requests.Session()
    go(server, mine)
    planted = consent(go(server, theirs), "anna")
    assert mine.get(planted, allow_redirects=False).headers["Location"] == "/?sign-in=refused"
    assert requests.get(planted, allow_redirects=False).headers["Location"] == "/?sign-in=refused"
    denied = f"{server.url}/api/v1/session/provider/callback?error=access_denied&error_description=%0Ano"
    assert mine.get(denied, allow_redirects=False).headers["Location"] == "/?sign-in=refused"


def other_audience(audience):
    claims = OpenIDCode.get_compatible_claims
    return lambda self, request: claims(self, request) | {"aud": audience}


@pytest.mark.parametrize("changed", [{"iss": "https://evil.example"}, {"exp": -1000}, {"aud": ["other"]}])
def test_a_token_for_somebody_else_or_of_another_time_is_refused(place, monkeypatch, changed):
    encode = OpenIDCode.process_token

    def altered(self, grant, response):
        config = self.get_jwt_config
        monkeypatch.setattr(self, "get_jwt_config", lambda grant, client=None: {**config(grant), **changed})
        return encode(self, grant, response)

    if "aud" in changed:
        monkeypatch.setattr(OpenIDCode, "get_compatible_claims", other_audience(changed["aud"]), raising=True)
    monkeypatch.setattr(OpenIDCode, "process_token", altered)
    where, session = sign_in(place[0], "anna")
    assert (where, session.status_code) == ("/?sign-in=refused", 401)


def test_a_provider_that_is_away_is_said(tmp_path):
    provider = Provider("http://localhost:9", "belplan", "", "x")
    with serving(tmp_path, provider=provider) as server:
        assert go(server, requests) == "/?sign-in=away"


def test_without_passwords_nobody_comes_in_by_one(tmp_path):
    with installed(tmp_path, passwords=False) as (server, _, _):

        async def add():
            await server.parts.people.add("anna@example.nl", "Anna", password="a long password")

        server.run(add())
        for path, body in (
            ("/session", {"email": "anna@example.nl", "password": "a long password"}),
            ("/reset", {"email": "anna@example.nl"}),
            ("/links", {"token": "x", "password": "another long one"}),
        ):
            answer = server.somebody()("POST", path, body)
            assert (answer.status_code, answer.json()["type"]) == (403, "/problems/no-passwords")
        assert sign_in(server, "anna")[0] == "/"


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"BELPLAN_OIDC_ISSUER": "http://login.example.nl"}, "BELPLAN_OIDC_ISSUER"),
        ({"BELPLAN_OIDC_ISSUER": "http://localhost@evil.example"}, "BELPLAN_OIDC_ISSUER"),
        ({"BELPLAN_OIDC_ISSUER": "https://login.example.nl"}, "BELPLAN_OIDC_CLIENT_ID"),
        ({"BELPLAN_OIDC_ISSUER": "https://login.example.nl", "BELPLAN_OIDC_CLIENT_ID": "b"}, "BELPLAN_URL"),
        ({"BELPLAN_PASSWORDS": "off"}, "BELPLAN_PASSWORDS"),
    ],
)
def test_settings_that_cannot_be_used_are_said(variables, name):
    with pytest.raises(SettingError, match=name):
        environment(variables)
