from __future__ import annotations

from tunegate.domain.parameters import Dimension, Parameters
from tunegate.search.space import Space


def test_probes_come_from_all_over_the_space_and_depend_on_the_seed_alone() -> None:
    space = Space(
        (Dimension("a", "float", 1.0, 1000.0, log=True), Dimension("n", "int", 0, 9)), Parameters({"a": 1.0, "n": 0, "z": 5})
    )
    probes = space.probes(7, 40)
    assert probes == space.probes(7, 40)
    assert probes[:3] == space.probes(7, 3)
    assert probes != space.probes(8, 40)
    assert all(1 <= probe["a"] <= 1000 and probe["n"] in range(10) and probe["z"] == 5 for probe in probes)
    assert 10 <= sum(probe["a"] < 1000**0.5 for probe in probes) <= 30, "on a logarithmic axis half lie below the middle"
