"""Files that are whole or not there, written by one process at a time."""
