"""A server on this machine that speaks the shapes of the TNG web API, and misbehaves on request.

Data come from a second server with another host name, as those of the real API do.
"""

import gzip
import io
import json
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import h5py
import numpy as np
from galaxy_files import DM_MASS, tng_header, tng_particles

from galmass_core.fetch.client import Client
from galmass_core.fetch.sample import fetch_cutouts, open_fetcher

KEY = "0123456789abcdef"
SNAPSHOT, RUN = 99, "TNG100-1"
GROUPS = {"gas": "PartType0", "dm": "PartType1", "stars": "PartType4", "bhs": "PartType5"}


def heavy_particles(seed):
    """Particles of a galaxy above the paper's cut in stellar mass."""
    particles = tng_particles(seed=seed)
    for datasets in particles.values():
        if "Masses" in datasets:
            datasets["Masses"] = datasets["Masses"] * 200
    particles["PartType0"]["Velocities"] = particles["PartType0"]["Velocities"]
    particles["PartType4"]["StellarHsml"] = np.ones(200, dtype="f4")
    if seed % 3 == 0:
        del particles["PartType0"]
    return particles


class TngApi:
    """The API with some galaxies; ``faults`` are misbehaviours by a part of the address.

    Parameters
    ----------
    count : int
        Subhaloes, of which the last two are excluded by the paper's cuts.
    """

    def __init__(self, count=6):
        self.galaxies = [heavy_particles(seed) for seed in range(1, count + 1)]
        self.log = []  # (host, path, has the key)
        self.ranges = []  # of requests that resume
        self.version = "1"  # of all files
        self.is_exact = True  # whether the part of a file states its place
        self.faults = defaultdict(list)
        self.absent = set()  # datasets that the API does not have
        self.answers = {}  # JSON by address, in place of the right one
        self.fields = {}  # datasets of the catalogue, in place of the right ones
        self.one_field_files = True
        self.waiting = threading.Event()  # whether a request hangs
        self.released = threading.Event()  # ends requests that hang

    def __enter__(self):
        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler(self)) for _ in range(2)]
        for server in self._servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        api, data = (server.server_address[1] for server in self._servers)
        self.base = f"http://127.0.0.1:{api}/api/"
        self.data = f"http://localhost:{data}/"  # another host, so without the key
        return self

    def __exit__(self, *_):
        self.released.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def requests_for(self, part):
        """Return the requests to the API's own host whose address contains some text."""
        return [path for host, path, _ in self.log if host == "127.0.0.1" and part in path]

    def fault(self, path):
        """Return the next misbehaviour for an address, if there is one."""
        for part, kinds in self.faults.items():
            if part in path and kinds:
                return kinds.pop(0)
        return None

    # what the API knows

    def description(self, path):
        """Return the JSON of an address, or None."""
        if path in self.answers:
            return self.answers[path]
        place = f"http{self.base[4:]}{RUN}/"
        known = {
            "": {"simulations": [{"name": RUN, "url": place}, {"name": "Illustris-1"}]},
            f"{RUN}/": {
                "name": RUN,
                "hubble": 0.6774,
                "omega_0": 0.3089,
                "omega_L": 0.6911,
                "boxsize": 75000,
                "num_files_groupcat": 3,
                "mass_dm": DM_MASS,
            },
            f"{RUN}/snapshots/": [
                {"number": number, "redshift": redshift, "num_groups_subfind": len(self.galaxies)}
                for number, redshift in ((84, 0.2), (SNAPSHOT, 2.2e-16))
            ],
            f"{RUN}/snapshots/{SNAPSHOT}/subhalos/": {
                "count": len(self.galaxies) - 2,
                "next": None,
                "results": [{"id": 0, "sfr": 1.0, "mass_log_msun": 12.0, "url": place}],
            },
        }
        return known.get(path)

    def file(self, path, query):
        """Return the bytes of a file, or None; raises KeyError for a field that is not there."""
        fields = {f"Subhalo/{key}": values for key, values in self.subhaloes().items()}
        fields |= {"Group/GroupFirstSub": np.array([0, -1, 2]), "Group/GroupNsubs": self.nsubs()}
        fields |= self.fields
        if path == f"{RUN}/files/groupcat-{SNAPSHOT}/":
            ((group, (name,)),) = query.items()
            if f"{group}/{name}" in self.absent:
                raise KeyError(name)
            return content({}, {f"{group}/{name}": fields[f"{group}/{name}"]})
        if path.startswith(f"{RUN}/files/groupcat-{SNAPSHOT}."):
            chunk = int(path.split(".")[1])
            header = tng_header(NumFiles=3, Time=1.0, Redshift=0.0)
            return content(header, fields if chunk == 1 else {})  # the others are empty
        if path == f"{RUN}/files/stellar_circs.hdf5":
            return content({}, {"Snapshot_99/SubfindID": np.arange(4)})
        if path == f"{RUN}/files/offsets.{SNAPSHOT}.hdf5":
            return content({}, {"FileOffsets/SnapByType": np.zeros((3, 6))})
        if path.endswith("/cutout.hdf5"):
            return self.cutout(int(path.split("/")[-2]), query)
        return None

    def cutout(self, subhalo, query):
        header = tng_header(Time=1.0, Redshift=0.0, SnapshotNumber=[99], CutoutID=[subhalo])
        header |= {"CutoutType": ["subhalo"], "CutoutRequest": [json.dumps(query)]}
        fields = {}
        for species, (names,) in query.items():
            for name in names.split(","):
                if name in self.absent:
                    raise KeyError(name)
                if GROUPS[species] in self.galaxies[subhalo]:
                    dataset = self.galaxies[subhalo][GROUPS[species]][name]
                    fields[f"{GROUPS[species]}/{name}"] = dataset
        return content(header, fields)

    def nsubs(self):
        return np.array([2, 0, len(self.galaxies) - 2], dtype=np.int32)

    def subhaloes(self):
        """Return the fields of the catalogue."""
        count = len(self.galaxies)
        lengths = np.zeros((count, 6), dtype=np.int32)
        for row, galaxy in enumerate(self.galaxies):
            for part_type, datasets in galaxy.items():
                lengths[row, int(part_type[-1])] = len(datasets["Coordinates"])
        masses = np.tile([1.0, 10.0, 0, 0, 3.0, 0.01], (count, 1))
        masses[-1, 4] = 0.1  # below the paper's cut
        flags = np.ones(count, dtype=bool)
        flags[-2] = False
        halves = np.tile([0.1, 1.0, 0, 0, 1.5, 0.01], (count, 1))
        return {
            "SubhaloFlag": flags,
            "SubhaloGrNr": np.array([0, 0, *[2] * (count - 2)], dtype=np.int32),
            "SubhaloHalfmassRadType": np.full((count, 6), 1.5, dtype="f4"),
            "SubhaloLenType": lengths,
            "SubhaloMass": masses.sum(axis=1).astype("f4"),
            "SubhaloMassInHalfRad": halves.sum(axis=1).astype("f4"),
            "SubhaloMassInHalfRadType": halves.astype("f4"),
            "SubhaloMassInRad": halves.sum(axis=1).astype("f4") * 2,
            "SubhaloMassInRadType": halves.astype("f4") * 2,
            "SubhaloMassType": masses.astype("f4"),
            "SubhaloPos": np.tile([1e4, 2e4, 3e4], (count, 1)).astype("f4"),
            "SubhaloSFRinRad": np.ones(count, dtype="f4"),
            "SubhaloStellarPhotometrics": np.full((count, 8), -20, dtype="f4"),
            "SubhaloVelDisp": np.full(count, 100, dtype="f4"),
        }


