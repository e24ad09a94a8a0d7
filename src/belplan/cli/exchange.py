"""Commands that carry calls: serve, demo, pbx."""

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from belplan import settings
from belplan.cli.output import FINE, PROBLEMS, UNREADABLE, err, fail, log_to_stderr, out, print_problems
from belplan.dialplan.problem import PlanError

if TYPE_CHECKING:
    from belplan.dialplan.company import Company
    from belplan.drivers.asterisk.pbx import Instance
    from belplan.drivers.asterisk.program import Program
    from belplan.mail.smtp import MailServer
    from belplan.options import Options

pbx = App(name="pbx", help="The private Asterisk.", help_format="plaintext")

Data = Annotated[
    Path | None, Parameter(help="Folder for what must outlive the server; BELPLAN_DATA, or one in the user's home.")
]


def serve(
    plan: Path | None = None,
    *,
    listen: Annotated[str, Parameter(help="Address that phones reach; loopback is this machine only.")] = "127.0.0.1",
    sip_port: Annotated[int, Parameter(help="Port for SIP, over UDP and TCP.")] = 5060,
    http_port: Annotated[
        int, Parameter(help="Port for HTTP; /health/ready answers 200 once calls can be taken.")
    ] = 8080,
    data: Data = None,
    calls: Annotated[bool, Parameter(help="Take calls; without, plans are only written and tried.")] = True,
) -> int:
    """Run the server, Asterisk included, until SIGTERM or Ctrl-C.

    Companies are kept in a database, which the first start makes; it prints a link for the first administrator. With
    PLAN there is one company, whose plan is that file: it is read again whenever it changes. Calls in progress keep the
    plan they began with. An engine that dies has its successor at once, which goes on with the calls; SIGUSR2 loads
    Belplan anew, after an upgrade, in the same way.
    """
    import uvloop

    from belplan import installation
    from belplan.drivers.asterisk.debian import InstallError
    from belplan.drivers.asterisk.pbx import PbxError
    from belplan.engine import fault
    from belplan.options import Options, policy, read_plan
    from belplan.storage import StorageError
    from belplan.store.database import DatabaseAwayError
    from belplan.supervisor import CRASHED, supervise

    company, warnings = None, []
    try:
        environment = settings.environment()
        options = Options(
            plan=plan.resolve() if plan else None,
            data=(data or environment.data).resolve(),
            listen=listen,
            sip_port=sip_port,
            http_port=http_port,
            allowed_networks=environment.allowed_networks,
            webhooks_per_company=environment.webhooks_per_company,
            webhooks_in_all=environment.webhooks_in_all,
            drain=environment.drain,
            mail_server=_mail_server(environment.smtp_url),
            mail_from=environment.mail_from,
            database_url=environment.database_url,
            key_file=environment.key_file,
            url=environment.url,
            provider=environment.provider,
            passwords=environment.passwords,
        )
        if options.plan:
            company, warnings = read_plan(options.plan, policy(options))
        program = _install(with_phones=False) if calls else None
    except PlanError as error:
        print_problems(plan or Path(), error.problems, err)
        return PROBLEMS
    except (OSError, UnicodeDecodeError) as error:
        return fail(f"{plan} cannot be read: {error}", UNREADABLE)
    except (InstallError, PbxError, settings.SettingError) as error:
        return fail(str(error))
    print_problems(plan or Path(), warnings, err)
    log_to_stderr(logging.INFO)

    def engine(life: int) -> int:
        fault.begin(life)
        now = _read_again(options, company) if company and life else company
        try:
            uvloop.run(installation.serve(options, now, program, lambda text: out.print(text, markup=False)))
        except (OSError, PbxError, DatabaseAwayError, settings.SettingError, *StorageError) as error:
            # What keeps the first one from starting is for people; what keeps a later one will pass.
            return CRASHED if fail(str(error)) and life else PROBLEMS
        return FINE

    return supervise(engine)


