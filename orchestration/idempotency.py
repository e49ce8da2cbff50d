"""What a flow run must remember when its body runs again: after a suspension, a retry or a crash.

It is stored with the run on the server, as inputs of the run, so that any process that continues the run finds it.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from prefect.exceptions import PrefectHTTPStatusError
from prefect.input.actions import acreate_flow_run_input, aread_flow_run_input


async def record_once(key: str, value: Any) -> tuple[Any, bool]:
    """Record a value for the current run; returns the value first recorded under `key`, and whether that was now.

    Values are plain JSON; keys consist of small letters, digits and hyphens.
    """
    try:
        await acreate_flow_run_input(key=key, value=value)
    except PrefectHTTPStatusError as error:
        if error.response.status_code != HTTPStatus.CONFLICT:
            raise
        return await aread_flow_run_input(key), False
    return value, True
