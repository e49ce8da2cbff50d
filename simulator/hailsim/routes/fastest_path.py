"""The fastest path between two links, for drawing a single trip. Trip times come from `hailsim.kernels.shortest_paths`."""

from __future__ import annotations

import heapq

from hailsim.model.routing_graph import RoutingGraph


def fastest_path(graph: RoutingGraph, start: int, goal: int) -> tuple[list[int], list[float]]:
    """The links from the end of `start` to the end of `goal`, and the free-flow seconds to the end of each.

    Both are empty if start and goal are the same link. Raises ValueError if there is no path.
    """
    best, before, done = {start: 0.0}, dict[int, int](), set[int]()
    queue = [(0.0, start)]
    while queue:
        so_far_s, link = heapq.heappop(queue)
        if link in done:
            continue
        done.add(link)
        if link == goal:
            return _trace_back(best, before, start, goal)
        for following, turn in zip(graph.successors[link].tolist(), graph.turns[link].tolist(), strict=True):
            if following == graph.links or following in done:
                continue
            there_s = so_far_s + float(graph.turn_s[turn]) + float(graph.freeflow_s[following])
            if there_s < best.get(following, float("inf")):
                best[following], before[following] = there_s, link
                heapq.heappush(queue, (there_s, following))
    raise ValueError(f"no path leads from link {start} to link {goal}")


def _trace_back(best: dict[int, float], before: dict[int, int], start: int, goal: int) -> tuple[list[int], list[float]]:
    links: list[int] = []
    link = goal
    while link != start:
        links.append(link)
        link = before[link]
    links.reverse()
    return links, [best[each] for each in links]
