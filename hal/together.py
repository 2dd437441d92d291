"""Several uses of one device, side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from hal.ports import DeviceFault


async def together(*uses: Coroutine[Any, Any, None]) -> None:
    """Run them until all have ended, or one faults: then the others are cancelled and its
    DeviceFault is raised bare, as if there had been one use. Anything else comes as a group."""
    try:
        async with asyncio.TaskGroup() as group:
            for use in uses:
                group.create_task(use)
    except BaseExceptionGroup as errors:
        faults, others = errors.split(DeviceFault)
        if faults is None or others is not None:
            raise
        raise _first(faults) from None


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
