"""What a dashboard's server does for a visitor of a large data set, in seconds of CPU.

``python tests/benchmarks/check_million.py 28110 1e6``: each size in a process of its own, on copies
of the showcase's galaxies (see `galmass_core.benchmarks.invented`); without a browser, so that only
the server counts. Datashader is compiled before.
"""

import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import panel as pn
from bokeh.document import Document
from panel.io.location import Location

from galmass_app import services
from galmass_app.page import PAGES, Page
from galmass_app.views.scatter import Sample
from galmass_core.benchmarks.visitors import crowded

LASSO = {"type": "poly", "x": [10, 10.5, 10.5, 10], "y": [9.5, 9.5, 10.5, 10.5]}
VIEWS = {}  # of the newest visitor, by page


def report(task, call):
    """Print what a call costs."""
    before = time.process_time()
    call()
    memory = int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20
    print(f"{task:36}{time.process_time() - before:8.2f} s {memory:8.0f} MB", flush=True)


def remember(kind, key, session):
    """Make the view of a page, and keep it."""
    VIEWS[key] = kind(session)
    return VIEWS[key]


def visit():
    """Make the page of a visitor, with all models that a browser would get."""
    pn.extension(respect_explicit_sizing=True)
    pn.state._location = Location(search="")
    page = Page()
    page._main.get_root(Document())
    return page.session


def turn(session, key):
    """Turn to a page, and wait for its workers."""
    session.page = key
    pull = getattr(VIEWS[key], "pull", bool)
    while pull():
        time.sleep(0.05)


def measure(size):
    """Do what visitors do, one after another."""
    for key, (name, kind) in PAGES.items():
        PAGES[key] = name, partial(remember, kind, key)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GALMASS_HOME"] = folder
        few, data = (crowded(Path(folder), count).path for count in (9000, size))
        os.environ["GALMASS_DATA"] = str(few)
        visit()  # compiles
        os.environ["GALMASS_DATA"] = str(data)
        report("open the data set", partial(services.dataset, data.name))
        report("first visitor", visit)
        report("second visitor", lambda: VIEWS.update(session=visit()))
        session = VIEWS["session"]
        scatter = VIEWS["explore"].views[Sample]
        report("tap a point", partial(scatter.tap, 10.2, 10.0))
        report("next galaxy", partial(session.step, 1))
        report("random galaxy", session.jump)
        report("another x axis", partial(setattr, session, "x", "half_mass_radius"))
        session.x = "log_mstar"
        last = session.data.galaxy_names[-5].rpartition("/")[2]
        report("find an ID", partial(session.show, last))
        report("select by a condition", partial(session.keep, "log_mstar > 11"))
        report("select by a lasso", partial(scatter._boxed, LASSO))
        report("clear the selection", partial(session.keep, ""))
        for key in list(PAGES)[1:]:
            report(f"first visit of {key}", partial(turn, session, key))
        session = visit()
        for key in list(PAGES)[1:]:
            report(f"second visit of {key}", partial(turn, session, key))


if __name__ == "__main__":
    sizes = [int(float(size)) for size in sys.argv[1:]]
    if len(sizes) == 1:
        measure(*sizes)
    for size in sizes if len(sizes) > 1 else ():
        print(f"{size:,} samples", flush=True)
        subprocess.run([sys.executable, __file__, str(size)], check=True)
