"""Telling whoever listens how a campaign goes."""


def announce_trial(campaign: str, number: int) -> None:
    pass
