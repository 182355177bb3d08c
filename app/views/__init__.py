"""A folder for each page, a small Viewer for each picture; what several pages show lies here."""
