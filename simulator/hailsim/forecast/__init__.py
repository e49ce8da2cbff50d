"""Forecasts of pickups by zone and half hour: historical statistics and a machine-learned model."""
