"""Turns a Python function that simulates one day into a simulator that tunegate can tune. See the README."""

from tunegate_simulator.city import City, folder_digest
from tunegate_simulator.day import Day, History, Outcome
from tunegate_simulator.declarations import Metric, Parameter, Setting, Unknown
from tunegate_simulator.errors import DeclarationError, Refused, TryAgain, refuse
from tunegate_simulator.routes import Route, RoutesRequest
from tunegate_simulator.simulator import Simulator, simulator
from tunegate_simulator.streams import rng, stream_seed

__version__ = "0.1.0"
__all__ = [
    "City",
    "Day",
    "DeclarationError",
    "History",
    "Metric",
    "Outcome",
    "Parameter",
    "Refused",
    "Route",
    "RoutesRequest",
    "Setting",
    "Simulator",
    "TryAgain",
    "Unknown",
    "folder_digest",
    "refuse",
    "rng",
    "simulator",
    "stream_seed",
]
