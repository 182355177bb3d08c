"""One small Viewer per picture, and one per page."""
