"""Page Transfer: models trained on one simulation and tested on another."""

import param

from galmass_app import how_made, services
from galmass_app.comparison import experiment_of, title
from galmass_app.framework import batched_update
from galmass_app.markup import snippet
from galmass_app.state import SessionState
from galmass_app.views.download import Download, flat
from galmass_app.views.heading import NO_DATA
from galmass_app.views.layout import column, row, select
from galmass_app.views.page_view import PageView
from galmass_app.views.transfer.form import TransferForm
from galmass_app.views.transfer.panels import TransferPanels
from galmass_core.quantities import quantity
from galmass_core.training.runs import ACTIVE, Run

TITLE = "Transfer to another simulation"
DESCRIPTION = (
    "Models are trained on one data set and tested on another of other physics, before and after "
    "adaptation without labels. Contours enclose 68 and 95 % of the test samples."
)


class Transfer(PageView):
    """A record's predictions, scores by mass, and table; below, a form to measure another."""

    def __init__(self, session: SessionState) -> None:
        super().__init__(session, TransferPanels)
        self._pairs, self._choice = select("gm-pair", "Pair"), select("gm-record", "Predict")
        self._form, self._drawn, self._records = TransferForm(session), None, {}
        download = Download.of(
            session,
            "gm-transfer-record",
            lambda: f"transfer_{self._drawn[0].name}",
            how=lambda: how_made.of_transfer(self._drawn[0]),
            table=lambda: flat(self._drawn[0].record["scores"]),
        )
        self.slots[TransferPanels].append(download)
        choice = row("gm-transfer-choice", self._pairs, self._choice)
        self._chosen = column("gm-slot", choice)
        self._layout = column(
            "gm-page",
            self._headline,
            self._chosen,
            self._message,
            self.slots[TransferPanels],
            self._form,
        )
        self._pairs.param.watch(self._turn, "value")
        self._choice.param.watch(self._choose, "value")
        session.param.watch(self._follow, ["page", "dataset", "transfer", "poll_count"])
        self._draw()
        self._form.draw()

    def _follow(self, *events: param.parameterized.Event) -> None:
        """Keep up with the session and with the home folder while the page is in view."""
        if self.session.page == "transfer":
            self._draw()
            if any(event.name in ("page", "dataset") for event in events):
                self._form.draw()

    def _draw(self) -> None:
        """List all records, and show the one that is chosen, or else the newest."""
        with batched_update(), self.session.reporting():
            runs = services.transfers()
            self._form.follow(list({_pair(run): None for run in runs if run.state in ACTIVE}))
            finished = [run for run in runs if run.state == "finished"]
            self._records = {
                f"{run.name}:{target}": (run, target)
                for run in finished
                for target in run.config["targets"]
            }
            key = self.session.transfer
            if key not in self._records:
                key = next(iter(self._records), "")
            self._list(key)
            self._show(key)

    def _list(self, key: str) -> None:
        """List the pairs, and the records of the pair in view."""
        pairs = list(dict.fromkeys(_pair(run) for run, _ in self._records.values()))
        pair = _pair(self._records[key][0]) if key else None
        named = {
            _called(run, target): name
            for name, (run, target) in reversed(self._records.items())
            if _pair(run) == pair
        }
        with self._update_controls():
            self._chosen.visible = bool(pairs)
            self._pairs.param.update(options=pairs, value=pair)
            options = dict(sorted(named.items())) if key not in named.values() else named
            self._choice.param.update(options=options, value=key or None)

    def _show(self, key: str) -> None:
        """Show a record, or how to make one."""
        record = self._records.get(key)
        self.slots[TransferPanels].visible = record is not None
        no_record = snippet("transfer.html", "no_records") if self.session.data else NO_DATA
        self._show_message("" if record else no_record)
        made_up = bool(record and record[0].record["synthetic"])
        self._headline.object = snippet("shared.html", "heading", TITLE, DESCRIPTION, made_up)
        if record and record != self._drawn:
            self._drawn = record
            self._put(TransferPanels, *record)

    def _turn(self, event: param.parameterized.Event) -> None:
        """Show the newest record of another pair."""
        if not self._updating and event.new:
            names = [name for name, (run, _) in self._records.items() if _pair(run) == event.new]
            self.session.transfer = names[0]

    def _choose(self, event: param.parameterized.Event) -> None:
        if not self._updating and event.new:
            self.session.transfer = event.new


def _pair(run: Run) -> str:
    """Name the two data sets of a record."""
    return f"{run.config['train']['name']} → {run.config['test']['name']}"


def _called(run: Run, target: str) -> str:
    """Name a record of a pair."""
    words = [quantity(target).symbol, title(experiment_of(run)), run.config["adapt"]]
    seed = run.config["split"]["seed"]
    return " · ".join(words + [f"seed {seed}"] * bool(seed))
