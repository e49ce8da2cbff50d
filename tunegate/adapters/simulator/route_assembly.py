"""Putting routes together from checked messages, and refusing what does not answer the request or is no route at all."""

from __future__ import annotations

from itertools import pairwise

from tunegate.adapters.simulator.answer_assembly import check_applied, check_id, trained_last_day
from tunegate.adapters.simulator.messages import BadMessage, Message
from tunegate.domain.routes import Route, RoutesAnswer, RoutesRequest


class RouteAssembly:
    """Collects the routes of one request until `routed`."""

    def __init__(self, request: RoutesRequest) -> None:
        self._request = request
        self._missing = set(request.expected)
        self._found: dict[tuple[int, int], Route] = {}
        self._roads: list[tuple[float, ...]] = []

    def take(self, message: Message) -> RoutesAnswer | None:
        """Take the next message; the whole answer once it is `routed`. Raises BadMessage when it breaks a rule."""
        check_id(message, self._request.id)
        match message["type"]:
            case "routed":
                return self._finish(message)
            case "route":
                self._add(message)
            case "roads" if self._request.roads:
                self._roads += [tuple(map(float, line)) for line in message["lines"]]
                if any(len(line) % 2 for line in self._roads):
                    raise BadMessage("a line of roads must have as many latitudes as longitudes", "an odd number of them")
            case other:
                raise BadMessage("a routes request must be answered by what it asks for and `routed`", other)
        return None

    def _add(self, message: Message) -> None:
        route = _route(message)
        key = (route.hour, route.start)
        where = f"hour {route.hour}, start {route.start}"
        if key in self._found:
            raise BadMessage("each start must be answered once in each hour", f"{where} again")
        if key not in self._missing:
            raise BadMessage("only starts and hours of the request may be answered", where)
        self._missing.remove(key)
        self._found[key] = route

    def _finish(self, message: Message) -> RoutesAnswer:
        if self._missing:
            hour, start = min(self._missing)
            found = f"{len(self._missing)} missing, the first hour {hour}, start {start}"
            raise BadMessage("every start must be answered in every hour before `routed`", found)
        if message["routes"] != len(self._found):
            raise BadMessage("`routed` must count the route lines", f"{message['routes']} said, {len(self._found)} written")
        check_applied(message["parameters"], self._request.parameters)
        return RoutesAnswer(
            routes=tuple(self._found[key] for key in sorted(self._found)),
            hard_turn=message["hard_turn"],
            roads=tuple(self._roads),
            applied_parameters={name: float(value) for name, value in message["parameters"].items()},
            trained_last_day=trained_last_day(message, self._request.history),
            city_digest=message["city_digest"],
            simulator_version=message["simulator"],
            compute_s=float(message["compute_s"]),
        )


def _route(message: Message) -> Route:
    """A checked `route` message as a route. Raises BadMessage when its columns do not belong together."""
    count = len(message["links"])
    for name, length in (("at_s", count + 1), ("lon", count + 1), ("lat", count + 1), ("turns", count), ("length_m", count),
                         ("chance", count)):  # fmt: skip
        if len(message[name]) != length:
            rule = f"`{name}` of a route of {count} links must have {length} entries"
            raise BadMessage(rule, len(message[name]))
    at_s = message["at_s"]
    if at_s[0] != 0 or any(after < before for before, after in pairwise(at_s)):
        raise BadMessage("seconds of a route must begin with 0 and never fall", at_s)
    if any(number >= count for number in message["outside"]):
        raise BadMessage("links outside the service area must be links of the route", message["outside"])
    return Route(
        hour=int(message["hour"]),
        start=int(message["start"]),
        at_s=tuple(at_s),
        lon=tuple(map(float, message["lon"])),
        lat=tuple(map(float, message["lat"])),
        links=tuple(message["links"]),
        turns=message["turns"],
        length_m=tuple(map(float, message["length_m"])),
        chance=tuple(map(float, message["chance"])),
        outside=tuple(message["outside"]),
    )
