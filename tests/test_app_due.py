"""What a page has to draw, and when: once, in view, and with a sign while it is under way."""

import pytest

from galmass_app.state import Choice
from galmass_app.views.due import Due
from galmass_app.views.pulse import Pulse


@pytest.fixture
def choice():
    return Choice(page="explore")


def test_page_is_drawn_at_once_and_then_what_it_follows(choice):
    drawn = []
    Due(choice, "explore", drawn.append, ("los", "x"))
    choice.los = "x"
    choice.colours = "sample"
    choice.param.update(los="y", x="sigma_v")
    assert drawn == [{"dataset"}, {"los"}, {"los", "x"}]


def test_page_that_is_not_in_view_waits_until_it_is(choice):
    drawn = []
    due = Due(choice, "why", drawn.append, ("los", "x"))
    choice.los = "x"
    choice.x = "sigma_v"
    due.add("runs")
    assert drawn == [{"dataset"}]
    choice.page = "why"
    choice.page = "explore"
    choice.page = "why"
    assert drawn == [{"dataset"}, {"los", "x", "runs"}]


def test_page_that_follows_the_page_is_drawn_whenever_it_comes_into_view(choice):
    drawn = []
    Due(choice, "why", drawn.append, ("page",))
    choice.page = "why"
    assert drawn == [{"dataset"}, {"page"}]


def test_drawing_under_way_is_told_and_its_failure_too(choice):
    told = []

    def draw(due):
        told.append(choice.pending)
        if "los" in due:
            msg = "no such map"
            raise ValueError(msg)

    Due(choice, "explore", draw, ("los",))
    choice.los = "x"
    assert told == [False, True]
    assert not choice.pending
    assert choice.error == "no such map"


def test_pulse_rests_once_there_is_nothing_more_to_come():
    left = [True, False]
    pulse = Pulse(lambda: left.pop(0))
    pulse.wake()
    pulse.wake()
    pulse._beat()
    assert pulse._callback.running
    pulse._beat()
    assert not pulse._callback.running
    assert not left
