"""same_scores.py A B: every number of the results.json files is the other's to 1e-4."""

import json
import sys


def compare(a, b, place):
    if isinstance(a, dict):
        assert a.keys() == b.keys(), place
        for key in a:
            compare(a[key], b[key], f"{place}/{key}")
    elif isinstance(a, list):
        assert len(a) == len(b), place
        for n, (x, y) in enumerate(zip(a, b)):
            compare(x, y, f"{place}/{n}")
    elif isinstance(a, (int, float)):
        assert abs(a - b) <= 1e-4, (place, a, b)
    else:
        assert a == b, (place, a, b)


a, b = [json.load(open(file)) for file in sys.argv[1:]]
compare(a["models"], b["models"], "")
print(len(a["models"]), "models alike")
