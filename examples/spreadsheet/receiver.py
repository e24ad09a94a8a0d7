"""Answers the webhook of plan.yaml out of customers.xlsx: pip install openpyxl

The sheet is read again when the file changes, and looked up in memory: a caller waits for no spreadsheet.
"""

import sys
from pathlib import Path
from wsgiref.simple_server import make_server

from openpyxl import Workbook, load_workbook

from belplan.receiver import Receiver

SHEET = Path(__file__).with_name("customers.xlsx")
COLUMNS = ("number", "name", "status")

receiver = Receiver()
loaded = {"at": 0, "status": {}}


@receiver.on_call
def status(call):
    changed = SHEET.stat().st_mtime_ns
    if changed != loaded["at"]:
        rows = load_workbook(SHEET, read_only=True).active.iter_rows(min_row=2, values_only=True)
        loaded["status"] = {str(number): word or "" for number, _, word, *_ in rows if number}
        loaded["at"] = changed
    return loaded["status"].get(call.caller_number, "")


def make_sheet():
    """A sheet to begin with. The number's cells are texts: a spreadsheet would write 31612345678 as 3.16E+10."""
    book = Workbook()
    book.active.append(COLUMNS)
    book.active.append(("31612345678", "Pieter Janssen", "openstaand"))
    book.active.append(("31207654321", "Bakkerij Sanne", "klacht"))
    book.save(SHEET)


if __name__ == "__main__":
    if not SHEET.exists():
        make_sheet()
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8090
    make_server("127.0.0.1", port, receiver.wsgi).serve_forever()
