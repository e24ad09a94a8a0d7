"""One running Asterisk: started, adopted, watched, stopped.

Calls must outlive us: it runs in a session of its own and stays when this process is killed. The next
start finds it by the file `instance.json` and adopts it, if what it runs with is what would be run now.
"""

import asyncio
import base64
import contextlib
import fcntl
import hashlib
import json
import os
import resource
import signal
import subprocess
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import aiohttp
import structlog

from belplan.drivers.asterisk import configuration
from belplan.drivers.asterisk.configuration import RELOADS, ExchangeSettings
from belplan.drivers.asterisk.debian import InstallError
from belplan.drivers.asterisk.program import Program, Report, espeak, find, install, phone

__all__ = ["InstallError", "Pbx", "PbxError", "Program", "Report", "espeak", "find", "install", "phone", "running"]

START = 30.0  # seconds for Asterisk to come up; it takes one, and more on a machine that has other work
HUNG = 30.0  # seconds without an answer, after which a process that runs is taken for one that hangs
ASKED_EVERY = 5.0  # seconds
STOP = 8.0  # seconds from SIGTERM to SIGKILL: half-open websockets hold it up for five

log = structlog.get_logger()


class PbxError(Exception):
    """Asterisk did not start. The message says what its log says."""


@dataclass(frozen=True, slots=True)
class Instance:
    """An Asterisk that was started, as `instance.json` remembers it."""

    pid: int
    born: int  # clock ticks since the machine started: no other process of this number was born then
    fingerprint: str
    version: str
    http_port: int
    sip_port: int


