"""What is asked for again and again: an ETag says that nothing has changed since."""

import hashlib
from typing import Any, Final

from fastapi import Request, Response
from pydantic import BaseModel

_TAG: Final = {"description": "Of what was answered.", "schema": {"type": "string"}}
UNCHANGED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"headers": {"ETag": _TAG}},
    304: {
        "description": "Unchanged since the answer whose ETag stands in If-None-Match",
        "headers": {"ETag": _TAG},
    },
}


def polled(request: Request, body: BaseModel) -> Response:
    """Answer with a body and its ETag, or 304 to somebody who has just this."""
    content = body.model_dump_json().encode()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    known = request.headers.get("if-none-match", "")
    if any(one.strip().removeprefix("W/") in {tag, "*"} for one in known.split(",")):
        return Response(None, 304, headers)
    return Response(content, 200, headers, "application/json")
