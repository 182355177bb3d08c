"""Fixtures shared by all tests: real galaxies, galaxies of a few stars, and one dashboard."""

import gc
import os
import shutil
import signal
import sys
from contextlib import ExitStack
from functools import cache
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
from demo_folder import write_demo_galaxies
from forks import FORKS
from sample_tables import make_dataset, make_samples, make_simulation
from served import chromium_browser, served, visitors

from galmass_core.assets import asset
from galmass_core.benchmarks.invented import enlarge, make_runs
from galmass_core.datasets.build import build_dataset
from galmass_core.datasets.dataset import open_dataset
from galmass_core.galaxy import (
    BlackHoles,
    Cosmology,
    DarkMatter,
    Galaxy,
    GalaxyName,
    Gas,
    Stars,
)
from galmass_core.transfers.records import run_transfer

FORKED = (  # files of tests that fork: one server of forks does for all
    "test_build.py",
    "test_controls.py",
    "test_kills.py",
    "test_queue.py",
    "test_ranks.py",
    "test_universe.py",
)
LONG = (  # files of tests that take longest, those first that serve a dashboard of their own
    "test_app_train_browser.py",
    "test_app_fetch_browser.py",
    "test_app_framework_browser.py",
    *FORKED,
    "test_app_notebook.py",
    "test_network_runs.py",
    "test_serve.py",
    "test_tables.py",
    "test_fetch.py",
    "test_cluster.py",
)

os.fsync = lambda _: None  # no test looks at what a power failure leaves

# A shell has its background jobs ignore Ctrl-C, and so would the commands that tests stop with it
signal.signal(signal.SIGINT, signal.default_int_handler)
gc.disable()  # while tests are collected: nothing of that is garbage


def pytest_collection_finish():
    """Spare the garbage collector all that was imported: 0.3 s of each search."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items):
    """Begin with the files that take longest, so that all workers end at about the same time."""
    items.sort(key=lambda item: _place(item.path.name))


def _place(file):
    """Return where a file stands among all."""
    if file in LONG:
        return LONG.index(file)
    return -1 if file.endswith("_browser.py") else len(LONG)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give to one worker what shares the only dashboard, and to one what shares the forks."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            name = Path(file).name
            if name in FORKED:
                return "forks"
            return "browser" if name.endswith("_browser.py") and name not in LONG else file

    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.fixture(scope="module", autouse=True)
def workers_at_rest():
    """Let no job of a page outlive the file of its test: it would read what others count."""
    yield
    workers = sys.modules.get("galmass_app.workers")
    for executor in vars(workers).values() if workers else ():
        if isinstance(executor, workers.Executor):
            executor.submit(bool).result(timeout=300)


@pytest.fixture
def own_signals():
    """Restore the handler of SIGTERM after a test, which a command has set."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def session(home_folder, monkeypatch):
    """State of a session of the dashboard on the toys."""
    from galmass_app.state import SessionState

    monkeypatch.setenv("GALMASS_HOME", str(home_folder))
    monkeypatch.setenv("GALMASS_DATA", str(home_folder / "toys"))
    session = SessionState()
    session.settle()
    return session


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real galaxies, beside the project or where $GALMASS_SHARED_DATA says."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("GALMASS_SHARED_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real galaxies at {folder}; set GALMASS_SHARED_DATA")
    return folder


_browsers = ExitStack()  # one browser at most


@cache
def _browser():
    """Start Chromium, and a context whose first page stays open: a new window takes a second."""
    browser = _browsers.enter_context(chromium_browser())
    context = browser.new_context()
    context.new_page()
    return browser, context


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item, nextitem):
    """End Chromium when the next file does not drive it: its event loop would be in the way."""
    if not nextitem or (
        nextitem.path != item.path and not nextitem.path.name.endswith("_browser.py")
    ):
        _browsers.close()
        _browser.cache_clear()


@pytest.fixture(scope="module")
def chromium():
    """Drive the machine's Chromium; tests that need it skip, saying so, where there is none."""
    return _browser()[0]


