"""Words for people: notices, approval pages, artifacts, verdicts."""
