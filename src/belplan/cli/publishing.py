"""Commands that ask a running server, over its API: publish, shadow, rollout.

They act in the company of the token in BELPLAN_TOKEN, which may edit (`belplan token add`).
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, cast

from cyclopts import App, Parameter
from rich.text import Text

from belplan import settings
from belplan.cli.output import FINE, PROBLEMS, UNREADABLE, Json, fail, out, print_json

shadow = App(name="shadow", help="A draft that walks beside the live version of a running server.")
rollout = App(name="rollout", help="A version that some of the callers have first.")

Server = Annotated[str, Parameter(help="Address of the server; BELPLAN_URL, or this machine's port 8080.")]
_USUAL = "http://127.0.0.1:8080"
_LONGEST = 180.0  # seconds; scenarios that must pass are played before the answer comes


class RefusedError(Exception):
    """The server did not do it. `code` is the command's exit code."""

    def __init__(self, message: str, code: int = PROBLEMS) -> None:
        super().__init__(message)
        self.code = code


def publish(
    plan: Annotated[Path | None, Parameter(help="Plan file that becomes the draft first.")] = None,
    *,
    share: Annotated[int, Parameter(help="How many percent of the callers have it at first.")] = 100,
    note: Annotated[str, Parameter(help="What people will want to know of this version later.")] = "",
    server: Server = "",
    as_json: Json = False,
) -> int:
    """Publish the draft of a company on a running server, for all callers or for some of them first.

    Exits with 0, 1 when the server refuses, 2 when it or the file cannot be read.
    """

    async def work(ask: "Ask") -> Any:
        await _import(ask, plan)
        return await ask("POST", "/versions", {"share": share, "note": note})

    def say(version: Any) -> None:
        to = "live" if version["live"] else f"for {version['share']} % of the callers"
        later = "" if version["taken"] else "; the exchange could not be told yet, and will be"
        out.print(f"[green]✓[/] version {version['number']} is {to}{later}")

    return _run(server, work, say, as_json)


@shadow.command(name="begin")
def begin_shadow(
    plan: Annotated[Path | None, Parameter(help="Plan file that becomes the draft first.")] = None,
    *,
    server: Server = "",
    as_json: Json = False,
) -> int:
    """Have every call that ends walked through the draft too, as it is now. Nobody notices."""

    async def work(ask: "Ask") -> Any:
        await _import(ask, plan)
        return await ask("PUT", "/shadow")

    return _run(server, work, _say_shadow, as_json)


@shadow.command(name="show")
def show_shadow(*, server: Server = "", as_json: Json = False) -> int:
    """Say what has come of calls in the shadow by now. Exits with 1 where calls would have gone elsewhere."""

    async def work(ask: "Ask") -> Any:
        return await ask("GET", "/shadow")

    return _run(server, work, _say_shadow, as_json, lambda found: PROBLEMS if found["differ"] else FINE)


@shadow.command(name="end")
def end_shadow(*, server: Server = "") -> int:
    """End the shadow."""

    async def work(ask: "Ask") -> Any:
        return await ask("DELETE", "/shadow")

    return _run(server, work, lambda _: out.print("[green]✓[/] the shadow has ended"))


@rollout.command(name="show")
def show_rollout(*, server: Server = "", as_json: Json = False) -> int:
    """Say who has the last version that went to some first, and how its calls fare. Exits with 1 when taken back."""

    async def work(ask: "Ask") -> Any:
        return await ask("GET", "/rollout")

    return _run(server, work, _say_rollout, as_json, lambda found: PROBLEMS if found["state"] == "back" else FINE)


@rollout.command(name="share")
def share_rollout(
    share: Annotated[int, Parameter(help="How many percent of the callers; 100 is all.")],
    *,
    server: Server = "",
    as_json: Json = False,
) -> int:
    """Let more of the callers have the version, or fewer. With 100 it becomes the live version."""

    async def work(ask: "Ask") -> Any:
        return await ask("PUT", "/rollout", {"share": share})

    return _run(server, work, _say_rollout, as_json)


@rollout.command(name="back")
def back(*, server: Server = "") -> int:
    """Let all callers have the live version again."""

    async def work(ask: "Ask") -> Any:
        return await ask("DELETE", "/rollout")

    return _run(server, work, lambda _: out.print("[green]✓[/] all callers have the live version"))


