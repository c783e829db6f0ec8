"""agreement.py RESULTS MODEL DOMAIN SAID BOUND: what an executable said of all tokens of the vocabulary is what eval found,
as far as float16 goes; of some of them it is less, and not much."""
import json, re, sys

found = json.load(open(sys.argv[1]))["agreement"][sys.argv[2]][sys.argv[3]]


def numbers(file):
    text = open(file).read()
    kl, error = map(float, re.search(r"teacher (\S+) \+- (\S+)", text).groups())
    return int(re.search(r"tokens (\d+)", text)[1]), kl, error, float(re.search(r"choice (\S+) %", text)[1]) / 100


tokens, kl, error, same = numbers(sys.argv[4])
assert tokens == found["tokens"], (tokens, found)
assert abs(kl - found["kl"]) < 2e-3 * found["kl"] + 1e-4, (kl, found)
assert abs(error - found["kl_standard_error"]) < 2e-2 * found["kl_standard_error"] + 1e-4, (error, found)
assert abs(same - found["top1"]) < 1.5 / tokens, (same, found)
bound = numbers(sys.argv[5])
assert 0.3 * kl < bound[1] < kl and bound[3] == same, (bound, kl, same)
