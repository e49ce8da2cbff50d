"""Tasks that open, report and close a campaign."""
