"""Commands for whoever writes the server that answers: webhook schema, webhook serve, webhook send."""

import asyncio
import sys
from contextlib import ExitStack
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter
from rich.text import Text

from belplan import settings
from belplan.cli.output import FINE, PROBLEMS, UNREADABLE, Json, fail, out, print_json
from belplan.cli.plans import webhook

if TYPE_CHECKING:
    from belplan.rehearsal.rules import Rule
    from belplan.rehearsal.stand_in import Seen, StandIn

Secret = Annotated[
    tuple[str, ...],
    Parameter(help="Signing secret: whsec_…, a text, or secret:NAME for BELPLAN_SECRET_NAME. May be given twice."),
]


@webhook.command
def schema(
    *,
    openapi: Annotated[bool, Parameter(negative="", help="The OpenAPI description of a whole receiver.")] = False,
) -> int:
    """Print the JSON Schema of what a webhook sends, for programs in any language."""
    from belplan.receiver import schema as written

    print_json(written.openapi() if openapi else written.json_schema())
    return FINE


@webhook.command(name="serve")
def serve_webhook(
    *,
    port: Annotated[int, Parameter(help="Port to listen on; 0 takes a free one.")] = 8090,
    listen: Annotated[str, Parameter(help="Address to listen on.")] = "127.0.0.1",
    answer: Annotated[
        str, Parameter(help="What is answered until something else is typed: TEXT, !503, ~1.5 TEXT.")
    ] = "",
    rules: Annotated[Path | None, Parameter(help="YAML file of answers, each for the requests that it names.")] = None,
    ask: Annotated[
        bool, Parameter(negative="", help="Each request waits for a line that you type, ten seconds at most.")
    ] = False,
    secret: Secret = (),
    record: Annotated[Path | None, Parameter(help="Add what passes to this file, a line of JSON each.")] = None,
    replay: Annotated[Path | None, Parameter(help="Answer as in such a file.")] = None,
) -> int:
    """Be the server that a webhook asks: show each request, and answer what you type or what rules say.

    Runs until Ctrl-C. Exits with 2 when a file cannot be used.
    """
    from belplan.rehearsal import rules as reading
    from belplan.rehearsal import tape
    from belplan.rehearsal.stand_in import StandIn

    with ExitStack() as files:
        try:
            stand_in = StandIn(
                show=_show,
                told=_told,
                rules=reading.read(rules) if rules else (),
                standing=reading.typed(answer),
                secrets=_secrets(secret),
                record=files.enter_context(record.open("a", encoding="utf-8")) if record else None,
                replay=tape.read(replay) if replay else (),
                ask=ask,
                listen=listen,
                port=port,
            )
        except (OSError, UnicodeDecodeError, reading.RulesError, tape.TapeError, settings.SettingError) as error:
            return fail(str(error), UNREADABLE)
        try:
            asyncio.run(_stand_in(stand_in))
        except OSError as error:
            return fail(f"cannot listen on {listen}:{port}: {error.strerror}")
        except KeyboardInterrupt:
            pass
    return FINE


@webhook.command
def send(
    url: str,
    *,
    method: Annotated[Literal["POST", "GET"], Parameter(help="As the plan's webhook has it.")] = "POST",
    caller: Annotated[
        tuple[str, ...],
        Parameter(name="--from", help="Numbers of callers that the receiver knows; may be given twice."),
    ] = ("31612345678",),
    secret: Secret = (),
    timeout: Annotated[float, Parameter(help="Seconds, as the plan's webhook has it: 1 to 10.")] = 2.0,
    replay: Annotated[
        Path | None,
        Parameter(help="Send what `serve --record` wrote, and compare the answers, in place of the checks."),
    ] = None,
    junit: Annotated[Path | None, Parameter(help="Write the grades there too, as JUnit XML.")] = None,
    as_json: Json = False,
) -> int:
    """Play the exchange to a receiver, and grade it: time, size, charset, repeats, signature and more.

    In the URL, {caller_number} and the other call data are filled as in a plan. Exits with 0 when nothing failed.
    """
    from belplan.rehearsal import exchange, grades, tape

    if not 1 <= timeout <= 10:
        return fail("--timeout is 1 to 10 seconds, as in a plan", UNREADABLE)
    try:
        target = exchange.Target(url, method, _secrets(secret), timeout, caller)
        if wrong := exchange.problem(target):
            return fail(wrong, UNREADABLE)
        graded = asyncio.run(grades.compare(target, tape.read(replay)) if replay else grades.grade(target))
        if junit:
            junit.write_text(grades.junit(graded, url), encoding="utf-8")
    except (OSError, UnicodeDecodeError, tape.TapeError, settings.SettingError) as error:
        return fail(str(error), UNREADABLE)
    if as_json:
        print_json(grades.as_json(graded))
    else:
        grades.show(out, graded)
    return FINE if grades.passed(graded) else PROBLEMS


def _secrets(words: tuple[str, ...]) -> tuple[str, ...]:
    from belplan.signing import check_secret

    found: list[str] = []
    for word in words:
        name = word.removeprefix("secret:") if word.startswith("secret:") else None
        value = settings.secret(name) if name else word
        if value is None:
            raise settings.SettingError(f"--secret secret:{name}: BELPLAN_SECRET_{name} is not set")
        if wrong := check_secret(value):
            raise settings.SettingError(f"--secret: {wrong}")
        found.append(value)
    return tuple(found)


async def _stand_in(stand_in: "StandIn") -> None:
    async with stand_in:
        out.print(f"[green]✓[/] http://{stand_in.listen}:{stand_in.port}  any path; Ctrl-C ends it")
        out.print(f"[dim]in a browser: http://127.0.0.1:{stand_in.port}/_belplan/[/]")
        out.print("[dim]type an answer and Enter: openstaand, !503, ~1.5 openstaand (a delay in seconds)[/]")
        loop = asyncio.get_running_loop()
        # A thread of its own, which may be left waiting for a line when everything ends.
        Thread(target=_read_lines, args=(stand_in, loop), daemon=True).start()
        await asyncio.Event().wait()


def _read_lines(stand_in: "StandIn", loop: asyncio.AbstractEventLoop) -> None:
    from belplan.rehearsal.rules import RulesError, typed

    for line in sys.stdin:
        try:
            rule = typed(line)
        except RulesError as error:
            fail(str(error))
            continue
        loop.call_soon_threadsafe(stand_in.type, rule)


def _show(seen: "Seen") -> None:
    out.print(Text.assemble((f"{seen.number:>4} ", "dim"), (seen.method, "bold"), f" {seen.target}"))
    for name, value in seen.fields.items():
        if value:
            out.print(Text.assemble(f"     {name:<22}", (value, "cyan")))
    if seen.problem:
        out.print(Text(f"     {seen.problem}", style="yellow"))
    if seen.signature:
        right = seen.signature == "right"
        out.print(Text(f"     signature: {seen.signature}", style="green" if right else "red"))
    if seen.repeat:
        out.print(Text(f"     a repeat of {seen.webhook_id}: it should do nothing twice", style="yellow"))


def _told(seen: "Seen", rule: "Rule") -> None:
    after = f" after {rule.delay:g} s" if rule.delay else ""
    out.print(Text.assemble((f"{seen.number:>4} ", "dim"), f"← {rule.status} ", (rule.text, "bold"), (after, "dim")))
