"""Answers the webhook of plan.yaml: who has this caller's ticket? Python alone, nothing to install."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TICKETS = {"31207654321": "204"}  # internal number of the agent, by the customer's number


class Receiver(BaseHTTPRequestHandler):
    def do_GET(self):
        number = parse_qs(urlsplit(self.path).query).get("number", [""])[0]
        self.send_response(200)
        self.end_headers()
        self.wfile.write(TICKETS.get(number, "").encode())


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8090
    ThreadingHTTPServer(("127.0.0.1", port), Receiver).serve_forever()
