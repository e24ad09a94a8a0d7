"""What an answer says when something is wrong: problem details for HTTP APIs (RFC 9457)."""

from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from belplan.dialplan.problem import Problem, join
from belplan.store.companies import TakenError, UnknownError
from belplan.store.database import DatabaseAwayError

MEDIA_TYPE = "application/problem+json"

_log = structlog.get_logger()


class PlanProblem(BaseModel):
    """What is wrong with a plan, or with a request, and where."""

    path: str
    code: str
    severity: str = "error"
    message: str
    line: int | None = None
    column: int | None = None


class Problems(BaseModel):
    """The body of every answer that is no success."""

    type: str
    """A stable, relative URI that says which problem it is."""
    title: str
    status: int
    detail: str | None = None
    problems: list[PlanProblem] = []
    current: Any = None
    """Where somebody else was first: what is there now."""
    changed: list[str] = []
    """And the paths of what they changed."""
    failed: list[dict[str, Any]] = []
    """Scenarios that fail: id, name, differences, and the ladder of the call."""


class ApiError(Exception):
    """Ends a request with a problem. `kind` is the stable word of its type."""

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str | None = None,
        *,
        problems: Sequence[Problem] = (),
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(title)
        self.headers = headers
        self.body: dict[str, Any] = {"type": f"/problems/{kind}", "title": title, "status": status}
        if detail:
            self.body["detail"] = detail
        if problems:
            self.body["problems"] = [shown(problem).model_dump() for problem in problems]
        self.body |= more


def not_found() -> ApiError:
    """The same for what there is not and for what is somebody else's."""
    return ApiError(404, "not-found", "There is nothing here by that name.")


def shown(problem: Problem) -> PlanProblem:
    """A problem of a plan, as the API says it."""
    return PlanProblem(
        path=problem.path,
        code=problem.code,
        severity=problem.severity,
        message=problem.message,
        line=problem.line or None,
        column=problem.column or None,
    )


def answer(error: ApiError) -> JSONResponse:
    """The response that says it."""
    return JSONResponse(error.body, error.body["status"], error.headers, media_type=MEDIA_TYPE)


WORDS = {
    400: "malformed",
    401: "not-signed-in",
    403: "not-allowed",
    404: "not-found",
    405: "method",
    408: "slow",
    413: "too-large",
}


def install(app: FastAPI) -> None:
    """Have every error of the app answered in this form."""

    @app.exception_handler(ApiError)
    async def _(_: Request, error: ApiError) -> JSONResponse:
        return answer(error)

    @app.exception_handler(UnknownError)
    async def _(_: Request, error: UnknownError) -> JSONResponse:
        return answer(not_found())

    @app.exception_handler(TakenError)
    async def _(_: Request, error: TakenError) -> JSONResponse:
        return answer(ApiError(409, "taken", "There is one already.", str(error)))

    @app.exception_handler(DatabaseAwayError)
    async def _(_: Request, error: DatabaseAwayError) -> JSONResponse:
        _log.warning("database.away", reason=str(error))
        return answer(
            ApiError(
                503,
                "database-away",
                "The database cannot be reached now; calls go on. Try again.",
                headers={"Retry-After": "2"},
            )
        )

    @app.exception_handler(HTTPException)
    async def _(_: Request, error: HTTPException) -> JSONResponse:
        word = WORDS.get(error.status_code, "http")
        found = ApiError(error.status_code, word, str(error.detail), headers=dict(error.headers or {}))
        return answer(not_found() if error.status_code == 404 else found)

    @app.exception_handler(RequestValidationError)
    async def _(_: Request, error: RequestValidationError) -> JSONResponse:
        errors = error.errors()
        if any(one["type"] == "json_invalid" for one in errors):
            return answer(ApiError(400, "malformed", "The body is not JSON."))
        said = [
            Problem(
                join(*one["loc"]), "unknown-field" if one["type"] == "extra_forbidden" else "invalid-value", one["msg"]
            )
            for one in errors
        ]
        return answer(ApiError(422, "invalid", "The request is not in the form that is needed.", problems=said))

    @app.exception_handler(Exception)
    async def _(request: Request, error: Exception) -> JSONResponse:
        path = getattr(request.scope.get("route"), "path", "")  # without ids and numbers
        _log.error("api.failed", method=request.method, path=path, error=repr(error)[:500])
        return answer(ApiError(500, "fault", "A fault of Belplan itself; its log says more."))