@pytest.fixture(scope="module")
def browser_context(chromium):
    """Keep the scripts of the dashboard in one cache, and one window, for all files of tests."""
    return _browser()[1]


@pytest.fixture
def open_tab(chromium, browser_context):
    """Open an address as a new visitor; whatever goes wrong in the browser fails the test."""
    with visitors(chromium, browser_context) as open_tab:
        yield open_tab


@pytest.fixture(scope="module")
def open_lasting_tab(chromium, browser_context):
    """Open tabs that stay open for the tests of a file; most tests need no page of their own."""
    with visitors(chromium, browser_context) as open_tab:
        yield open_tab


@pytest.fixture(scope="session")
def home_folder(tmp_path_factory):
    """Home folder with everything that a page can show; tests only read it.

    ``toys`` has the maps of five small galaxies; ``table`` has 100 galaxies and ``learnable`` 200
    without maps; ``many`` has 200 with the maps of the four that ship, and runs about them. There
    is a record of a transfer between two other data sets.
    """
    home = tmp_path_factory.mktemp("home")
    build_dataset([write_demo_galaxies(tmp_path_factory.mktemp("cutouts"))], home / "toys")
    make_dataset(home / "table", make_samples(100).assign(synthetic=True))
    make_dataset(home / "learnable", make_samples(200).assign(synthetic=True))
    shutil.copytree(asset("showcase"), home / "many")
    enlarge(open_dataset(home / "many"), 50)
    make_runs(home, open_dataset(home / "many"), inputs=("r", "2V", "V", "r+2V", "occupancy"))
    elsewhere = tmp_path_factory.mktemp("simulations")
    pair = [make_simulation(elsewhere / name, seed) for seed, name in enumerate(("one", "other"))]
    run_transfer(*pair, "mstar/power-law", path=home / "transfers" / "one-to-other")
    return home


@pytest.fixture
def forked_workers(monkeypatch):
    """Let workers begin with galmass imported, where a test is of what they make."""
    monkeypatch.setattr("galmass_core.parallel.get_context", lambda _: FORKS)


@pytest.fixture(scope="module")
def home_for_stacks(tmp_path_factory):
    """Let stacks of maps be made once for all tests of a file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GALMASS_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="session")
def dashboard(home_folder, tmp_path_factory):
    """Address of one dashboard for all files of browser tests; it opens on ``toys``."""
    with served(home_folder / "toys", tmp_path_factory.mktemp("log")) as address:
        yield address


def make_galaxy(positions, velocities=None, masses=None, *, half_mass_radius=1.0, **changes):
    """Return a galaxy of the given stars; without anything else unless ``changes`` says so.

    Every star shines 1 Lsun in g and in r, is 5 Gyr old and has solar metallicity.
    """
    positions = np.array(positions, dtype=float).reshape(-1, 3)
    count = len(positions)
    none = np.empty(0)
    parts = {
        "name": GalaxyName("synthetic", "toy", "0", "1"),
        "source": "toy",
        "half_mass_radius": half_mass_radius,
        "redshift": 0.0,
        "cosmology": Cosmology(hubble=0.6774, omega_matter=0.3089, omega_lambda=0.6911),
        "stars": Stars(
            positions=positions,
            velocities=np.zeros((count, 3)) if velocities is None else np.array(velocities, float),
            masses=np.ones(count) if masses is None else np.array(masses, float),
            initial_masses=np.ones(count),
            ages=np.full(count, 5.0),
            metallicities=np.full(count, 0.02),
            magnitudes=np.tile([5.11, 4.65], (count, 1)),
        ),
        "gas": Gas(
            positions=np.empty((0, 3)),
            velocities=np.empty((0, 3)),
            masses=none,
            neutral_hydrogen_masses=none,
            metallicities=none,
            star_formation_rates=none,
            smoothing_lengths=none,
        ),
        "dark_matter": DarkMatter(positions=np.empty((0, 3)), masses=none),
        "black_holes": BlackHoles(positions=np.empty((0, 3)), masses=none),
    }
    return Galaxy(**(parts | changes))
