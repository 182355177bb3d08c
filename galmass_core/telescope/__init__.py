"""Look at the maps of simulated galaxies through a telescope.

`presets` has the instruments, `observing` applies one to the maps of a galaxy, and `views` turns a
galaxy to any line of sight before its maps are made.
"""

from galmass_core.telescope.observing import look
from galmass_core.telescope.presets import TELESCOPES, Camera, Spectrograph, Telescope, telescope
from galmass_core.telescope.views import turned

__all__ = ["TELESCOPES", "Camera", "Spectrograph", "Telescope", "look", "telescope", "turned"]
