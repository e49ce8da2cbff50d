"""Tasks of the study: ask, tell, rank."""
