"""Barriers on a page: what axe-core finds in it."""

import pytest

# The schemes differ in colours alone: in the light one only rules about colours are tried again.
RULES = {"dark": {}, "light": {"runOnly": ["color-contrast", "link-in-text-block"]}}


def barriers(tab, scheme, *parts):
    """Return what is serious or critical on a page, or in parts of it, in a colour scheme.

    Nothing is loaded before (``preload``): that is for rules about sounds, of which there are none.
    """
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="extra [test]")
    if not tab.evaluate("'axe' in window"):  # once a page: the browser optimizes what runs often
        tab.evaluate(axe.Axe().axe_script)
    options = {"resultTypes": ["violations"], "preload": False, **RULES[scheme]}
    run = """([parts, options]) => axe
        .run(parts.length ? { include: parts.map(part => [part]) } : document, options)
        .then(found => found.violations)"""
    found = tab.evaluate(run, [parts, options])
    return [
        f"{one['impact']} {one['id']}: {node['html']} at {node['target'][-1]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def change_scheme(tab, scheme):
    """Press the button for the other colours, if those of a page are not of this scheme."""
    if tab.evaluate("document.documentElement.dataset.theme") != scheme:
        tab.locator(".gm-theme").get_by_role("button").click()
        tab.wait_for_function(
            "scheme => document.documentElement.dataset.theme === scheme", arg=scheme
        )
