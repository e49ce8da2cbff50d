"""What people read of a campaign: one HTML page, a terminal table, a Prefect artifact, a JSON line and a live display.

`model.CampaignReport` is the only input; nothing here computes a statistic or opens a file.
"""
