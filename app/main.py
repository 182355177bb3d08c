"""Served once per session by ``panel serve app/main.py``; everything lives in ``galmass_app``."""

from galmass_app import services
from galmass_app.page import Page

services.warm_up()
Page().servable()
