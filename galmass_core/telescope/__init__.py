"""Look at the maps of simulated galaxies through a telescope.

`presets` has the instruments, `settings` what can be changed of them, `observing` applies one to
the maps of a galaxy, and `views` turns a galaxy to any line of sight before its maps are made.
"""

from galmass_core.telescope.observing import look
from galmass_core.telescope.presets import TELESCOPES, Camera, Spectrograph, Telescope
from galmass_core.telescope.settings import telescope
from galmass_core.telescope.views import turned

__all__ = ["TELESCOPES", "Camera", "Spectrograph", "Telescope", "look", "telescope", "turned"]
