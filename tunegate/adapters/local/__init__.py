"""Adapters on this machine's file system and clock."""
