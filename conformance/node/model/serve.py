"""Serves a model that was trained by train.py: `serve.py <folder> --port=<port>`. Loads it before it answers anything; POST rows of data to /predict."""

import json
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import joblib

classifier = joblib.load(Path(sys.argv[1]) / "classifier.joblib")

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the first process of a container has no default for it


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer("ok")

    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.answer(classifier.predict(rows).tolist())

    def answer(self, value):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(value).encode())


ThreadingHTTPServer(("", int(sys.argv[2].removeprefix("--port="))), Handler).serve_forever()
