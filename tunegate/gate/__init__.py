"""The gate decides whether the candidate is better than what runs in production now, on days that tuning never saw.

Pure: arrays and domain types in, values out. `judge.judge` is the way in, `docs/gate.md` explains every choice.
"""
