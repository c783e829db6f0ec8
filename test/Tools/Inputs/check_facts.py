"""Reads what `xlstm facts` wrote: facts are lines that stand twice in a document, the second a quarter of it later, and
without them the document is text of the file, in one piece.   check_facts.py FACTS.jsonl TEXT DOCUMENTS FACTS"""
import json
import re
import sys

FORMS = [r"The \S+ \S+ is .+\.", r"\S+ \S+ = .+;", r"\* \S+ \S+: see .+", r"Remember that \S+ \S+ stands for .+\.", r"\[\S+ \S+\] .+",
         r'def \S+_\S+\(\): return ".+"']
rows = [json.loads(line)["text"] for line in open(sys.argv[1])]
source = re.sub(r"\s+", " ", open(sys.argv[2]).read().replace("<|eos|>", ""))
assert len(rows) == int(sys.argv[3]), len(rows)
for row in rows:
    lines = row.split("\n")
    facts = {line for line in lines if lines.count(line) == 2 and any(re.fullmatch(form, line) for form in FORMS)}
    assert len(facts) == int(sys.argv[4]), (len(facts), facts)
    rest = re.sub(r"\s+", " ", " ".join(line for line in lines if line not in facts)).strip()
    assert rest in source, rest[:200]
    for fact in facts:
        first, second = row.index(fact), row.rindex(fact)
        told = sum(len(line) + 1 for line in row[first:second].split("\n") if line not in facts)
        assert told > len(rest) / 4 - 450, (fact, told, len(rest))
print("ok", len({tuple(row.split("\n")[:40]) for row in rows}), "documents differ")
