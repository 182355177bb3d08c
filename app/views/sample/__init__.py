"""Page: the whole sample."""
