"""recall.json's numbers of the first bundle are those of all heads in heads.json, and the second bundle's those of none."""
import json
import math
import sys

recall, heads = (json.load(open(name)) for name in sys.argv[1:])
teacher, student = (model["lengths"] for model in recall["models"])
at = heads["recall_at"][0]
for mine, theirs in ((teacher[1], at["all"]), (student[1], at["none"])):
    assert mine["length"] == at["length"] == 160, (mine, at)
    assert math.isclose(mine["nats"], theirs["nats"], rel_tol=1e-4), (mine, theirs)
    assert mine["whole"] == theirs["exact"], (mine, theirs)
assert teacher[1]["nats"] != student[1]["nats"]
