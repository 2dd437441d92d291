"""A form with one file in it, read as it comes: never more of it than is allowed."""

from __future__ import annotations

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_exceptions import HTTPRequestEntityTooLarge

from central.pages.forms import MAX_FIELDS, Form
from runtime.convert import Invalid

MAX_FIELD_BYTES = 8192
MAX_BESIDE = 512 * 1024
"""Of a whole form, beside its file."""
_NO_FORM = (ValueError, AssertionError, LookupError, RuntimeError, HttpProcessingError)
"""What aiohttp raises of a body that is none."""
_WRONG = "that form is not of this page"


async def uploaded(request: web.Request, name: str, most_bytes: int) -> tuple[Form, bytes]:
    """The other fields, and the content of the file field `name` (b"" if no file was chosen).

    The form says enctype="multipart/form-data". Raises Invalid, or HTTPRequestEntityTooLarge
    before more than `most_bytes` of the file are in memory. What the browser calls the file and
    its type is not believed, and not kept.
    """
    if request.content_type != "multipart/form-data":
        raise Invalid([("", _WRONG)])
    if (request.content_length or 0) > most_bytes + MAX_BESIDE:
        raise _too_large(most_bytes)
    fields: dict[str, str] = {}
    content: bytes | None = None
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or not part.name or part.name in fields:
                raise Invalid([("", _WRONG)])
            if part.name == name and content is None:
                content = await _read(part, most_bytes)
            elif part.name == name or part.filename is not None or len(fields) >= MAX_FIELDS:
                raise Invalid([("", _WRONG)])
            else:
                fields[part.name] = (await _read(part, MAX_FIELD_BYTES)).decode()
    except Invalid:
        raise
    except _NO_FORM as error:
        raise Invalid([("", "that is no form")]) from error
    return Form(fields), content or b""


async def _read(part: BodyPartReader, most: int) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk():
        data += chunk
        if len(data) > most:
            raise _too_large(most)
    return bytes(data)


def _too_large(most: int) -> HTTPRequestEntityTooLarge:
    return HTTPRequestEntityTooLarge(max_size=most, actual_size=most + 1)
