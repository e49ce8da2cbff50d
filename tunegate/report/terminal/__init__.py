"""What a terminal shows: progress and the verdict."""
