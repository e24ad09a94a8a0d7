"""The built page: its files, and its one document for every address that is no file."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

_YEAR = "public, max-age=31536000, immutable"


class Page:
    """An application for everything beside the API."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder if folder and (folder / "index.html").is_file() else None
        self._files = StaticFiles(directory=self._folder) if self._folder else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise HTTPException(404)
        await (await self._response(scope))(scope, receive, send)

    async def _response(self, scope: Scope) -> Response:
        path = scope["path"]
        if path.startswith(("/api/", "/health/")) or scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(404 if path.startswith(("/api/", "/health/")) else 405)
        if self._files is None or self._folder is None:
            if path == "/":
                return Response("The page is not built in this installation; the API is at /api/v1.\n", 404)
            raise HTTPException(404)
        try:
            response = await self._files.get_response(self._files.get_path(scope), scope)
        except HTTPException as error:
            # A file that is missing is missing; any other address is the page's own.
            if error.status_code != 404 or "." in path.rsplit("/", 1)[-1]:
                raise
            response = FileResponse(self._folder / "index.html")
        # Built files have their digest in their names; the document names them, so it is always asked for.
        response.headers["Cache-Control"] = _YEAR if path.startswith("/assets/") else "no-cache"
        return response
