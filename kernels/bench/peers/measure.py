"""What the peers share: medians by CUDA events, and the lines that `xlstm bench kernels --peers` reads.

A script prints one JSON object a case on its standard output, {"case", "peer", "ms"}: the fastest of the settings tried.
What was tried, what failed and what could not be imported goes to standard error, a line each.
"""
import json
import statistics
import sys

import torch


def times_ms(call, most, least):
    """As many as fill `most` milliseconds, and at least `least`."""
    times = []
    while len(times) < least or sum(times) < most:
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record(), call(), end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end))
    return times


def median_ms(call):
    """Warmed up for long: large products are bound by the card's power, whose limit takes effect after a while."""
    times_ms(call, 250, 3)
    return statistics.median(times_ms(call, 350, 3))


def graph_ms(calls):
    """Milliseconds of one of `calls`, all of them in one CUDA graph: launches cost nothing."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            calls[0]()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for call in calls:
            call()
    return median_ms(graph.replay) / len(calls)


def fastest(case, settings):
    """The fastest of `settings`, (name, function that returns milliseconds): its name and milliseconds, or None."""
    best = None
    for name, measure in settings:
        try:
            ms = measure()
            print(f"{case}: {name}: {ms:.4f} ms", file=sys.stderr, flush=True)
            if best is None or ms < best[1]:
                best = (name, ms)
        except Exception as error:  # a setting that fails does not stop the others
            reason = (str(error).splitlines() or [""])[0][:150]
            print(f"{case}: {name}: failed, {type(error).__name__}: {reason}", file=sys.stderr, flush=True)
        torch.cuda.empty_cache()
    return best


def report(case, *parts):
    """The case's line: the sum of its parts, each as `fastest` returned it; nothing where one is missing."""
    if all(parts):
        peer, ms = " + ".join(name for name, _ in parts), sum(ms for _, ms in parts)
        print(json.dumps({"case": case, "peer": peer, "ms": ms}), flush=True)
