"""Synthetic regions whose true effects are known: gates as arrays, and as full evidence. Used by tests and benchmarks."""
