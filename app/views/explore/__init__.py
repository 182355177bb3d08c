"""Page: one galaxy at a time."""
