"""Learn galaxy masses from images and stellar kinematics of simulated galaxies.

Particles of a simulated galaxy become four maps and a dozen true masses (Chu et al. 2024,
MNRAS 528, 6354); models learn these masses from the maps.
"""

import os

__version__ = "0.1.0"

# OpenMP threads that spin while they wait slow LightGBM down 10-100 times once torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