def running(data: Path) -> Instance | None:
    """The Asterisk that runs in a data folder, whoever started it."""
    try:
        instance = Instance(**json.loads((data / "instance.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return instance if _born(instance.pid) == instance.born else None


def _born(pid: int) -> int | None:
    """When a process was started; None where there is none, or only what is left of an ended one."""
    try:
        # proc_pid_stat(5): the name, in parentheses, may hold anything; the state and field 22 come after it.
        after = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if after[0] in "ZX" else int(after[19])


class Pbx:
    """The Asterisk of one data folder."""

    def __init__(self, settings: ExchangeSettings, program: Program) -> None:
        self.settings = settings
        self.program = program
        # Kept: Python would otherwise complain about a child that was let go on purpose.
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Of the running Asterisk; None where there is none."""
        instance = running(self.settings.data)
        return instance.pid if instance else None

    async def start(self, files: Mapping[str, str]) -> set[str]:
        """Run it with these files, or adopt the one that runs already. Returns when it is booted and ARI answers.

        One that runs takes up what changed in the files: their names are returned. One that runs with
        something that cannot be changed any more is ended first, and its calls with it. Raises PbxError.
        """
        async with self._alone():
            fingerprint = self._fingerprint(files)
            instance = running(self.settings.data)
            if instance and instance.fingerprint != fingerprint:
                log.warning("pbx.restart", pid=instance.pid, reason="it runs with other settings")
                await self._end(instance)
                instance = None
            changed = await asyncio.to_thread(self._prepare, files)
            if instance:
                log.info("pbx.adopted", pid=instance.pid, version=instance.version)
                await self._ready(instance)
                for module in sorted({module for name in changed for module in RELOADS.get(name, ())}):
                    await self.cli(f"module reload {module}")
                return changed
            instance = await asyncio.to_thread(self._run, fingerprint)
            try:
                await self._ready(instance)
            except BaseException:
                await asyncio.shield(self._end(instance))
                raise
            log.info("pbx.started", pid=instance.pid, version=instance.version, sip_port=instance.sip_port)
            return set()

    async def configure(self, files: Mapping[str, str]) -> set[str]:
        """Write these files for the running one. The names of those that changed: reload their modules.

        Raises PbxError, and writes nothing, where one of them needs a restart.
        """
        instance = running(self.settings.data)
        if instance and instance.fingerprint != self._fingerprint(files):
            raise PbxError("these settings need a restart of Asterisk")
        return await asyncio.to_thread(configuration.write, files, self.settings.etc)

    async def stop(self) -> None:
        """End it: SIGTERM, and SIGKILL after 8 s. Does nothing where it does not run."""
        async with self._alone():
            if instance := running(self.settings.data):
                await self._end(instance)
                log.info("pbx.stopped", pid=instance.pid)

    async def exited(self) -> None:
        """Wait until it is no longer there, however that came; returns at once where it does not run.

        One that hangs is ended: none of its calls has sound, and nobody can be called.
        """
        if instance := running(self.settings.data):
            gone = asyncio.ensure_future(self._gone(instance))
            try:
                await self._hangs(instance, gone)
                if not gone.done():
                    log.error("pbx.hangs", pid=instance.pid, seconds=HUNG, next="it is ended")
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(instance.pid, signal.SIGKILL)
                    await gone
            finally:
                gone.cancel()

    async def _hangs(self, instance: Instance, gone: "asyncio.Future[None]") -> None:
        """Wait until it is gone, or has not answered for as long as `HUNG`."""
        clock = asyncio.get_running_loop().time
        answered = clock()
        async with self._http() as http:
            while clock() - answered < HUNG and not gone.done():
                await asyncio.wait([gone], timeout=ASKED_EVERY)
                if not gone.done() and await self._answers(http, instance) is not None:
                    answered = clock()

    async def cli(self, command: str) -> str:
        """What the console of the running Asterisk answers."""
        arguments = [*self.program.command, "-C", str(self.settings.etc / "asterisk.conf"), "-rx", command]
        process = await asyncio.create_subprocess_exec(
            *arguments,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(10):
                said, _ = await process.communicate()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        return said.decode(errors="replace")

    def _fingerprint(self, files: Mapping[str, str]) -> str:
        """Of everything that a running Asterisk cannot take up any more: it differs, so it must be restarted."""
        fixed = {name: text for name, text in files.items() if name not in RELOADS}
        # Transports are made once; the rest of the file is reloaded.
        tls = "[tls]" in files["pjsip.conf"]
        fixed["transports"] = repr((self.settings.listen, self.settings.sip_port, self.settings.external, tls))
        fixed["program"] = repr((self.program.command, self.program.version))
        return hashlib.sha256(json.dumps(fixed, sort_keys=True).encode()).hexdigest()

    def _prepare(self, files: Mapping[str, str]) -> set[str]:
        data = self.settings.data
        for folder in ("lib/keys", "log", "spool/recording", "spool/voicemail", "cache"):
            (data / folder).mkdir(parents=True, exist_ok=True)
        run = self.settings.run
        run.mkdir(mode=0o700, parents=True, exist_ok=True)
        if run.stat().st_uid != os.getuid():
            raise PbxError(f"{run} belongs to somebody else; choose a data folder with a shorter path")
        return configuration.write(files, self.settings.etc)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.program.environment}

    def _run(self, fingerprint: str) -> Instance:
        settings, data = self.settings, self.settings.data
        command = [*self.program.command, "-f", "-C", str(self.settings.etc / "asterisk.conf")]
        (data / "log/messages.log").unlink(missing_ok=True)
        with (data / "log/console.log").open("wb") as console:
            self._child = subprocess.Popen(  # noqa: S603 - our own command line
                command,
                cwd=data,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C at our terminal is not for it
                umask=0o077,
            )
        pid = self._child.pid
        # A call takes some ten descriptors; what is allowed by default is enough for a hundred calls.
        with contextlib.suppress(OSError):
            _, most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(65536, most), most))
        born = _born(pid)
        if born is None:
            raise PbxError(self._said("Asterisk ended at once"))
        instance = Instance(pid, born, fingerprint, self.program.version, settings.http_port, settings.sip_port)
        configuration.write({"instance.json": json.dumps(asdict(instance))}, data)
        return instance

    async def _ready(self, instance: Instance) -> None:
        """Wait until ARI answers. Asterisk refuses with 503 until it is fully booted."""
        gone = asyncio.ensure_future(self._gone(instance))
        try:
            async with asyncio.timeout(START), self._http() as http:
                while not gone.done():
                    answer = await self._answers(http, instance)
                    if answer == 200:
                        return
                    if answer == 401:
                        raise PbxError(f"port {instance.http_port} is another Asterisk's; choose another")
                    await asyncio.wait([gone], timeout=0.05)
        except TimeoutError:
            raise PbxError(self._said(f"Asterisk did not come up within {START:.0f} s")) from None
        finally:
            gone.cancel()
        raise PbxError(self._said("Asterisk ended while it started"))

    def _http(self) -> aiohttp.ClientSession:
        login = base64.b64encode(f"{self.settings.ari_user}:{self.settings.ari_password}".encode()).decode()
        headers = {"Authorization": f"Basic {login}"}
        return aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=2))

    async def _answers(self, http: aiohttp.ClientSession, instance: Instance) -> int | None:
        """The status that ARI answers a ping with; None where it says nothing, or what no Asterisk says."""
        # Also where another program has the port and takes its time.
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with http.get(f"http://127.0.0.1:{instance.http_port}/ari/asterisk/ping") as answer:
                if answer.status != 200 or "pong" in await answer.text():
                    return answer.status
        return None

    def _said(self, what: str) -> str:
        lines: list[str] = []
        for name in ("messages.log", "console.log"):
            with contextlib.suppress(OSError):
                text = (self.settings.data / "log" / name).read_text(errors="replace")
                lines += [line for line in text.splitlines() if "ERROR" in line or name == "console.log"][-5:]
        return f"{what}; see {self.settings.data / 'log'}: " + (" | ".join(lines) or "it said nothing")

    async def _end(self, instance: Instance) -> None:
        for number, seconds in ((signal.SIGTERM, STOP), (signal.SIGKILL, 5.0)):
            if _born(instance.pid) != instance.born:
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(instance.pid, number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._gone(instance)
                    break
        (self.settings.data / "instance.json").unlink(missing_ok=True)

    async def _gone(self, instance: Instance) -> None:
        try:
            watched = os.pidfd_open(instance.pid)  # readable when the process ends, also for one that is not our child
        except ProcessLookupError:
            return
        try:
            if _born(instance.pid) != instance.born:
                return
            ended = asyncio.Event()
            loop = asyncio.get_running_loop()
            loop.add_reader(watched, ended.set)
            try:
                await ended.wait()
            finally:
                loop.remove_reader(watched)
        finally:
            os.close(watched)
            if self._child and self._child.pid == instance.pid:
                self._child.poll()

    @asynccontextmanager
    async def _alone(self) -> AsyncGenerator[None]:
        """Starting and stopping is for one process at a time."""
        data = self.settings.data
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (data / ".lock").open("a") as file:
            async with asyncio.timeout(START + STOP + 5):
                while True:
                    try:
                        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        break
                    except BlockingIOError:
                        await asyncio.sleep(0.05)
            yield
