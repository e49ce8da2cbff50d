"""Simulators as processes that speak the simulator contract."""
