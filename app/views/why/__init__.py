"""Page: what a prediction depends on."""