def _read_again(options: "Options", company: "Company") -> "Company":
    """The plan as it is in its file now; as it was, where that has problems."""
    from belplan.options import policy, read_plan

    try:
        return read_plan(options.plan or Path(), policy(options))[0]
    except (PlanError, OSError, UnicodeDecodeError) as error:
        err.print(f"{options.plan}: {error}; the plan stays as it was", markup=False)
        return company


def demo(
    *,
    once: Annotated[
        bool, Parameter(negative="", help="End after the calls; 0 only if each reached the right phone.")
    ] = False,
) -> int:
    """Run everything on this machine: exchange, sample company, sample CRM, and real calls between real SIP phones."""
    from belplan.demo import run

    return run(once=once)


@pbx.command
def install(
    *,
    with_phones: Annotated[
        bool, Parameter(negative="", help="SIP phones for the tests too: SIPp and baresip.")
    ] = False,
) -> int:
    """Fetch and unpack the private Asterisk, unless the system has one or it is there already."""
    from belplan.drivers.asterisk.debian import InstallError
    from belplan.drivers.asterisk.pbx import PbxError

    try:
        program = _install(with_phones=with_phones)
    except (InstallError, PbxError) as error:
        return fail(str(error))
    whose = "private" if program.private else "the system's own"
    out.print(f"[green]✓[/] Asterisk {program.version}, {whose}")
    return FINE


@pbx.command
def start(*, data: Data = None) -> int:
    """Start an Asterisk without a company, to look at. `belplan serve` starts its own."""
    from belplan.dialplan.company import Company, CompanySettings
    from belplan.drivers.asterisk.configuration import render
    from belplan.drivers.asterisk.debian import InstallError
    from belplan.drivers.asterisk.pbx import Pbx, PbxError
    from belplan.options import Options, exchange_settings, free_port

    try:
        program = _install(with_phones=False)
        options = Options(plan=Path(), data=_pbx_data(data), sip_port=free_port())
        exchange = exchange_settings(options, program)
        nobody = Company(id="0" * 32, settings=CompanySettings(name="pbx"))
        asyncio.run(Pbx(exchange, program).start(render([nobody], exchange, settings.secret).files))
    except (InstallError, PbxError, OSError) as error:
        return fail(str(error))
    return status(data=data)


@pbx.command
def stop(*, data: Data = None) -> int:
    """Stop the Asterisk of a data folder, whoever started it. Its calls end."""
    from belplan.drivers.asterisk.pbx import Pbx
    from belplan.drivers.asterisk.program import find
    from belplan.options import Options, exchange_settings

    folder, program = _pbx_data(data), find()
    if program and _running(folder):
        options = Options(plan=Path(), data=folder)
        asyncio.run(Pbx(exchange_settings(options, program), program).stop())
    return status(data=data)


@pbx.command
def status(*, data: Data = None) -> int:
    """Say whether Asterisk runs in a data folder. Exits with 0 in any case."""
    instance = _running(_pbx_data(data))
    if instance is None:
        out.print("Asterisk does not run")
    else:
        out.print(f"Asterisk {instance.version} runs, process {instance.pid}, SIP on port {instance.sip_port}")
    return FINE


def _running(data: Path) -> "Instance | None":
    from belplan.drivers.asterisk.pbx import running

    return running(data / "asterisk")


def _pbx_data(data: Path | None) -> Path:
    return (data or settings.environment().data).resolve()


def _mail_server(url: str) -> "MailServer | None":
    from belplan.mail.smtp import MailServer

    try:
        return MailServer.from_url(url) if url else None
    except ValueError as error:
        raise settings.SettingError(f"BELPLAN_SMTP_URL: {error}") from None


def _install(*, with_phones: bool) -> "Program":
    """The Asterisk to run. What takes longer than a second is shown. Raises InstallError."""
    from belplan.drivers.asterisk import program

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("Asterisk", total=1.0)

        def report(step: str, done: float) -> None:
            progress.update(task, description=step, completed=done)
            if not err.is_terminal and step != shown[0]:
                shown[0] = step
                err.print(f"· {step}")

        shown = [""]
        return program.install(report, with_phones=with_phones)
