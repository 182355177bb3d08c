"""What is to be fetched: simulation, snapshot, sample, what is kept, a name."""

import panel as pn
import param

from galmass_app import fetches
from galmass_app.fetches import SUITES, Order
from galmass_app.markup import snippet
from galmass_app.views.fetch.key_field import KeyField
from galmass_app.views.heading import captioned
from galmass_app.views.layout import WIDE, View, column, html, labelled, row, select

MAPS, PARTICLES = "maps only", "particles"
KEEP_HELP = {
    MAPS: "A data set is built as the galaxies arrive, and no particles stay on the disk.",
    PARTICLES: "Cutouts stay on the disk, to build data sets from with other settings.",
}


class FetchForm(View):
    """The controls; `order` is what they add up to.

    Attributes
    ----------
    key_field : KeyField or None
        None if the server has a key of its own.
    """

    order = param.ClassSelector(class_=Order, doc="What would be fetched.")

    def __init__(self) -> None:
        super().__init__()
        self._suite = select("gm-suite", "Simulation", options=list(SUITES))
        whole, text = pn.widgets.IntInput, pn.widgets.TextInput
        last = {"value": None, "start": 0, "placeholder": "last: z = 0"}
        self._snapshot = labelled(whole, "", "Snapshot", **last)
        self._where = labelled(text, "", "Only galaxies with", placeholder="log_mstar > 11")
        self._limit = labelled(whole, "", "At most", value=None, start=1, placeholder="all")
        self._keep = pn.widgets.RadioButtonGroup(
            options=[MAPS, PARTICLES], value=MAPS, css_classes=["gm-keep"]
        )
        self._help = html("gm-foot", wide=False)
        self._name = labelled(text, "", "Name of the data set")
        own = fetches.server_has_key()
        self.key_field = None if own else KeyField(css_classes=["gm-key"], **WIDE)
        self._named = ""  # the name that we gave ourselves
        self._layout = column(
            "gm-fetch-form",
            row("gm-fetch-pair", self._suite, self._snapshot),
            html("gm-foot", snippet("fetch.html", "sample"), wide=False),
            row("gm-fetch-pair", self._where, self._limit),
            column("gm-part", captioned("Keep"), self._keep, self._help),
            self._name,
            *self._key_parts(),
        )
        for control in (self._where, self._limit, self._keep, self._name):
            control.param.watch(self._update, "value")
        for control in (self._suite, self._snapshot):
            control.param.watch(self.rename, "value")
        self.rename()

    @property
    def key(self) -> str:
        """The visitor's key; empty if there is none."""
        return self.key_field.key if self.key_field else ""

    def _key_parts(self) -> list[object]:
        """Return the field of the key and where to get one, or whose key is used."""
        if self.key_field is None:
            return [html("gm-foot", snippet("fetch.html", "server_key"), wide=False)]
        return [self.key_field, html("gm-foot", snippet("fetch.html", "key_help"), wide=False)]

    def rename(self, *_: param.parameterized.Event) -> None:
        """Give it a name that is not taken, unless the visitor gave one."""
        if self._name.value in ("", self._named):
            self._named = fetches.new_name(self._suite.value, self._snapshot.value)
            with self._update_controls():
                self._name.value = self._named
        self._update()

    def _update(self, *_: param.parameterized.Event) -> None:
        """Write what the controls add up to."""
        if self._updating:
            return
        self._help.object = snippet("shared.html", "paragraph", KEEP_HELP[self._keep.value])
        self.order = Order(
            name=self._name.value.strip(),
            suite=self._suite.value,
            snapshot=self._snapshot.value,
            where=self._where.value.strip(),
            limit=self._limit.value,
            keeps_particles=self._keep.value == PARTICLES,
        )
