"""Files that are written atomically, by one process at a time."""
