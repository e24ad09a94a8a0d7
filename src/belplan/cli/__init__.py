"""The command line. What each command prints with --json, and how it exits, others rely on."""

import sys

from cyclopts import App

from belplan import __version__
from belplan.cli import exchange, output, plans, scenarios

app = App(name="belplan", version=__version__, help="An open dial-plan server.", help_format="plaintext")
app.command(plans.check)
app.command(plans.call)
app.command(plans.webhook)
app.command(scenarios.test)
app.command(exchange.serve)
app.command(exchange.demo)
app.command(exchange.pbx)


def main() -> None:
    """The console script."""
    output.log_to_stderr()
    sys.exit(app())
