"""A compiled executable as a server, and requests to it: Python's standard library alone."""

import http.client
import json
import re
import signal
import socket
import subprocess
import tempfile
import time


class Server:
    """`with Server(executable, "--parallel", "2") as server:` on a free port."""

    def __init__(self, executable, *options, environment=None):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([executable, "serve", "--port", "0", *options], stdout=subprocess.PIPE, stderr=self.log,
                                        text=True, env=environment)
        line = self.process.stdout.readline()
        found = re.search(r"http://[^:]+:(\d+)", line)
        if not found:
            self.process.wait()
            raise SystemExit(f"the server did not start: {line!r} {self.errors()}")
        self.port = int(found[1])
        self.key = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def errors(self):
        self.log.seek(0)
        return self.log.read().decode()

    def connect(self, timeout=60):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def raw(self, method, path, body=None, headers=None):
        """(status, headers, text)"""
        connection = self.connect()
        own = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        data = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        connection.request(method, path, data, {**own, **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, dict(answer.getheaders()), text

    def ask(self, path, body=None, status=200):
        """The JSON of an answer that has this status."""
        code, _, text = self.raw("GET" if body is None else "POST", path, body)
        assert code == status, f"{path} {str(body)[:200]}: expected {status}, found {code} {text[:500]}"
        return json.loads(text)

    def stream(self, path, body):
        """The events of a streamed answer, decoded."""
        status, headers, text = self.raw("POST", path, {**body, "stream": True})
        assert status == 200 and headers["Content-Type"] == "text/event-stream", (status, text)
        lines = [line for line in text.split("\n\n") if line]
        assert lines[-1] == "data: [DONE]", lines[-1]
        return [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]

    def send(self, data, wait=True):
        """Bytes as they are; what comes back until the server hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as link:
            link.sendall(data)
            got = b""
            while wait and (part := link.recv(65536)):
                got += part
        return got

    def rests(self, seconds):
        """Whether it has nothing more to do, soon."""
        end = time.monotonic() + seconds
        while self.metric("llamacpp:requests_processing") != 0:
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def metric(self, name):
        text = self.raw("GET", "/metrics")[2]
        return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)[1])


def completion(server, prompt, tokens=12, **more):
    body = {"prompt": prompt, "max_tokens": tokens, "temperature": 0, **more}
    return server.ask("/v1/completions", body)
