"""A receiver as a view of Django."""

import importlib
from typing import TYPE_CHECKING, Any

from belplan.receiver.receiver import MAX_BODY, Reply
from belplan.receiver.wsgi import headers_of, target_of

if TYPE_CHECKING:
    from belplan.receiver.receiver import Receiver


class DjangoView:
    """A receiver as a view of Django, under WSGI and ASGI alike. Django is imported when the first request comes."""

    # The exchange has no form and no cookie: what proves who asks is the signature.
    csrf_exempt = True

    def __init__(self, receiver: "Receiver") -> None:
        self._receiver = receiver

    def __call__(self, request: Any, *_: object, **__: object) -> Any:
        reply = self._reply(request)
        response = importlib.import_module("django.http").HttpResponse(
            reply.body, status=reply.status, content_type=reply.content_type
        )
        if reply.allow:
            response["Allow"] = reply.allow
        return response

    def _reply(self, request: Any) -> Reply:
        if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_BODY:
            return Reply("the body is too large", 413)
        # Under ASGI there is no REQUEST_URI: Django keeps the scope instead.
        scope = getattr(request, "scope", None)
        if scope is None:
            target = target_of(request.META)
        else:
            raw: bytes = scope.get("raw_path") or scope["path"].encode()
            query: bytes = scope.get("query_string", b"")
            target = (raw + b"?" + query if query else raw).decode("latin-1")
        return self._receiver.answer_now(request.method, target, headers_of(request.META), request.body)
