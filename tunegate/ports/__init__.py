"""What the flows need of the outside world, as Protocols. One contract suite per port runs over every implementation."""
