"""Page: what a few numbers say about mass."""
