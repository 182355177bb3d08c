"""Page: what a prediction rests on."""
