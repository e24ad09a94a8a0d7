"""For whoever answers a webhook: what was asked, who asked it, and the answer.

    from belplan.receiver import Receiver

    receiver = Receiver(secret="whsec_…")

    @receiver.on_call
    def answer(call):
        return "openstaand" if call.caller_number in UNPAID else "betaald"

`receiver.asgi` is an ASGI application (Starlette, FastAPI), `receiver.wsgi` a WSGI one (Flask), `receiver.django` a
view. Importing this needs Python's own library and nothing of the exchange.
"""

from belplan.receiver.call import Call, NotACallError
from belplan.receiver.receiver import Receiver, Reply
from belplan.receiver.verify import SignatureError, verify

__all__ = ["Call", "NotACallError", "Receiver", "Reply", "SignatureError", "verify"]
