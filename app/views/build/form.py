"""What is to be built: files, which galaxies of them, a name."""

import panel as pn
import param

from galmass_app import builds, names
from galmass_app.builds import Order
from galmass_app.markup import snippet
from galmass_app.views.build.file_drop import FileDrop
from galmass_app.views.heading import captioned
from galmass_app.views.layout import WIDE, View, column, html, labelled, row
from galmass_core.fetch.status import size_text
from galmass_core.imaging.frames import PAPER, WRITTEN
from galmass_core.quantities import CHANNELS, MAPS, further_keys, symbol_of

BROWSER, SERVER = "your computer", "the server's disk"
UNITS = {unit: word for word, unit in WRITTEN.items()}  # of the frame: as shown, as in commands


class BuildForm(View):
    """The controls; `order` is what they add up to, `problem` what is wrong with the files."""

    order = param.ClassSelector(class_=Order, doc="What would be built.")
    problem = param.String(doc="Why there are no such files; empty if there are.")

    def __init__(self) -> None:
        super().__init__()
        self._place = pn.widgets.RadioButtonGroup(
            options=[BROWSER, SERVER], value=BROWSER, css_classes=["gm-keep"]
        )
        self.drop = FileDrop(css_classes=["gm-drop"], **WIDE)
        whole, decimal, text = pn.widgets.IntInput, pn.widgets.FloatInput, pn.widgets.TextInput
        self._path = labelled(text, "", "File or folder", placeholder="snapshots/TNG100-1/output")
        self._about = html("gm-foot", wide=False)
        self._where = labelled(text, "", "Only galaxies with", placeholder="log_mstar > 10")
        self._limit = labelled(whole, "", "At most", value=None, start=1, placeholder="all")
        reach = {"value": PAPER.half_width, "start": 0.1, "step": 0.5}
        self._half = labelled(decimal, "", "Maps reach from the centre", **reach)
        self._unit = pn.widgets.RadioButtonGroup(
            options=UNITS, value=UNITS[PAPER.unit], css_classes=["gm-frame-unit"], **WIDE
        )
        self._channels = pn.widgets.CheckButtonGroup(
            options=_made_from(), css_classes=["gm-channels"], **WIDE
        )
        self._name = labelled(text, "", "Name of the data set")
        self._layout = column(
            "gm-fetch-form",
            column(
                "gm-part", captioned("Files on"), self._place, self.drop, self._path, self._about
            ),
            row("gm-fetch-pair", self._where, self._limit),
            row("gm-fetch-pair", self._half, self._unit),
            column("gm-part", captioned("Further maps"), self._channels),
            self._name,
        )
        for control in (
            *(self._place, self._path, self._where, self._limit, self._name),
            *(self._half, self._unit, self._channels),
        ):
            control.param.watch(self._update, "value")
        self.drop.param.watch(self._update, ["names", "problem"])
        self.rename()

    @property
    def takes(self) -> bool:
        """Whether the files came from the browser."""
        return self._place.value == BROWSER

    def rename(self) -> None:
        """Give it a name that is not taken."""
        with self._update_controls():
            self._name.value = names.new_name("mygalaxies")
        self._update()

    def _update(self, *_: param.parameterized.Event) -> None:
        """Write what the controls add up to."""
        if self._updating:
            return
        self.drop.visible, self._path.visible = self.takes, not self.takes
        problem, source = self.drop.problem * self.takes, None
        if self.takes:
            source = self.drop.folder if self.drop.names else None
            files = self.drop.names
            about = snippet("build.html", "dropped", files, size_text(self.drop.size))
        else:
            about = snippet("build.html", "on_disk", builds.sources_folder())
            if text := self._path.value.strip():
                try:
                    source = builds.named_source(text)
                except (ValueError, OSError) as error:
                    problem = str(error)
        self._about.object = about
        self.problem = problem
        self.order = Order(
            name=self._name.value.strip(),
            source=source,
            where=self._where.value.strip(),
            limit=self._limit.value,
            frame=self._frame(),
            channels=tuple(self._channels.value),
        )

    def _frame(self) -> str:
        """Return the frame as commands have it; empty for the paper's, or without a number."""
        half, unit = self._half.value, self._unit.value
        if half is None or (half == PAPER.half_width and unit == UNITS[PAPER.unit]):
            return ""
        return f"{half:.9g}{unit}"


def _made_from() -> dict[str, str]:
    """Return the channels that further maps are made from, by the symbols of these maps."""
    made = {channel: [] for channel in CHANNELS}
    for key in further_keys():
        if MAPS[key].made_from in made:
            made[MAPS[key].made_from].append(symbol_of(key))
    return {", ".join(symbols): channel for channel, symbols in made.items()}