def content(header, datasets):
    """Return an HDF5 file as bytes."""
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        if header:
            file.create_group("Header").attrs.update(header)
        for name, values in datasets.items():
            file[name] = values
    return stream.getvalue()


def handler(api):
    """Return a request handler for an API."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else what follows the headers waits for 40 ms

        def log_message(self, *_):
            pass

        def do_GET(self):
            address, host = urlsplit(self.path), self.headers["Host"].split(":")[0]
            api.log.append((host, self.path, self.headers.get("api-key") == KEY))
            if host == "localhost":
                self.send_file(address)
            elif self.headers.get("api-key") != KEY:
                self.send_json(403, {"detail": "Failed session auth (and no API-Key sent)."})
            else:
                self.answer(address)

        def answer(self, address):
            path = address.path.removeprefix("/api/")
            kind = api.fault(self.path)
            if isinstance(kind, int):
                self.send_json(kind, {})
            elif isinstance(kind, dict):
                self.send_bytes(429, b"later", kind)
            elif kind == "loop":
                self.send_bytes(302, b"", {"Location": self.path})
            elif kind == "hang":
                api.waiting.set()
                api.released.wait()
            elif kind == "html":
                self.send_bytes(200, b"<!doctype html><title>TNG</title>")
            elif kind == "elsewhere":
                self.send_bytes(302, b"", {"Location": f"{api.data}nothing?token=secret"})
            elif (known := api.description(path)) is not None:
                self.send_json(200, known)
            elif "groupcat-" in path and path.endswith("/") and not api.one_field_files:
                self.send_bytes(504, b"")
            elif address.path.endswith("/") and "groupcat" not in path:
                self.send_bytes(200, b"<!doctype html><title>TNG</title>")
            else:
                token = f"token=secret&kind={kind or ''}&{address.query}"
                self.send_bytes(302, b"", {"Location": f"{api.data}{path}?{token}"})

        def send_file(self, address):
            query = parse_qs(address.query, keep_blank_values=True)
            kind = query.pop("kind", [""])[0]
            query.pop("token", None)
            try:
                body = api.file(address.path.removeprefix("/"), query)
            except KeyError:
                self.send_bytes(400, b"Invalid input")
                return
            if body is None:
                self.send_bytes(404, b"")
                return
            if kind == "slow":
                time.sleep(2.0)
            if kind == "short":  # complete by its length, but not a whole file
                body = body[: len(body) // 2]
            start, headers = 0, {"ETag": f'"{api.version}"'}
            if self.headers.get("Range"):
                api.ranges.append(self.headers["Range"])
                start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            status, rest = (206, body[start:]) if start else (200, body)
            if start and api.is_exact:
                headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            if kind == "gzip":
                self.send_bytes(200, gzip.compress(body), {"Content-Encoding": "gzip"})
                return
            self.send_bytes(status, rest, headers, cut=kind == "cut")

        def send_json(self, status, value):
            self.send_bytes(
                status, json.dumps(value).encode(), {"Content-Type": "application/json"}
            )

        def send_bytes(self, status, body, headers=(), *, cut=False):
            self.send_response(status)
            for name, value in dict(headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
            if cut:
                self.close_connection = True
                self.connection.close()

    return Handler


def quick_client(server, **changes):
    settings = {"attempts": 4, "first_wait": 0.01, "longest_wait": 0.05, "timeout": (5.0, 5.0)}
    return Client(key=KEY, base=server.base, **settings | changes)


def fetch(client, folder, **options):
    with open_fetcher(client, RUN, SNAPSHOT, folder, **options) as fetcher:
        return fetch_cutouts(fetcher, folder)
