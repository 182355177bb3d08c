"""The frame of every page: header, selection, status line."""
