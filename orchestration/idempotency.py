"""What a flow run must remember when its body runs again: after a suspension, a retry or a crash.

It is kept with the run on the server, as inputs of the run, so that any process that takes the run up finds it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from prefect.exceptions import PrefectHTTPStatusError
from prefect.input.actions import acreate_flow_run_input, aread_flow_run_input


async def first_time(key: str) -> bool:
    """Whether the current run comes to `key` for the first time, counting what it did before it was taken up again."""
    return (await first_said(key, True))[1]


async def first_said(key: str, value: Any) -> tuple[Any, bool]:
    """What the current run said first under `key` (plain JSON; small letters and dashes), and whether that was now."""
    try:
        await acreate_flow_run_input(key=key, value=value)
    except PrefectHTTPStatusError as error:
        if error.response.status_code != HTTPStatus.CONFLICT:
            raise
        return await aread_flow_run_input(key), False
    return value, True
