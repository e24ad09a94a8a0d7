"""Does the log get what the page reports, and nothing of what people typed?"""

import structlog.testing

from belplan.api.page_errors import page_of
from tests.api.serving import Server


def test_an_error_of_the_page_is_logged_without_what_people_typed(server: Server):
    client = server.somebody()
    said = {
        "message": "TypeError: Cannot read properties of Pieter Janssen 0612345678",
        "stack": "TypeError: Pieter\n at x (http://127.0.0.1/assets/plan-page-Ab1.js:1:2345)",
        "path": "/c/42f30becd4ea93edd284e059427b5ee0/people/users/201",
    }
    with structlog.testing.capture_logs() as logged:
        assert client("POST", "/page-errors", said).status_code == 204
    assert {"event": "page.failed", "kind": "TypeError", "at": ["plan-page-Ab1.js:1:2345"], "page": "/c/people"} in [
        {name: value for name, value in one.items() if name != "log_level"} for one in logged
    ]
    for _ in range(20):
        assert (
            client("POST", "/page-errors", said).status_code == 204
        )  # too many are dropped, and the page is not to know


def test_a_page_is_named_without_names():
    assert page_of("/c/42f30becd4ea93edd284e059427b5ee0/menus/Jansen%20privé") == "/c/menus"
    assert page_of("/setup") == "/setup"
