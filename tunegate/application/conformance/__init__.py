"""A conformance test for simulators: every rule of the contract that can be seen from outside, one by one."""

from tunegate.application.conformance.check import check_simulator

__all__ = ["check_simulator"]
