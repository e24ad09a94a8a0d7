"""Answers the webhook of plan.yaml: does this caller have unpaid invoices? Python alone, nothing to install."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

UNPAID = {"31612345678": ["2024-0117"]}  # invoices by the customer's number


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = "openstaand" if UNPAID.get(call["caller_number"]) else "betaald"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer.encode())


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8090
    ThreadingHTTPServer(("127.0.0.1", port), Receiver).serve_forever()
