"""Answers the webhook of plan.yaml out of vip.csv, which may be edited while this runs."""

import csv
import sys
from pathlib import Path
from wsgiref.simple_server import make_server

from belplan.receiver import Receiver

LIST = Path(__file__).with_name("vip.csv")

receiver = Receiver()


@receiver.on_call
def who(call):
    with LIST.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if digits(row["number"]) == call.caller_number != "":
                return {"name": row["name"], "colleague": row["colleague"]}
    return {}


def digits(number):
    """06 1234 5678 and +31 6 1234 5678 as the exchange writes them: 31612345678."""
    only = "".join(letter for letter in number if letter.isdigit())
    if number.strip().startswith("+"):
        return only
    return only[2:] if only.startswith("00") else "31" + only[1:] if only.startswith("0") else only


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8090
    make_server("127.0.0.1", port, receiver.wsgi).serve_forever()
