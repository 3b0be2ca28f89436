"""mosquitto beside us: paho publishes readings at QoS 1, paho stores them in a table like ours.

What it may have for free it gets: no TLS, no passwords, nothing signed, long windows, and rows in
transactions of a thousand. Each message is one reading, or `together` of them.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from delivered import Delivered, table

HOST = "127.0.0.1"
WINDOW = 1000  # messages under way: paho's default of 20 makes it slower
ROWS = 1000  # in a transaction
SECONDS = 300
CONFIGURATION = """listener {port} {host}
allow_anonymous true
max_inflight_messages 0
max_queued_messages 0
set_tcp_nodelay true
log_type none
"""


def missing():
    """Why it cannot be measured here, or nothing."""
    if not _mosquitto():
        return "mosquitto is not installed"
    try:
        import paho.mqtt.client  # noqa: F401, PLC0415 - only the bench has it
    except ImportError:
        return "paho-mqtt is not installed"
    return ""


def measure(count, together):
    """How fast `count` readings go from one process into the table of another."""
    with tempfile.TemporaryDirectory() as folder, _broker(folder) as (broker, port):
        before = _cpu_of(broker.pid)
        there = _start("subscribe", port, count, together, folder)
        there.stdout.readline()  # it listens
        here = _start("publish", port, count, together)
        told = json.loads(there.communicate(timeout=SECONDS)[0])
        sent = json.loads(here.communicate(timeout=SECONDS)[0])
        cpu = told["cpu"] + sent["cpu"] + _cpu_of(broker.pid) - before
    if told["rows"] != count:
        raise SystemExit(f"mosquitto delivered {told['rows']} of {count}")
    return Delivered(count / (told["end"] - sent["start"]), cpu / count * 1e6, count, 0)


def publish(port, count, together):
    """Send them all, and wait until the broker has acknowledged them."""
    client = _client(port)
    client.loop_start()
    time.sleep(0.3)
    start, cpu = time.time(), time.process_time()
    room = threading.Semaphore(WINDOW)
    client.on_publish = lambda *_: room.release()
    last = None
    for n in range(0, count, together):
        room.acquire()
        rows = "\n".join(
            f"{at} {1_700_000_000_000 + at} {at % 997 / 10}" for at in range(n, n + together)
        )
        last = client.publish("readings/t", rows, qos=1)
    last.wait_for_publish()
    client.disconnect()
    client.loop_stop()
    print(json.dumps({"start": start, "cpu": time.process_time() - cpu}))


def subscribe(port, count, together, folder):
    """Store all that come."""
    database = table(Path(folder))
    rows = []
    left = [count]

    def came(client, _, message):
        for line in message.payload.decode().split("\n"):
            seq, unix_ms, value = line.split(" ")
            rows.append((1, int(unix_ms), int(seq), 2, float(value)))
        left[0] -= together
        if len(rows) >= ROWS or left[0] <= 0:
            database.execute("BEGIN")
            database.executemany("INSERT OR IGNORE INTO reading VALUES (?, ?, ?, ?, ?)", rows)
            database.execute("COMMIT")
            rows.clear()
        if left[0] <= 0:
            client.disconnect()

    client = _client(port)
    client.on_message = came
    client.on_subscribe = lambda *_: print("listening", flush=True)
    client.subscribe("readings/t", qos=1)
    cpu = time.process_time()
    client.loop_forever()
    end, cpu = time.time(), time.process_time() - cpu
    stored = database.execute("SELECT count(*) FROM reading").fetchone()[0]
    print(json.dumps({"end": end, "rows": stored, "cpu": cpu}))


def _client(port):
    from paho.mqtt import client as mqtt  # noqa: PLC0415 - only the bench has it

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(WINDOW)
    client.connect(HOST, port)
    return client


@contextlib.contextmanager
def _broker(folder):
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    os.chmod(folder, 0o755)  # noqa: S103 - it gives up being root
    file = Path(folder, "mosquitto.conf")
    file.write_text(CONFIGURATION.format(port=port, host=HOST))
    process = subprocess.Popen(
        [_mosquitto(), "-c", file], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(port)
        yield process, port
    finally:
        process.terminate()
        process.wait(20)


def _wait(port):
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.05)
    raise SystemExit("mosquitto does not listen")


def _mosquitto():
    return shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def _start(*arguments):
    return subprocess.Popen(
        [sys.executable, __file__, *map(str, arguments)], stdout=subprocess.PIPE, text=True
    )


def _cpu_of(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    work = {"publish": publish, "subscribe": subscribe}[sys.argv[1]]
    work(*map(int, sys.argv[2:5]), *sys.argv[5:])
