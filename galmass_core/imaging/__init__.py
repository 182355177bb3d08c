"""Project, dim and render the stars of galaxies, and make the four maps."""
