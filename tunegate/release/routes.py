"""What a route check means for a release: blocked routes need an override, and where a check is demanded there must be one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tunegate.domain.errors import Fault
from tunegate.gate.routes.check import Blocked, NotChecked, RouteResult
from tunegate.gate.routes.record import ROUTE_RECORD_FORMAT, result_from_document

_AGAIN = "Tune again: `tunegate retune` checks the routes of its candidate."


@dataclass(frozen=True, slots=True)
class StoredRouteCheck:
    """The route check of a verdict as it is kept, None where there is none, and whether the region demands one."""

    required: bool
    document: Mapping[str, Any] | None


NO_ROUTE_CHECK = StoredRouteCheck(required=False, document=None)


def missing_faults(routes: StoredRouteCheck, verdict: str, record: Mapping[str, Any], place: str) -> Iterator[Fault]:
    """Why no answer could release the candidate. An override lifts none: it overrules what was seen, and nothing was seen."""
    document = routes.document
    if document is None:
        if routes.required:
            rule = "routes must be checked before a release, as `routes.required` says"
            yield Fault(rule, "a verdict without a route check", place, _AGAIN)
        return
    if document.get("format") != ROUTE_RECORD_FORMAT:
        rule = f"a route check must have format {ROUTE_RECORD_FORMAT}"
        yield Fault(rule, str(document.get("format")), place, "Approve it with the tunegate that wrote it, or tune again.")
    elif document["verdict"] != verdict or document["parameter_digests"] != record["parameter_digests"]:
        yield Fault("a route check must be of the verdict's own parameters", str(document["verdict"]), place, _AGAIN)
    elif isinstance(found := result(document), NotChecked) and routes.required:
        rule = "routes must be checked before a release, as `routes.required` says"
        yield Fault(rule, f"not checked: {found.reason}", place, _AGAIN)


def blocking_reasons(routes: StoredRouteCheck) -> tuple[str, ...]:
    """Why the routes block; empty when they do not."""
    if routes.document is None:
        return ()
    found = result(routes.document)
    return found.reasons if isinstance(found, Blocked) else ()


def result(document: Mapping[str, Any]) -> RouteResult:
    """The result in a record. Raises ValueError for a kind that is none."""
    return result_from_document(document["findings"]["result"])
