"""Routes of the toy: vacant taxis on an endless grid that turn left the more, the nearer `turn_left_weight` is to some value.

There they go round one block for ever, which finds nobody: every link gives the same small chance.
"""

from __future__ import annotations

LINK_M, LINK_S, CHANCE = 100.0, 20, 0.012
DEGREES = 0.001
AREA = 40  # blocks from the middle; beyond is outside
DIRECTIONS = ((1, 0), (0, 1), (-1, 0), (0, -1))  # counter-clockwise: a left turn is one further
NEAR = 1.5


def toy_routes(request, parameters, uniform, circles_at):
    """The lines of an answer to a routes request."""
    lines = [{"type": "roads", "id": request["id"], "lines": roads()}] if request["roads"] else []
    left = 0.1 + 0.9 * max(0.0, 1.0 - abs(parameters["turn_left_weight"] - circles_at) / NEAR)
    trust = request["chances_by"].get("max_wait_s", 300) / 300
    for hour in request["hours"]:
        for start in range(request["starts"] + len(request["places"])):
            route = one_route(request, hour, start, left, uniform)
            lines.append(route | {"chance": [min(1.0, CHANCE * trust)] * len(route["links"])})
    return lines


def one_route(request, hour, start, left, uniform):
    draws = [request["day"], request["seed"]]
    x, y, heading = (int(20 * uniform("route", *draws, start, axis)) - 10 for axis in "xyh")
    heading %= 4
    count = request["duration_s"] // LINK_S
    points, links, turns, visits = [(x, y)], [], "-", {}
    for number in range(count):
        if number:
            place = (x, y, heading)
            visits[place] = visits.get(place, 0) + 1
            draw = uniform("turn", *draws, hour, start, place, visits[place])
            turn = "L" if draw < left else "R" if draw > 0.9 else "S"
            heading = (heading + {"L": 1, "S": 0, "R": 3}[turn]) % 4
            turns += turn
        links.append(f"{x},{y},{heading}")
        x, y = x + DIRECTIONS[heading][0], y + DIRECTIONS[heading][1]
        points.append((x, y))
    return {
        "type": "route",
        "id": request["id"],
        "hour": hour,
        "start": start,
        "at_s": [LINK_S * number for number in range(count + 1)],
        "lon": [round(DEGREES * point[0], 5) for point in points],
        "lat": [round(DEGREES * point[1], 5) for point in points],
        "links": links,
        "turns": turns,
        "length_m": [LINK_M] * count,
        "outside": [number for number, point in enumerate(points[1:]) if max(map(abs, point)) > AREA],
    }


def roads():
    """A few streets to draw under the routes."""
    reach = 12 * DEGREES
    streets = [round(DEGREES * number, 5) for number in range(-12, 13)]
    return [[-reach, at, reach, at] for at in streets] + [[at, -reach, at, reach] for at in streets]
