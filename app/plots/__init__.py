"""Data -> HoloViews element, pure functions; in a notebook each shows itself."""

import holoviews as hv

hv.extension("bokeh", inline=True, logo=False)  # in a notebook, scripts from no other host
hv.renderer("bokeh").webgl = False  # few points: a canvas is as fast, and much faster without a GPU
