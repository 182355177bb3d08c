"""What a page has to draw, and when: once, in view, and with a sign while it is under way."""

import panel as pn
import pytest

from galmass_app.state import SessionState
from galmass_app.views.deferred_updater import DeferredUpdater
from galmass_app.views.worker_poller import WorkerPoller


@pytest.fixture
def session():
    return SessionState(page="explore")


def test_page_is_drawn_at_once_and_then_what_it_follows(session):
    drawn = []
    DeferredUpdater(session, "explore", drawn.append, ("los", "x"))
    session.los = "x"
    session.colours = "sample"
    session.param.update(los="y", x="sigma_v")
    assert drawn == [{"dataset"}, {"los"}, {"los", "x"}]


def test_page_that_is_not_in_view_waits_until_it_is(session):
    drawn = []
    due = DeferredUpdater(session, "why", drawn.append, ("los", "x"))
    session.los = "x"
    session.x = "sigma_v"
    due.add("runs")
    assert drawn == [{"dataset"}]
    session.page = "why"
    session.page = "explore"
    session.page = "why"
    assert drawn == [{"dataset"}, {"los", "x", "runs"}]


def test_page_that_follows_the_page_is_drawn_whenever_it_comes_into_view(session):
    drawn = []
    DeferredUpdater(session, "why", drawn.append, ("page",))
    session.page = "why"
    assert drawn == [{"dataset"}, {"page"}]


def test_drawing_under_way_is_reported_and_its_failure_too(session):
    pending = []

    def draw(due):
        pending.append(session.pending)
        if "los" in due:
            msg = "no such map"
            raise ValueError(msg)

    DeferredUpdater(session, "explore", draw, ("los",))
    session.los = "x"
    assert pending == [False, True]
    assert not session.pending
    assert session.error == "no such map"


def test_pulse_rests_once_there_is_nothing_more_to_come(monkeypatch):
    left, made = [True, False], []

    class Kept(pn.io.PeriodicCallback):
        def __init__(self, **options):
            super().__init__(**options)
            made.append(self)

    monkeypatch.setattr(pn.io, "PeriodicCallback", Kept)
    pulse = WorkerPoller(lambda: left.pop(0), SessionState())
    pulse.wake()
    pulse.wake()
    (periodic,) = made
    periodic.callback()
    assert periodic.running
    periodic.callback()
    assert not periodic.running
    assert not left
