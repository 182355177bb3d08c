"""A page of the dashboard without a browser: a websocket that speaks Bokeh's protocol."""

import asyncio
import json
import random
import re
import time
from contextlib import suppress

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

PATIENCE = 240.0  # s
_PATIENT = {"connect_timeout": PATIENCE, "request_timeout": PATIENCE}
X, Y = "log_mstar", "log_mtot_1rhsm"  # axes of the scatter


class Page:
    """A visitor without a browser."""

    def __init__(self, address, data, seed):
        self._address, self._data, self._random = address, data, random.Random(seed)
        self._connection = None
        self._count, self._models = 0, {}

    async def open(self):
        """Open the page and wait until it can be tapped."""
        html = (await AsyncHTTPClient().fetch(self._address, **_PATIENT)).body
        token = re.search(r'"token":"([^"]+)"', html.decode()).group(1)
        origin = "/".join(self._address.split("/")[:3])
        address = self._address.replace("http", "ws", 1) + "/ws"
        request = HTTPRequest(address, headers={"Origin": origin}, **_PATIENT)
        self._connection = await websocket_connect(request, subprotocols=["bokeh", token])
        await self.receive()  # ACK
        await self.send("PULL-DOC-REQ", {})
        self._keep(await self.receive())
        (switch,) = (
            key for key, (name, _) in self._models.items() if name.startswith("ThemeSwitch")
        )
        await self._event("document_ready")
        await self.send("PATCH-DOC", _changed(switch, "theme", "dark"))
        await self.send("PATCH-DOC", _changed(switch, "reported", True))
        while not (self._figures("gm-scatter") and len(self._figures("gm-map")) == 4):
            self._keep(await self.receive())
        (self._scatter,) = self._figures("gm-scatter")
        self._images = {self._image_source(figure) for figure in self._figures("gm-map")}
        self._models.clear()

    async def tap(self):
        """Tap a galaxy; return how long its four maps take [s]."""
        row = self._data.samples.iloc[self._random.randrange(len(self._data))]
        place = [["x", float(row[X])], ["y", float(row[Y])], ["sx", 200], ["sy", 200]]
        model = ["model", {"id": self._scatter}]
        geometry = {"type": "map", "entries": [["type", "point"], *place]}
        begin = time.perf_counter()
        await self._event("selectiongeometry", model, ["geometry", geometry], ["final", True])
        await self._event("tap", model, *place)
        awaited = set(self._images)
        while awaited:
            for event in (await self.receive()).get("events", []):
                awaited.discard(event.get("model", {}).get("id"))
        return time.perf_counter() - begin

    async def drain(self, seconds):
        """Read what comes for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    await self.receive()

    def close(self):
        """Leave."""
        if self._connection is not None:
            self._connection.close()

    def _keep(self, content):
        """Keep the attributes of all models in a message."""
        if isinstance(content, dict):
            if content.get("type") == "object" and "id" in content:
                self._models[content["id"]] = content["name"], content.get("attributes", {})
            for part in content.values():
                self._keep(part)
        elif isinstance(content, list):
            for part in content:
                self._keep(part)

    def _figures(self, css_class):
        return [
            key
            for key, (name, has) in self._models.items()
            if name == "Figure" and css_class in has.get("css_classes", ())
        ]

    def _image_source(self, figure):
        """Return the data source of the picture in a figure."""
        for renderer in self._models[figure][1]["renderers"]:
            has = self._models[renderer["id"]][1]
            if self._models.get(has["glyph"]["id"], ("",))[0] == "Image":
                return has["data_source"]["id"]
        msg = "a map must have a picture"
        raise LookupError(msg)

    async def _event(self, name, *values):
        """Send an event as BokehJS does."""
        event = {"type": "event", "name": name, "values": {"type": "map", "entries": [*values]}}
        message = {"kind": "MessageSent", "msg_type": "bokeh_event", "msg_data": event}
        await self.send("PATCH-DOC", {"events": [message]})

    async def send(self, kind, content):
        """Send a message as BokehJS does."""
        self._count += 1
        for part in ({"msgid": str(self._count), "msgtype": kind}, {}, content):
            await self._connection.write_message(json.dumps(part))

    async def receive(self):
        """Return the content of the next message; its arrays are not kept."""
        async with asyncio.timeout(PATIENCE):
            header, _, content = [json.loads(await self._read()) for _ in range(3)]
            for _ in range(2 * header.get("num_buffers", 0)):
                await self._read()
        return content

    async def _read(self):
        part = await self._connection.read_message()
        if part is None:
            msg = f"the server closed the connection: {self._connection.close_reason}"
            raise ConnectionError(msg)
        return part


def _changed(model, attribute, value):
    event = {"kind": "ModelChanged", "model": {"id": model}, "attr": attribute, "new": value}
    return {"events": [event]}
