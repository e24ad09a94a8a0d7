"""A receiver in each framework answers the exchange's own client: signed, with letters and signs in its query."""

import asyncio
import json
import sys
import textwrap
from collections.abc import Iterator
from urllib import error, request

import pytest

from belplan.receiver.call import FIELDS
from belplan.webhook import Policy, Request, Webhooks
from tests.receiver.programs import running

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
RECEIVER = f"""
import sys
from belplan.receiver import Receiver

receiver = Receiver(secret="{SECRET}")

@receiver.on_call
def answer(call):
    return "openstaand" if call.caller_number == "31612345678" else call.phonebook_caller_name

@receiver.on_get
def ticket(query):
    return query["naam"]
"""
UVICORN = """
import uvicorn
uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
"""
WSGIREF = """
from wsgiref.simple_server import WSGIRequestHandler, make_server
WSGIRequestHandler.log_message = lambda *_: None
make_server("127.0.0.1", int(sys.argv[1]), app).serve_forever()
"""
DJANGO = """
from django.conf import settings
from django.urls import path

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="x" * 50,
                   MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"])
import django
django.setup()
urlpatterns = [path("belplan/<path:rest>", receiver.django)]
"""

PROGRAMS = {
    "fastapi": "from fastapi import FastAPI\napp = FastAPI()\napp.add_route('/belplan/{rest:path}', receiver.asgi)"
    + UVICORN,
    "starlette": """
from starlette.applications import Starlette
from starlette.routing import Route
app = Starlette(routes=[Route("/belplan/{rest:path}", receiver.asgi)])
"""
    + UVICORN,
    "asgi": "app = receiver.asgi" + UVICORN,
    "flask": """
from flask import Flask
app = Flask(__name__)

@app.route("/belplan/<path:rest>", methods=["GET", "POST"])
def belplan(rest):
    return receiver.wsgi
"""
    + WSGIREF,
    "wsgi": "app = receiver.wsgi" + WSGIREF,
    "django": DJANGO + "from django.core.wsgi import get_wsgi_application\napp = get_wsgi_application()" + WSGIREF,
    "django under ASGI": DJANGO
    + "from django.core.asgi import get_asgi_application\napp = get_asgi_application()"
    + UVICORN,
}


@pytest.fixture(scope="module", params=PROGRAMS)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = tmp_path_factory.mktemp("receiver") / "program.py"
    program.write_text(RECEIVER + textwrap.dedent(PROGRAMS[request.param]))
    with running([sys.executable, str(program)]) as port:
        yield f"http://127.0.0.1:{port}/belplan/x"


def ask(url: str, method: str = "POST", **fields: str):
    body = json.dumps(dict.fromkeys(FIELDS, "") | fields).encode()

    async def send():
        async with Webhooks(Policy(allow_loopback=True)) as webhooks:
            asked = Request("one", method, url, 10, body if method == "POST" else None, secrets=(SECRET,))
            return await webhooks.send(asked)

    return asyncio.run(send())


def test_the_exchange_is_answered(url):
    assert ask(url, caller_number="31612345678").text == "openstaand"
    assert ask(url, phonebook_caller_name="Zoë 🎉").text == "Zoë 🎉"


def test_a_get_is_believed_by_its_path_and_query(url):
    answer = ask(url + "/a%20b/c,d?naam=Zo%C3%AB+%26%20co", "GET")
    assert (answer.status, answer.text) == (200, "Zoë & co")


def test_who_is_not_the_exchange_is_refused(url):
    with pytest.raises(error.HTTPError, match="401"):
        request.urlopen(url, data=b"{}")
