"""Page: all galaxies as small pictures, and an embedding of them."""
