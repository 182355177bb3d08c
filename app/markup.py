"""HTML from the templates in ``templates/``; whatever is filled in is escaped."""

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

_TEMPLATES = Environment(
    loader=PackageLoader("galmass_app"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,  # else each snippet looks up the time of its file
)


def template(name: str) -> Template:
    """Return one of the templates, such as ``page.html``."""
    return _TEMPLATES.get_template(name)


def snippet(template_name: str, macro_name: str, /, *args: object, **values: object) -> str:
    """Return what a macro of a template makes of some values.

    Parameters
    ----------
    template_name, macro_name : str
        File in ``templates/``, and one of its macros.
    *args, **values : object
        What it shows. Text is escaped, unless it is `markupsafe.Markup`.

    Returns
    -------
    str
        HTML; not `Markup`, whose `replace` escapes again what Panel escapes.

    Raises
    ------
    jinja2.UndefinedError
        If the template needs a value that is not given.
    """
    return str(getattr(template(template_name).module, macro_name)(*args, **values))
