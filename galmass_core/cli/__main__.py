"""``python -m galmass_core.cli``."""

import sys

from galmass_core.cli import main

sys.exit(main())
