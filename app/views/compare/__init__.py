"""Page: predictions of several networks side by side."""
