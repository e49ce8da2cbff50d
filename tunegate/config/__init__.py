"""The configuration of a region: read once, checked at once, frozen from then on."""
