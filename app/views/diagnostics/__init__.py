"""Page: whether the predictions of a run hold, and where they fail."""
