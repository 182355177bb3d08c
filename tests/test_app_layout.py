"""Parts of pages: their CSS classes, and whether they are as wide as their parent."""

import panel as pn
import pytest

from galmass_app.views.layout import View, button, column, html, plot, row, select


@pytest.mark.parametrize("part", [column("a b"), row("a b"), html("a b"), plot("a b")])
def test_part_has_its_classes_and_is_wide(part):
    assert part.css_classes == ["a", "b"]
    assert part.sizing_mode == "stretch_width"


def test_part_can_be_as_wide_as_its_content():
    assert html("a", wide=False).sizing_mode is None


def test_controls_have_their_classes():
    assert select("a b", "Data set").css_classes == button("a b").css_classes == ["a", "b"]


def test_view_shows_its_layout():
    class Shown(View):
        def __init__(self):
            super().__init__()
            self._layout = column("a")

    assert isinstance(Shown().__panel__(), pn.Column)
