"""Values as HTTP answers: JSON, and problems (RFC 9457) for whatever goes wrong."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from central.http import answers
from central.http.idempotency import Answer
from central.store.database import DatabaseDown
from runtime.convert import Invalid

log = logging.getLogger("wicket.central")

MOST_SAID = 2000
"""Characters: what is wrong with a body may hold all of it."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class TooSlow(TimeoutError):
    """The body of a request did not come in time."""


def json(body: Mapping[str, Any], status: int = 200) -> web.Response:
    kind = "application/json" if status < 400 else "application/problem+json"
    return web.json_response(body, status=status, content_type=kind)


def answered(answer: Answer) -> web.Response:
    return json(answer.body, answer.status)


def problem(status: int, code: str, detail: str) -> web.Response:
    return json(answers.problem(status, code, detail), status)


def log_fault(request: web.Request) -> None:
    """The exception at hand. The route stands there as it is written: a path may hold a secret link
    or a token, and logs are read by many."""
    resource = request.match_info.route.resource
    route = resource.canonical if resource else "(unknown)"
    log.exception("a fault of central in %s %s; please report it", request.method, route)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong is answered as a problem; what is ours to mend is logged too."""
    try:
        return await handler(request)
    except Invalid as invalid:
        said = str(invalid).encode(errors="replace").decode()
        return problem(400, "invalid", said if len(said) <= MOST_SAID else f"{said[:MOST_SAID]}…")
    except web.HTTPException as error:
        answer = problem(error.status, f"http_{error.status}", error.reason)
        answer.headers.update({k: v for k, v in error.headers.items() if k == "Allow"})
        return answer
    except (ConnectionError, web.RequestPayloadError):
        return problem(400, "not_whole", "the request did not come whole")
    except TooSlow:
        return problem(408, "too_slow", "the request took too long to come")
    except DatabaseDown as down:
        log.error("%s", down)
        return problem(503, "database_down", "try again soon")
    except Exception:
        log_fault(request)
        return problem(500, "fault", "a fault of central; its log says more")
