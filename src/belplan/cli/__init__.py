"""The command line. What each command prints with --json, and how it exits, others rely on."""

import os
import sys

from cyclopts import App

from belplan import __version__
from belplan.cli import output

app = App(name="belplan", version=__version__, help="An open dial-plan server.", help_format="plaintext")
# By name, so that a command imports only what it needs; what --help says of each stands here for the same reason.
COMMANDS = {
    "plans:check": "Say everything that is wrong with a plan file.",
    "plans:call": "Walk one call through a plan, without a telephone.",
    "webhooks:webhook": "Try a webhook, be the server that it asks, or grade that server.",
    "knowing:why": "Say in one sentence why each of some recorded calls went where it went.",
    "knowing:scenario": "Write a scenario file from recorded calls.",
    "knowing:replay": "Walk recorded calls through a plan, and say what changed for whom.",
    "knowing:drill": "Say what callers meet with a webhook's server down, slow or answering rubbish.",
    "knowing:answers": "Say what webhooks have answered, what has no branch, and which timeout fits.",
    "knowing:prove": "Look at every way through a plan: who can be rung and when, what goes wrong, which rules hold.",
    "knowing:register": "Say which data of callers a plan sends where.",
    "scenarios:test": "Run scenario files, or all *.scenario.yaml in folders: offline, in virtual time.",
    "publishing:publish": "Publish a company's draft on a running server, for all callers or some of them first.",
    "publishing:shadow": "A draft that walks beside the live version of a running server.",
    "publishing:rollout": "A version that some of the callers have first.",
    "exchange:serve": "Run the server, Asterisk included, until SIGTERM or Ctrl-C.",
    "operator:user": "The people who sign in to a server.",
    "operator:company": "The companies of a server.",
    "operator:token": "Access for programs.",
    "operator:backup": "Write all that a server keeps to a file.",
    "operator:restore": "Fill an empty server from a back-up.",
    "operator:db": "The database of a server.",
    "exchange:demo": "Run everything on this machine: exchange, sample company, sample CRM, and real calls.",
    "importing:import_": "Make a plan out of what another exchange has: extensions.conf, FreePBX, a table.",
    "exchange:pbx": "The private Asterisk.",
}
for place, does in COMMANDS.items():
    app.command(f"belplan.cli.{place}", help=does)
app.register_install_completion_command()


def main() -> None:
    """The console script."""
    output.log_to_stderr()
    try:
        code = app()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has read enough (`| head`). Python would still want to write what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)  # as shells report SIGPIPE
    sys.exit(code)
