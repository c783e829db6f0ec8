"""Compares event files of a run with TensorBoard's own reader (PyPI: tensorboard).

    python3 test/tensorboard_oracle.py RUN       # every events.out.tfevents below RUN against its metrics.jsonl
    python3 test/tensorboard_oracle.py --golden  # the bytes that test/unit/Train/LongRunsTest.cpp has
"""

import io
import json
import pathlib
import struct
import sys

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter


def numbers(line, name=""):
    """What a line of metrics.jsonl becomes."""
    if isinstance(line, dict):
        for key, value in line.items():
            yield from numbers(value, f"{name}/{key}" if name else key)
    elif isinstance(line, list) and len(line) == 2 and all(isinstance(value, (int, float)) for value in line):
        yield from ((f"{name}/least", line[0]), (f"{name}/greatest", line[1]))
    elif isinstance(line, (int, float)) and not isinstance(line, bool):
        yield name, line


def compare(events):
    read = event_accumulator.EventAccumulator(str(events), size_guidance={event_accumulator.SCALARS: 0})
    read.Reload()
    found = {}
    for tag in read.Tags()["scalars"]:
        found[tag] = [(event.step, event.value) for event in read.Scalars(tag)]
    expected = {}
    for text in (events.parent / "metrics.jsonl").read_text().splitlines():
        line = json.loads(text)
        step = line.pop("step")
        for tag, value in numbers(line):
            expected.setdefault(tag, []).append((step, struct.unpack("f", struct.pack("f", value))[0]))
    assert found == expected, f"{events}: {found.keys() ^ expected.keys()}"
    print(f"{events}: {len(found)} series, {sum(map(len, found.values()))} numbers")


def golden():
    for event in (
        Event(wall_time=1700000000.25, file_version="brain.Event:2"),
        Event(wall_time=1700000000.5, step=300, summary=Summary(value=[
            Summary.Value(tag="loss", simple_value=2.5), Summary.Value(tag="i_gate/least", simple_value=-1.0)])),
    ):
        out = io.BytesIO()
        RecordWriter(out).write(event.SerializeToString())
        print(out.getvalue().hex())


if sys.argv[1:] == ["--golden"]:
    golden()
else:
    files = sorted(pathlib.Path(sys.argv[1]).rglob("events.out.tfevents"))
    assert files, "no event file"
    for file in files:
        compare(file)
