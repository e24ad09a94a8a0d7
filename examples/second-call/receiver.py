"""Answers the webhook of plan.yaml: who spoke to this caller last? Python alone, nothing to install.

Your own screens tell it who spoke to whom: POST /spoken {"number": "31612345678", "colleague": "204"}.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SPOKEN = {}  # internal number of the colleague, by the customer's number


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = ""
        if self.path == "/spoken":
            SPOKEN[told["number"]] = told["colleague"]
        else:
            answer = SPOKEN.get(told["caller_number"], "")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(answer.encode())


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8090
    ThreadingHTTPServer(("127.0.0.1", port), Receiver).serve_forever()
