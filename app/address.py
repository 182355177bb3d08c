"""The state of a session as the query of an address, and back: the only module that knows its keys.

Addresses that people have kept must always open: a key, or how a value is written, never changes.
"""

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode

from param.parameterized import batch_call_watchers

from galmass_app import services
from galmass_app.comparison import BASELINE, MEAN, RUN
from galmass_app.plots.scale import Scale, scales_by_hand
from galmass_app.state import SessionState, axis_columns
from galmass_core.datasets.capabilities import further_maps, lacks
from galmass_core.datasets.dataset import DataSet
from galmass_core.datasets.filter_syntax import quoted, split_columns
from galmass_core.learning.experiments import input_maps
from galmass_core.quantities import TARGETS, further_keys, map_keys
from galmass_core.telescope.settings import settings_of
from galmass_core.training.runs import LOG, runs_folder, shipped_runs


class Field(NamedTuple):
    """How an address holds a parameter: its key, value to text, and text to value."""

    key: str
    encode: Callable[[Any], str] = str
    decode: Callable[[str], Any] = str


def _list(key: str, separator: str) -> Field:
    """Return the field of a list of words; empty words of an address are left out."""
    return Field(key, separator.join, lambda text: [word for word in text.split(separator) if word])


def _columns(key: str) -> Field:
    """Return the field of a list of columns; names that are no plain words are in backticks."""
    return Field(key, lambda columns: ",".join(map(quoted, columns)), split_columns)


def _switch(key: str) -> Field:
    """Return the field of a boolean, ``on`` or ``off``."""
    return Field(key, lambda value: "on" if value else "off", lambda text: _SWITCH.get(text, text))


_WIDEST = {key: Scale(1, 2) for key in (*map_keys(), *further_keys())}
_SWITCH = {"on": True, "off": False}
FIELDS = {  # parameter of `SessionState`: its field; addresses hold them in this order
    "page": Field("page"),
    "dataset": Field("data"),
    "galaxy": Field("galaxy"),
    "los": Field("los"),
    "selection_query": Field("only"),
    "selection_label": Field("how"),
    "x": Field("x"),
    "y": Field("y"),
    "colours": Field("colours"),
    "target": Field("target"),
    "features": _columns("features"),
    "split": Field("split"),
    "experiment": Field("experiment"),
    "run": Field("run"),
    "explained_run": Field("asked"),
    "branches": Field("branches"),
    "panels": _list("panels", ";"),
    "pinned": _list("runs", ";"),
    "reference": Field("reference"),
    "against": Field("against"),
    "arrows": _switch("arrows"),
    "figure": Field("figure"),
    "colour": Field("colour"),
    "transfer": Field("transfer"),
    "getting": _switch("get"),
    "diagnosed_run": Field("diagnosed"),
    "profile_run": Field("profile"),
    "profile_unit": Field("radii"),
    "least_stars": Field("stars", decode=int),
    "building": _switch("build"),
    "limits": _list("limits", ";"),
    "insights": _list("more", ","),
    "alike": Field("alike"),
    "beside": Field("beside"),
    "listed_run": Field("listed"),
    "ticked_runs": _list("ticked", ";"),
    "gallery_map": Field("map"),
    "gallery_order": Field("order"),
    "gallery_colour": Field("frames"),
    "telescope": Field("telescope"),
    "tuned": _list("tuned", ";"),
    "observed": Field("observed"),
    "further": _list("further", ","),
}


def query(session: SessionState) -> str:
    """Return the query of the address of a session; parameters at their default are left out."""
    values = {name: getattr(session, name) for name in FIELDS}
    return "?" + urlencode(
        {
            FIELDS[name].key: FIELDS[name].encode(value)
            for name, value in values.items()
            if value != session.param[name].default
        }
    )


def link(**values: object) -> str:
    """Return the query of an address with some parameters of `SessionState`, to link to."""
    pairs = [(FIELDS[name], value) for name, value in values.items()]
    return "?" + "&".join(f"{field.key}={quote(field.encode(value))}" for field, value in pairs)


