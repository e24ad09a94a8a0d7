"""Answers webhooks with the kit: python receiver.py 8090"""

import os
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIServer, make_server

from belplan.receiver import Receiver

UNPAID = {"31612345678"}

receiver = Receiver(os.environ["WEBHOOK_SECRET"])


@receiver.on_call
def answer(call):
    return "openstaand" if call.caller_number in UNPAID else ""


class Server(ThreadingMixIn, WSGIServer):
    """One thread for each call. In production, any WSGI or ASGI server does that."""


if __name__ == "__main__":
    make_server("127.0.0.1", int(sys.argv[1]), receiver.wsgi, server_class=Server).serve_forever()
