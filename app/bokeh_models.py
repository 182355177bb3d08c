"""Models of Bokeh with less work for each: overrides of Bokeh's private parts, as in `framework`.

A page has hundreds of models with a hundred properties each, of which most are never set. Upstream
(Bokeh 3.9.2) looks at all of them when a model is made, searched for others and written down, and
that took more than a third of what a server did for a visitor, in time and in memory.
Without these overrides: the same page from a slower and larger server.
"""

from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from inspect import signature
from types import NoneType
from typing import Any

from bokeh.core.has_props import HasProps
from bokeh.core.property.bases import Property, validation_on
from bokeh.core.property.descriptors import PropertyDescriptor
from bokeh.core.property.singletons import Intrinsic, Undefined
from bokeh.core.property.wrappers import PropertyValueContainer
from bokeh.document.events import DocumentPatchedEvent
from bokeh.model import Model, util

TESTED = {"bokeh": "3.9.", "panel": "1.9."}
_SCALARS = {str, int, float, bool, NoneType}
_SHORT = 80  # characters of a word that is remembered
_REMEMBERED = 100  # values of a property that were checked
_AS_IT_IS = object()  # what comes of a value that needs no change


def replacing(owner: object, name: str) -> Callable[[Callable], None]:
    """Decorate a function that takes a function of upstream and returns what replaces it.

    Nothing is replaced in a version of upstream that was not tested, nor where it has none of this
    name, or one of other arguments. What is replaced stays as the attribute ``theirs``.
    """

    def replace(make: Callable) -> None:
        theirs = getattr(owner, name, None)
        ours = make(theirs)
        if not theirs or [*signature(ours).parameters] != [*signature(theirs).parameters]:
            return
        package = theirs.__module__.partition(".")[0]
        if version(package).startswith(TESTED[package]):
            ours.theirs = theirs  # type: ignore[attr-defined]
            setattr(owner, name, ours)

    return replace


@replacing(HasProps, "themed_values")
def _(_: Callable) -> Callable:
    """Return the values of a theme, None of a model without one.

    Upstream (Bokeh 3.9.2): raises and catches an error where there is none, at each look at a
    property that is not set: a tenth of what a server does for a visitor.
    """
    return lambda self: vars(self).get("__themed_values__")


@replacing(PropertyDescriptor, "has_unstable_default")
def _(theirs: Callable) -> Callable:
    """Find once for each class whether a default is made for each model.

    Upstream (Bokeh 3.9.2): finds it for each model.
    """
    varies: dict[tuple[type, str], bool] = {}

    def has_unstable_default(self: PropertyDescriptor, obj: HasProps) -> bool:
        key = type(obj), self.name
        if key not in varies:
            varies[key] = theirs(self, obj)
        return varies[key]

    return has_unstable_default


@replacing(PropertyDescriptor, "instance_default")
def _(theirs: Callable) -> Callable:
    """Find the default of each property of a class of models once.

    Upstream (Bokeh 3.9.2): whoever looks at a property that is not set has its default collected
    from all base classes, copied and checked again: a fifth of what a server does for a visitor.
    Defaults that a function makes for each model, and those of a theme, are left alone.
    """
    defaults: dict[tuple[type, str], Any] = {}

    def instance_default(self: PropertyDescriptor, obj: HasProps) -> Any:  # noqa: ANN401
        if obj.themed_values():
            return theirs(self, obj)
        key = type(obj), self.name
        if key in defaults:
            return _own(defaults[key])
        default = theirs(self, obj)
        if _is_plain(default) and not callable(_raw_default(type(obj), self)):
            defaults[key] = default
            return _own(default)
        return default

    return instance_default


@replacing(HasProps, "__init__")
def _(_: Callable) -> Callable:
    """Make a default that is an empty container when somebody looks at it.

    Upstream (Bokeh 3.9.2): makes all with each model: 10,000 lists for a visitor, a third of the
    memory of a page.
    """
    made: dict[type[HasProps], list[PropertyDescriptor]] = {}  # with each model, by its class

    def __init__(self: HasProps, **properties: Any) -> None:  # noqa: ANN401
        super(HasProps, self).__init__()
        self._property_values = {}
        self._unstable_default_values = {}
        self._unstable_themed_values = {}
        for name, value in properties.items():
            if value is not Undefined and value is not Intrinsic:
                setattr(self, name, value)
        kind = type(self)
        if kind not in made:
            found = map(kind.lookup, kind.properties(_with_props=True))
            made[kind] = [
                each
                for each in found
                if each.has_unstable_default(self)
                and _raw_default(kind, each) not in ([], {}, set())
            ]
        for each in made[kind]:
            if each.name not in properties:
                each._get(self)
        self._initialized = True

    return __init__