def train_link(data: DataSet, experiment: str) -> str:
    """Return the query of the page on which an experiment is trained; empty if it cannot be."""
    if lacks(data).network:
        return ""
    return link(page="train", dataset=data.path.name, experiment=experiment)


def read(session: SessionState, search: str) -> None:
    """Set the parameters that the query of an address has; name those with a wrong value."""
    texts = dict(parse_qsl(search.removeprefix("?"), keep_blank_values=True))
    for name, field in FIELDS.items():
        if field.key in texts:
            text = texts[field.key]
            try:
                session.param.update({name: field.decode(text)})
            except ValueError:
                report_unknown(session, field.key, text)


def report_unknown(session: SessionState, key: str, text: str) -> None:
    """Say that an address has a value that does not exist."""
    sentence = f"The address asks for {key}={text}, but there is no such value."
    if sentence not in session.error:
        session.error = f"{session.error} {sentence}".strip()


def correct(session: SessionState, search: str) -> None:
    """Name the values of an address that the data set, or galmass, does not have; drop them."""
    wanted = SessionState()
    read(wanted, search)
    with session.reporting():
        for name, known in _known(session, wanted).items():
            values = getattr(wanted, name)
            values = values if isinstance(values, list) else [values]
            default = session.param[name].default
            given = default if isinstance(default, list) else [default]
            wrong = [each for each in values if each and each not in given and not known(each)]
            for each in wrong:
                report_unknown(session, FIELDS[name].key, each)
            if wrong and getattr(session, name) == getattr(wanted, name):
                rest = [each for each in values if each not in wrong] or default
                session.param.update({name: rest if isinstance(default, list) else default})


def _known(session: SessionState, wanted: SessionState) -> dict[str, Callable[[str], bool]]:
    """Return what says, by parameter, whether a value exists."""
    of_data = {}
    if data := session.data:
        of_data = dict.fromkeys(("x", "y", "colour", "against"), axis_columns(data).__contains__)
        of_data["gallery_map"] = (*map_keys(), *further_maps(data)).__contains__

    def is_panel(key: str) -> bool:
        run = key.removeprefix(RUN).removeprefix(MEAN)
        return bool(input_maps(key)) or key == BASELINE or _is_run(run)

    return {
        **of_data,
        **dict.fromkeys(("run", "explained_run", "profile_run"), _is_run),
        "target": TARGETS.__contains__,
        "limits": lambda text: scales_by_hand([text], _WIDEST) != _WIDEST,
        "tuned": lambda text: bool(settings_of([text])),
        "branches": lambda key: bool(input_maps(key)),
        "panels": is_panel,
        "reference": wanted.panels.__contains__,
    }


def _is_run(word: str) -> bool:
    """Return whether a word opens a run, of which a network for every set of maps has several."""
    name = services.name_of_run(word)
    runs = (*services.runs(), *shipped_runs())
    known = (name == each.name for run in runs for each in (run, *run.with_each_inputs()))
    return any(known) or _is_ordered(name)


def _is_ordered(name: str) -> bool:
    """Return whether a training of this name was started, whose record is still to come."""
    return any(log.parent.name == name for log in runs_folder().glob(f"*/{LOG}"))


def restore(session: SessionState, search: str) -> None:
    """Return to the state of an address in one update; what it leaves out gets its default."""
    wanted = SessionState()
    read(wanted, search)
    values = {name: getattr(wanted, name) for name in FIELDS}
    name, galaxy = (values.pop(key) or getattr(session, key) for key in ("dataset", "galaxy"))
    with batch_call_watchers(session), session.reporting():
        if name != session.dataset:
            session.open(name)
        if name == session.dataset:
            if galaxy != session.galaxy:
                session.show(galaxy)
            session.param.update(values, error=wanted.error or session.error)
            correct(session, search)
