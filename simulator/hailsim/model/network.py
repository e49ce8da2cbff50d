"""Build the `Network` of a city from a source's roads, and report everything that was changed or cut."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hailsim.faults import refuse
from hailsim.findings import Finding, counts
from hailsim.model.city import MAX_SUCCESSORS, Network, RoadClass, Turn
from hailsim.model.geometry import Floats, Projection, hilbert_rank, zone_cells
from hailsim.model.linegraph import Turns, find_turns, limit_successors, settle_component
from hailsim.model.raw_network import CleanNetwork, RawNetwork, RepairReport, clean_network, select_links

ZONE_CELL_M = 500.0
# Junction delay regardless of the turn, by class of the incoming link. Zero, because the travel-time factor, fitted to
# observed trips over these free-flow times, already accounts for lights and queues.
JUNCTION_DELAY_S = {RoadClass.LOCAL: 0.0, RoadClass.ARTERIAL: 0.0, RoadClass.EXPRESS: 0.0}
# Free-flow seconds by kind of turn, scaled by traffic like link times. The near-side turn (right for right-hand traffic) does
# not cross the oncoming lane.
STRAIGHT_S, NEAR_SIDE_S, FAR_SIDE_S, U_TURN_S = 0.0, 2.0, 5.0, 12.0


@dataclass(frozen=True, slots=True)
class NetworkReport:
    """What happened to a source's links.

    u_turns_for_reach: U-turns allowed despite another exit, because some link would be unreachable without them.
    turns_dropped: (from link, to link) by the source's own names. reading: what the reader repaired or left out, by kind.
    """

    repairs: RepairReport
    links_kept: int
    links_cut: int
    km_kept: float
    km_cut: float
    share_cut: float
    u_turns: int
    u_turns_for_reach: int
    turns_dropped: tuple[tuple[str, str], ...]
    reading: dict[str, int]

    def as_json(self) -> dict[str, object]:
        """A JSON object of plain values."""
        plain: dict[str, object] = {**asdict(self), "turns_dropped": [list(pair) for pair in self.turns_dropped]}
        if not self.reading:
            del plain["reading"]
        return plain


@dataclass(frozen=True, slots=True)
class BuiltNetwork:
    """The network, its cleaned links in the same order (with geometry, for snapping), the links cut away, and the report.

    `findings`: everything that was repaired or left out while reading and cleaning, with examples.
    """

    network: Network
    cleaned: CleanNetwork
    cut_away: CleanNetwork
    report: NetworkReport
    findings: tuple[Finding, ...]

    @property
    def projection(self) -> Projection:
        """The projection of degrees to the network's metres."""
        return self.cleaned.projection


def turn_seconds(driving_side: Literal["left", "right"]) -> NDArray[np.float32]:
    """float32[5] physical seconds by Turn; the driving side decides whether left or right turns cross traffic."""
    right_s, left_s = (NEAR_SIDE_S, FAR_SIDE_S) if driving_side == "right" else (FAR_SIDE_S, NEAR_SIDE_S)
    seconds = np.zeros(len(Turn), dtype=np.float32)
    seconds[[Turn.STRAIGHT, Turn.RIGHT, Turn.LEFT, Turn.U_TURN]] = STRAIGHT_S, right_s, left_s, U_TURN_S
    return seconds


def build_network(raw: RawNetwork, max_cut_share: float) -> BuiltNetwork:
    """Clean a source's roads, keep their largest strongly connected part, and order its links along a Hilbert curve.

    `max_cut_share` bounds the share of kilometres that may be cut. Raises BadInput for what `clean_network` refuses, a larger
    cut, or a junction with more than four exits each of which is the only way to some link.
    """
    cleaned, repairs, repaired = clean_network(raw)
    if len(cleaned.link_from) == 0:
        raise refuse(
            "a network must have at least one link that is not a loop",
            0,
            "the road network",
            "Give a network with directed links.",
        )
    turns = find_turns(cleaned)
    kept, allowed, u_turns_needed = settle_component(turns, len(cleaned.link_from))
    km_all, km_kept = float(cleaned.length_m.sum()) / 1000.0, float(cleaned.length_m[kept].sum()) / 1000.0
    share_cut = 1.0 - km_kept / km_all
    if not allowed.any():
        rule = "a network must have a strongly connected part"
        raise refuse(
            rule,
            f"none of {len(kept)} links{_left_out(raw)}",
            "the road network",
            "Represent both directions of a two-way street as separate links.",
        )
    if share_cut > max_cut_share:
        raise refuse(
            f"at most {max_cut_share:.0%} of the kilometres may lie outside the largest strongly connected part",
            f"{share_cut:.1%} ({int((~kept).sum())} of {len(kept)} links{_left_out(raw)})",
            "the road network",
            "Correct one-way directions and gaps in the source, or allow a larger cut with --max-cut-share.",
        )
    allowed, dropped = limit_successors(turns, allowed, len(kept))
    _refuse_crowded_junctions(turns, allowed, cleaned, raw)
    names = [raw.link_name[k] for k in cleaned.source_link]
    ordered, successors, turn_kinds = _order(cleaned, turns, kept, allowed)
    report = NetworkReport(
        repairs=repairs,
        links_kept=int(kept.sum()),
        links_cut=int((~kept).sum()),
        km_kept=round(km_kept, 3),
        km_cut=round(km_all - km_kept, 3),
        share_cut=round(share_cut, 6),
        u_turns=int((turn_kinds == Turn.U_TURN).sum()),
        u_turns_for_reach=u_turns_needed,
        turns_dropped=tuple((names[before], names[after]) for before, after in dropped),
        reading=counts(raw.findings),
    )
    network = _network(ordered, successors, turn_kinds)
    return BuiltNetwork(network, ordered, select_links(cleaned, ~kept), report, (*raw.findings, *repaired))


