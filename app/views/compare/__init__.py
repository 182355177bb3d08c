"""Page: what the branches say."""