def _say_shadow(found: Any) -> None:
    if not found["on"]:
        out.print("No draft is walked as a shadow.")
        return
    unknown, skipped = found["unknown"], found["skipped"]
    more = f", {unknown} that the past cannot answer" if unknown else ""
    more += f", {skipped} not looked at" if skipped else ""
    out.print(
        f"{found['calls']} calls since {found['since']}, {found['same']} the same, {found['differ']} differ{more}"
    )
    for name, style in (("changes", "yellow"), ("unanswered", "dim")):
        for one in found[name]:
            out.print(Text.assemble(f"{one['count']:6}  ", (f"{one['was']} → {one['now']}", style)))
            out.print(Text(f"        {one['at']}", "dim"))


def _say_rollout(found: Any) -> None:
    match found["state"]:
        case "none":
            out.print("No version has gone to some of the callers first.")
            return
        case "running":
            said = f"is for {found['share']} % of the callers"
        case "finished":
            said = "went to all callers"
        case _:
            said = f"was taken back: {found['reason']}"
    out.print(f"Version {found['version']} {said}.", markup=False)
    for name, words in (("new", "with it"), ("old", "with the version before")):
        if counted := found[name]:
            out.print(f"  {counted['calls']} calls {words}, {counted['failed']} failed")


class Ask:
    """Asks a server in the name of a token, in the token's company."""

    def __init__(self, http: Any, server: str) -> None:
        self._http = http
        self._server = server
        self._company = ""
        self.etag = ""
        """Of what was asked last."""

    async def __call__(self, method: str, path: str, body: Any = None) -> Any:
        """What the server says, as JSON. `body` is JSON, or a plan file in the place of what was asked last.

        Raises RefusedError.
        """
        if not self._company:
            found = await self._asked("GET", "/companies", None)
            if not found["items"]:
                raise RefusedError("the token in BELPLAN_TOKEN is of no company")
            self._company = found["items"][0]["id"]
        return await self._asked(method, f"/companies/{self._company}{path}", body)

    async def _asked(self, method: str, path: str, body: Any) -> Any:
        sent: dict[str, Any] = {"json": body} if body is not None else {}
        if isinstance(body, bytes):
            sent = {"data": body, "headers": {"Content-Type": "application/yaml", "If-Match": self.etag}}
        async with self._http.request(method, f"{self._server}/api/v1{path}", **sent) as answer:
            if answer.status == 204:
                return None
            said: Any = await answer.json(content_type=None)
            self.etag = answer.headers.get("ETag", "")
            if answer.status >= 400:
                raise RefusedError(_why(said, answer.status))
            return said


def _why(said: Any, status: int) -> str:
    if not isinstance(said, dict):
        return f"the server answered {status}"
    body = cast("dict[str, Any]", said)
    lines = [" ".join(text for text in (body.get("title", ""), body.get("detail", "")) if text)]
    lines += [f"  {one['path']}: {one['message']}" for one in body.get("problems", [])]
    lines += [f"  {one['name']}\n{one.get('ladder', '')}".rstrip() for one in body.get("failed", [])]
    return "\n".join(lines)


async def _import(ask: Ask, plan: Path | None) -> None:
    if plan is None:
        return
    try:
        text = await asyncio.to_thread(plan.read_bytes)
    except OSError as error:
        raise RefusedError(f"{plan} cannot be read: {error.strerror}", UNREADABLE) from None
    await ask("GET", "/draft")  # for its ETag
    await ask("PUT", "/draft/plan.yaml", text)


def _run(
    server: str,
    work: Callable[[Ask], Awaitable[Any]],
    say: Callable[[Any], None],
    as_json: bool = False,
    code: Callable[[Any], int] = lambda _: FINE,
) -> int:
    import aiohttp

    async def run() -> Any:
        token = os.environ.get("BELPLAN_TOKEN", "")
        if not token:
            raise RefusedError("set BELPLAN_TOKEN to a token that may edit: belplan token add makes one", UNREADABLE)
        where = (server or settings.environment().url or _USUAL).rstrip("/")
        timeout = aiohttp.ClientTimeout(total=_LONGEST)
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}, timeout=timeout) as http:
            try:
                return await work(Ask(http, where))
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                raise RefusedError(f"{where} cannot be reached: {error or 'it does not answer'}", UNREADABLE) from None

    try:
        found = asyncio.run(run())
    except RefusedError as refused:
        return fail(str(refused), refused.code)
    except settings.SettingError as error:
        return fail(str(error), UNREADABLE)
    if as_json:
        print_json(found)
    else:
        say(found)
    return code(found)