def _left_out(raw: RawNetwork) -> str:
    """What the reader left out or repaired, because it may be why the rest is not connected."""
    found = ", ".join(f"{finding.count} {finding.kind.replace('_', ' ')}" for finding in raw.findings)
    return f"; while reading: {found}" if found else ""


def _refuse_crowded_junctions(turns: Turns, allowed: NDArray[np.bool_], cleaned: CleanNetwork, raw: RawNetwork) -> None:
    exits = np.bincount(turns.before[allowed], minlength=len(cleaned.link_from))
    crowded = np.flatnonzero(exits > MAX_SUCCESSORS)
    if len(crowded):
        names = ", ".join(raw.link_name[cleaned.source_link[k]] for k in crowded[:5])
        raise refuse(
            f"a link may have at most {MAX_SUCCESSORS} exits, not counting exits whose target is reachable otherwise",
            f"{int(exits.max())} exits, each the only one to its link",
            f"link {names}",
            "Split the junction at the end of the link into two.",
        )


def _order(
    cleaned: CleanNetwork, turns: Turns, kept: NDArray[np.bool_], allowed: NDArray[np.bool_]
) -> tuple[CleanNetwork, NDArray[np.int32], NDArray[np.int8]]:
    """The kept links along the Hilbert curve, with successors and turns in the new numbering."""
    middle_x, middle_y = _middles(cleaned)
    order = np.flatnonzero(kept)
    order = order[np.lexsort((order, hilbert_rank(middle_x[order], middle_y[order])))]
    links = len(order)
    new_id = np.full(len(kept), links, dtype=np.int64)
    new_id[order] = np.arange(links)
    before, after = new_id[turns.before[allowed]], new_id[turns.after[allowed]]
    kind, bend = turns.turn[allowed], np.abs(turns.bend_rad[allowed])
    sequence = np.lexsort((after, bend, kind, before))
    before, after, kind = before[sequence], after[sequence], kind[sequence]
    slot = np.arange(len(before)) - np.searchsorted(before, before, side="left")
    successors = np.full((links, MAX_SUCCESSORS), links, dtype=np.int32)
    turn_kinds = np.full((links, MAX_SUCCESSORS), Turn.NONE, dtype=np.int8)
    successors[before, slot] = after
    turn_kinds[before, slot] = kind
    return select_links(cleaned, order), successors, turn_kinds


def _middles(cleaned: CleanNetwork) -> tuple[Floats, Floats]:
    first, last = cleaned.point_start[:-1], cleaned.point_start[1:] - 1
    return (cleaned.point_x_m[first] + cleaned.point_x_m[last]) / 2.0, (
        cleaned.point_y_m[first] + cleaned.point_y_m[last]
    ) / 2.0


def _network(cleaned: CleanNetwork, successors: NDArray[np.int32], turn_kinds: NDArray[np.int8]) -> Network:
    first, last = cleaned.point_start[:-1], cleaned.point_start[1:] - 1
    _, ends = np.unique(np.concatenate([cleaned.link_from, cleaned.link_to]), return_inverse=True)
    links = len(cleaned.link_from)
    delay_s = np.array([JUNCTION_DELAY_S[kind] for kind in RoadClass])[cleaned.road_class]
    return Network(
        link_from=ends[:links].astype(np.int32),
        link_to=ends[links:].astype(np.int32),
        start_x_m=cleaned.point_x_m[first].astype(np.float32),
        start_y_m=cleaned.point_y_m[first].astype(np.float32),
        end_x_m=cleaned.point_x_m[last].astype(np.float32),
        end_y_m=cleaned.point_y_m[last].astype(np.float32),
        length_m=cleaned.length_m.astype(np.float32),
        freeflow_s=(cleaned.length_m / (cleaned.speed_kmh / 3.6) + delay_s).astype(np.float32),
        road_class=cleaned.road_class.astype(np.int8),
        zone=zone_cells(*_middles(cleaned), ZONE_CELL_M),
        successors=successors,
        turns=turn_kinds,
    )
