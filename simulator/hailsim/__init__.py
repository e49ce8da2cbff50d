"""hailsim: street-hail taxis on a directed road network, some of which follow a passenger-search recommender."""

__version__ = "0.2.0"
