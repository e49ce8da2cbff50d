"""What a route check means for a release: blocked routes need an override, and a region may require a check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tunegate.domain.errors import Fault
from tunegate.gate.routes.check import Blocked, NotChecked, RouteResult
from tunegate.gate.routes.record import RouteDocument, read_route_check
from tunegate.gate.verdict_document import ArmDigests, UnreadableRecord

_AGAIN = "Tune again: `tunegate retune` checks the routes of its candidate."


@dataclass(frozen=True)
class StoredRouteCheck:
    """The stored route check of a verdict, None where there is none, and whether the region requires one."""

    required: bool
    record: Mapping[str, Any] | None

    @cached_property
    def document(self) -> RouteDocument | None:
        """The check, parsed. Raises UnreadableRecord."""
        return None if self.record is None else read_route_check(self.record)

    @property
    def result(self) -> RouteResult | None:
        """What the check found; None where there is no check, or none that can be read (which `missing_faults` reports)."""
        try:
            return None if self.document is None else self.document.findings.result
        except UnreadableRecord:
            return None


NO_ROUTE_CHECK = StoredRouteCheck(required=False, record=None)


def missing_faults(routes: StoredRouteCheck, verdict: str, digests: ArmDigests, place: str) -> Iterator[Fault]:
    """Why no approval could release the candidate. No override lifts these: there is no finding to overrule."""
    try:
        document = routes.document
    except UnreadableRecord as error:
        yield from error.faults
        return
    required = "routes must be checked before a release, as `routes.required` says"
    if document is None:
        if routes.required:
            yield Fault(required, "a verdict without a route check", place, _AGAIN)
    elif document.verdict != verdict or document.parameter_digests != digests:
        yield Fault("a route check must be of the verdict's own parameters", document.verdict, place, _AGAIN)
    elif isinstance(document.findings.result, NotChecked) and routes.required:
        yield Fault(required, f"not checked: {document.findings.result.reason}", place, _AGAIN)


def blocking_reasons(routes: StoredRouteCheck) -> tuple[str, ...]:
    """Why the routes block; empty when they do not."""
    found = routes.result
    return found.reasons if isinstance(found, Blocked) else ()
