"""Plain frozen types that everything else speaks in; imports nothing of ours."""
