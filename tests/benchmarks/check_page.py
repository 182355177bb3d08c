"""What the page of an arriving visitor costs the server, in seconds of CPU, and how large it is.

``python tests/benchmarks/check_page.py 28110``: on copies of the showcase's galaxies, without a
browser and network; the least of several visits after two that warm up.
"""

import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from unittest.mock import patch

import panel as pn
from bokeh.document import Document
from panel.io.location import Location

from galmass_app.page import Page
from galmass_core.benchmarks.visitors import crowded

VISITS = 5
waiting = []  # what a page does once the browser has it


def call_waiting():
    """Do what the page has put off, and what that puts off in turn."""
    while waiting:
        waiting.pop(0)()


def tap(session):
    """Go to a galaxy that nobody has looked at, as a tap does; without what is sent."""
    session.look_at(next(galaxies), "x")
    call_waiting()


def arrive():
    """Make the page of a visitor in the order of a visit; return CPU times [s] and models."""
    pn.extension(respect_explicit_sizing=True)
    pn.state._location = Location(search="")
    times, page, document = {}, None, Document()

    def timed(name, call):
        before = time.thread_time()
        result = call()
        times[name] = time.thread_time() - before
        return result

    with patch.object(Page, "_begin"):  # it comes after the frame
        page = timed("frame", Page)
    timed("frame's models", partial(page.template.server_doc, document))
    timed("maps", page._begin)
    timed("maps, written", document.to_json)
    timed("what is below", call_waiting)
    timed("all, written", document.to_json)
    timed("tap", partial(tap, page.session))
    return {name: round(value, 3) for name, value in times.items()}, len(document.models)


if __name__ == "__main__":
    pn.state.onload = lambda call, threaded=False: waiting.append(call)
    with tempfile.TemporaryDirectory() as folder:
        data = crowded(Path(folder), int(float(sys.argv[1])))
        galaxies = iter(data.galaxy_names[100:])
        os.environ |= {"GALMASS_HOME": folder, "GALMASS_DATA": str(data.path)}
        visits = [arrive() for _ in range(2 + VISITS)][2:]
        for name in visits[0][0]:
            print(f"{name:20}{min(times[name] for times, _ in visits):8.3f} s")
        print(f"{'models':20}{visits[0][1]:8}")
