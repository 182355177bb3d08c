"""Served once per session by ``panel serve app/main.py``; everything lives in ``galmass_app``."""

from galmass_app.page import Page

Page().servable()
