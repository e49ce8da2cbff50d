"""What every store of leases does: one holder at a time, by one clock; what the dead held is free when its time is over."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

LONG_S = 60.0
SHORT_S = 0.3


def expire() -> None:
    time.sleep(SHORT_S + 0.1)


def test_a_name_has_one_holder_until_it_is_released(stores, open_stores):
    other = open_stores().leases
    assert stores.leases.holder("region:toy") is None
    assert stores.leases.acquire("region:toy", "a", LONG_S)
    assert not other.acquire("region:toy", "b", LONG_S)
    assert other.holder("region:toy") == "a"
    stores.leases.release("region:toy", "a")
    assert other.holder("region:toy") is None
    assert other.acquire("region:toy", "b", LONG_S)


def test_a_holder_acquires_again_and_a_stranger_neither_acquires_nor_releases(stores):
    assert stores.leases.acquire("region:toy", "a", LONG_S)
    assert stores.leases.acquire("region:toy", "a", LONG_S)
    assert not stores.leases.acquire("region:toy", "b", LONG_S)
    stores.leases.release("region:toy", "b")
    assert stores.leases.holder("region:toy") == "a"


def test_an_expired_lease_is_free_and_its_holder_cannot_take_it_back_from_the_next(stores):
    assert stores.leases.acquire("trial:toy-1/7", "a", SHORT_S)
    expire()
    assert stores.leases.holder("trial:toy-1/7") is None
    assert stores.leases.live("trial:") == {}
    assert stores.leases.acquire("trial:toy-1/7", "b", LONG_S)
    assert not stores.leases.acquire("trial:toy-1/7", "a", LONG_S)
    assert stores.leases.holder("trial:toy-1/7") == "b"


def test_acquiring_again_counts_from_now(stores):
    assert stores.leases.acquire("extended", "a", SHORT_S)
    assert stores.leases.acquire("extended", "a", LONG_S)
    assert stores.leases.acquire("shortened", "a", LONG_S)
    assert stores.leases.acquire("shortened", "a", SHORT_S)
    expire()
    assert stores.leases.live("") == {"extended": "a"}


def test_live_leases_are_found_by_the_exact_beginning_of_their_names(stores):
    names = ("trial:toy-1/1", "trial:toy-1/2", "trial:toy-10/1", "Trial:toy-1/3", "trial:toy_1/4", "trial:toy%/5", "region:toy")
    for name in names:
        assert stores.leases.acquire(name, f"worker of {name}", LONG_S)
    assert stores.leases.live("trial:toy-1/") == {name: f"worker of {name}" for name in names[:2]}
    assert set(stores.leases.live("trial:toy%")) == {"trial:toy%/5"}
    assert set(stores.leases.live("")) == set(names)


def test_of_many_who_want_a_name_at_once_exactly_one_gets_it(open_stores):
    opened = [open_stores().leases for _ in range(4)]
    together = threading.Barrier(8)

    def take(index: int) -> bool:
        together.wait()
        return opened[index % 4].acquire("region:toy", f"holder-{index}", LONG_S)

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(take, range(8)))
    assert won.count(True) == 1
    assert opened[0].holder("region:toy") == f"holder-{won.index(True)}"


def test_of_many_who_want_an_expired_name_at_once_exactly_one_gets_it(open_stores):
    opened = [open_stores().leases for _ in range(4)]
    assert opened[0].acquire("region:toy", "dead", SHORT_S)
    expire()
    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(lambda index: opened[index % 4].acquire("region:toy", f"holder-{index}", LONG_S), range(8)))
    assert won.count(True) == 1


@pytest.mark.parametrize("ttl_s", [0.0, -1.0])
def test_a_lease_lasts(stores, ttl_s):
    with pytest.raises(ValueError, match="0 < ttl_s"):
        stores.leases.acquire("region:toy", "a", ttl_s)
    assert stores.leases.holder("region:toy") is None
