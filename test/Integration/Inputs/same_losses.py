"""same_losses.py A B...: every number of the metrics.jsonl files B is that of A to 1e-6 of its size, or of 1."""

import json
import sys

first, *others = [[json.loads(line) for line in open(file)] for file in sys.argv[1:]]
for name, other in zip(sys.argv[2:], others):
    assert len(other) == len(first), name
    for expected, found in zip(first, other):
        for key in ("loss", "ce", "kl", "held_out", "held_out_kl"):
            if key in expected:
                assert abs(found[key] - expected[key]) <= 1e-6 * max(1, abs(expected[key])), (name, key, expected, found)
print(len(first), "lines alike")
