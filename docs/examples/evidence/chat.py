#!/usr/bin/env python3
"""Conversations for a chat expert: prompts drawn from the corpora, answered by the teacher itself.

    chat.py --teacher FOLDER --data CORPORA --out FOLDER [--train 8000] [--held-out 200] [--device cuda]

FOLDER of the teacher is one that transformers loads (xlstm export BUNDLE -o FOLDER). Writes train.jsonl, valid.jsonl and
test.jsonl, a line {"messages": [...]} each: no prompt stands in two of them. Answers are sampled (temperature 0.7, seeded) and cut
at --tokens; what was cut is left out, so that every answer ends as the teacher ends it.
Needs transformers and torch; the prompts follow from the seed alone, the answers from the library's version too.
"""
import argparse
import json
import lzma
import pathlib
import random
import re
import sys

FORMS = ["What is {w}?", "Explain {w} to a child.", "Write one sentence with the word \"{w}\".", "What do {w} and {v} have in common?",
         "Tell me a short story about {w} and {v}.", "Give me three facts about {w}.", "Write a short poem about {w}.",
         "How would you describe {w} to someone who has never seen it?", "Is {w} more important than {v}? Say why."]
SUMS = ["What is {a} + {b}?", "What is {a} - {b}?", "What is {a} times {b}?", "Ann has {a} apples and buys {b} more. How many has she now?",
        "A train goes {a} km in {b} hours. How fast is it?", "Which is larger, {a} or {b}?"]
PASSAGES = ["Summarise this in one sentence:\n\n{p}", "What is this text about?\n\n{p}", "Rewrite this in simple words:\n\n{p}",
            "Find a title for this text:\n\n{p}", "List the main points of this text:\n\n{p}"]
CODE = ["Write a Python function that {t}.", "How do I write a program that {t}?", "Explain step by step how code {t}."]
THINGS = ["reverses a string", "counts the words of a text", "finds the largest number in a list", "sorts a list of names",
          "checks whether a number is prime", "reads a file line by line", "merges two sorted lists", "removes duplicates from a list",
          "computes the average of numbers", "converts Celsius to Fahrenheit", "finds common elements of two lists",
          "checks whether a word is a palindrome", "prints a multiplication table", "counts how often each letter occurs",
          "computes a factorial", "parses a date", "flattens nested lists", "searches a sorted list by halving",
          "generates the Fibonacci numbers", "writes a dictionary to a JSON file", "validates an e-mail address",
          "rotates a matrix", "finds the longest word of a sentence", "splits a text into sentences"]


def prompts(data, count, seed):
    """`count` distinct prompts: words of the knowledge corpus, sums, passages of prose, small programs."""
    draw = random.Random(seed)
    knowledge = lzma.open(data / "knowledge/train.txt.xz", "rt").read()
    words = sorted(set(re.findall(r"(?m)^([a-z]{4,12}) \(noun\):", knowledge)))
    prose = lzma.open(data / "prose/train.txt.xz", "rt").read(20_000_000)
    passages = [p for p in re.split(r"\n\s*\n", prose) if 200 < len(p) < 700 and not re.search(r"[<>{}|@\\]", p)]
    kinds = [(5, lambda: draw.choice(FORMS).format(w=draw.choice(words), v=draw.choice(words))),
             (1, lambda: draw.choice(SUMS).format(a=draw.randint(2, 200), b=draw.randint(2, 99))),
             (2, lambda: draw.choice(PASSAGES).format(p=re.sub(r"\s+", " ", draw.choice(passages)).strip())),
             (1, lambda: draw.choice(CODE).format(t=" and ".join(draw.sample(THINGS, 2))))]
    weights = [weight for weight, _ in kinds]
    found = {}
    while len(found) < count:
        found[draw.choices(kinds, weights)[0][1]()] = None
    return list(found)


def answers(asked, args):
    """The teacher's answer to each prompt; None where it did not end within the limit."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    torch.manual_seed(args.seed)
    tokenizer = AutoTokenizer.from_pretrained(args.teacher, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(args.teacher, dtype=torch.bfloat16 if args.device == "cuda" else torch.float32)
    model = model.to(args.device).eval()
    end = tokenizer.eos_token_id
    tokenizer.pad_token_id = end if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    order, found = sorted(range(len(asked)), key=lambda n: len(asked[n])), [None] * len(asked)
    for first in range(0, len(order), args.batch):
        part = order[first:first + args.batch]
        texts = [tokenizer.apply_chat_template([{"role": "user", "content": asked[n]}], tokenize=False, add_generation_prompt=True)
                 for n in part]
        batch = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False).to(args.device)
        with torch.inference_mode():
            out = model.generate(**batch, do_sample=True, temperature=0.7, top_k=0, max_new_tokens=args.tokens, eos_token_id=end,
                                 pad_token_id=tokenizer.pad_token_id)
        for n, row in zip(part, out[:, batch["input_ids"].shape[1]:].tolist()):
            if end in row:
                found[n] = tokenizer.decode(row[:row.index(end)], skip_special_tokens=True).strip() or None
        print(f"{min(first + args.batch, len(order))} of {len(order)} prompts answered", file=sys.stderr, flush=True)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for folder in ("--teacher", "--data", "--out"):
        parser.add_argument(folder, type=pathlib.Path, required=True)
    for number, default in (("--train", 8000), ("--held-out", 200), ("--tokens", 256), ("--batch", 512), ("--seed", 1)):
        parser.add_argument(number, type=int, default=default)
    parser.add_argument("--device", default="cuda")
    args = parser.parse_args()
    asked = prompts(args.data, args.train + 2 * args.held_out, args.seed)
    answered = list(zip(asked, answers(asked, args)))
    borders = {"valid": (0, args.held_out), "test": (args.held_out, 2 * args.held_out), "train": (2 * args.held_out, None)}
    args.out.mkdir(parents=True, exist_ok=True)
    for name, (first, end) in borders.items():
        lines = [json.dumps({"messages": [{"role": "user", "content": q}, {"role": "assistant", "content": a}]}, ensure_ascii=False)
                 for q, a in answered[first:end] if a]
        (args.out / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
        print(f"{name}: {len(lines)} conversations")


if __name__ == "__main__":
    main()