@replacing(Property, "prepare_value")
def _(theirs: Callable) -> Callable:
    """Check a word, or a list of words such as a palette, once for each property.

    Upstream (Bokeh 3.9.2): checks the 256 colours of a palette again in each map of each visitor.
    """

    def prepare_value(
        self: Property,
        owner: HasProps | type[HasProps],
        name: str,
        value: Any,  # noqa: ANN401
        *,
        hint: DocumentPatchedEvent | None = None,
    ) -> Any:  # noqa: ANN401
        key = _words(value)
        if key is None or hint or self.assertions or not validation_on():
            return theirs(self, owner, name, value, hint=hint)
        checked = vars(self).setdefault("_checked", {})
        if key in checked:
            return value if checked[key] is _AS_IT_IS else _own(checked[key])
        made = theirs(self, owner, name, value)
        if len(checked) < _REMEMBERED and (made is value or _is_plain(made)):
            checked[key] = _AS_IT_IS if made is value else made
        return made if made is value else _own(made)

    return prepare_value


@replacing(HasProps, "query_properties_with_values")
def _(theirs: Callable) -> Callable:
    """Write a model down without a look at what is not set.

    Upstream (Bokeh 3.9.2): takes all values, of which defaults are then dropped.
    """

    @cache
    def required(kind: type[HasProps]) -> set[str]:  # without a default: an error if not set
        found = {name: kind.lookup(name) for name in kind.properties()}
        return {
            name
            for name, each in found.items()
            if isinstance(each, PropertyDescriptor) and _raw_default(kind, each) is Undefined
        }

    def query_properties_with_values(
        self: HasProps,
        query: Callable[[PropertyDescriptor], bool],
        *,
        include_defaults: bool = True,
        include_undefined: bool = False,
    ) -> dict[str, Any]:
        options = {"include_defaults": include_defaults, "include_undefined": include_undefined}
        kind, given, made = type(self), self._property_values, self._unstable_default_values
        if include_defaults or self.themed_values() or required(kind) - given.keys():
            return theirs(self, query, **options)
        changed = given.keys() | {
            name for name, value in made.items() if not isinstance(value, PropertyValueContainer)
        }
        names = (name for name in kind.properties(_with_props=True) if name in changed)
        found = {name: kind.lookup(name) for name in names}
        return {name: each.get_value(self) for name, each in found.items() if query(each)}

    return query_properties_with_values


@replacing(util, "visit_immediate_value_references")
def _(theirs: Callable) -> Callable:
    """Look for models among the values of a model without a look at what is not set.

    Upstream (Bokeh 3.9.2): each search for the models of a page takes all values of all of them.
    """

    def visit_immediate_value_references(value: Any, visitor: Callable[[Model], None]) -> None:  # noqa: ANN401
        if not isinstance(value, HasProps) or value.themed_values():
            theirs(value, visitor)
            return
        for values in (value._property_values, value._unstable_default_values):
            for name in value.properties_with_refs().keys() & values.keys():
                util.visit_value_and_its_immediate_references(values[name], visitor)

    return visit_immediate_value_references


def _raw_default(kind: type[HasProps], descriptor: PropertyDescriptor) -> object:
    """Return a default of a class, or the function that makes it for each model."""
    return kind._overridden_defaults().get(descriptor.name, descriptor.property._default)


def _words(value: object) -> tuple | None:
    """Return a key for a short word, a list of words, a switch or None; None for anything else."""
    kind = type(value)
    if kind is str:
        return (kind, value) if len(value) <= _SHORT else None
    if kind is list:
        return (kind, *value) if all(type(one) is str for one in value) else None
    return (kind, value) if kind in (bool, NoneType) else None


def _is_plain(value: object) -> bool:
    """Return whether a value, or a container of Bokeh's, has no parts that can change."""
    if isinstance(value, (list, set)):
        return isinstance(value, PropertyValueContainer) and {*map(type, value)} <= _SCALARS
    if isinstance(value, dict):
        return (
            isinstance(value, PropertyValueContainer) and {*map(type, value.values())} <= _SCALARS
        )
    return not isinstance(value, HasProps)


def _own(value: Any) -> Any:  # noqa: ANN401
    """Return a copy of a container, which each model must have of its own; else the value."""
    return type(value)(value) if isinstance(value, PropertyValueContainer) else value
