"""The fastest way between two links, for drawing one trip: times of trips themselves come from `hailsim.kernels.ways`."""

from __future__ import annotations

import heapq

from hailsim.model.road import Road


def fastest_way(road: Road, start: int, goal: int) -> tuple[list[int], list[float]]:
    """The links driven from the end of `start` to the end of `goal`, and free-flow seconds to the end of each.

    Both are empty where start and goal are the same link. Raises ValueError when no way leads there.
    """
    best, before, done = {start: 0.0}, dict[int, int](), set[int]()
    queue = [(0.0, start)]
    while queue:
        so_far_s, link = heapq.heappop(queue)
        if link in done:
            continue
        done.add(link)
        if link == goal:
            return _way_back(best, before, start, goal)
        for following, turn in zip(road.successors[link].tolist(), road.turns[link].tolist(), strict=True):
            if following == road.links or following in done:
                continue
            there_s = so_far_s + float(road.turn_s[turn]) + float(road.freeflow_s[following])
            if there_s < best.get(following, float("inf")):
                best[following], before[following] = there_s, link
                heapq.heappush(queue, (there_s, following))
    raise ValueError(f"no way leads from link {start} to link {goal}")


def _way_back(best: dict[int, float], before: dict[int, int], start: int, goal: int) -> tuple[list[int], list[float]]:
    links: list[int] = []
    link = goal
    while link != start:
        links.append(link)
        link = before[link]
    links.reverse()
    return links, [best[each] for each in links]
