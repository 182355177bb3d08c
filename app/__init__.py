"""The dashboard: looks at galaxies, holds no physics. Import it as ``galmass_app``."""
