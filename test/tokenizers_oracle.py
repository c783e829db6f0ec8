#!/usr/bin/env python3
"""Compares runtime/Text with PyPI tokenizers on random strings of all scripts, for every kind of tokenizer that is read.

    python3 test/tokenizers_oracle.py build/release/bin/tokenize-lines --count 100000 [--kind NAME]

Needs PyPI tokenizers (0.23.3) and, for tables of replacements, sentencepiece. Run by hand; the small golden files of the test
suite are made by test/Inputs/text/make_sentencepiece.py out of the same kinds."""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import tokenizers

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'Inputs', 'text'))
import sentencepiece_kinds as kinds  # noqa: E402


def differences(binary, spec, lines):
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(spec))
    with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
        json.dump(spec, file)
        file.flush()
        ran = subprocess.run([binary, file.name], input='\n'.join(map(json.dumps, lines)), capture_output=True, text=True)
    if ran.returncode:
        return [ran.stderr.strip()]
    bad = []
    for line, answer in zip(lines, ran.stdout.split('\n'), strict=False):
        answer = json.loads(answer)
        if isinstance(line, list):
            want = [tokenizer.decode(line, skip_special_tokens=False), kinds.decode_skip(tokenizer, line)]
        else:
            plain, special = tokenizer.encode(line, add_special_tokens=False).ids, tokenizer.encode(line).ids
            want = [plain, special, tokenizer.decode(plain, skip_special_tokens=False), kinds.decode_skip(tokenizer, special)]
        if answer != want:
            bad.append((line, want, answer))
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('binary')
    parser.add_argument('--count', type=int, default=100000)
    parser.add_argument('--kind')
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args()
    failed = False
    for name, spec in kinds.all_kinds():
        if options.kind and options.kind != name:
            continue
        rng = random.Random(f'{name} {options.seed}')
        lines = [kinds.random_text(rng) for _ in range(options.count)]
        size = len(spec['model']['vocab'])
        lines += [[rng.randrange(size + 3) for _ in range(rng.randrange(12))] for _ in range(options.count // 10)]
        bad = differences(options.binary, spec, lines)
        print(f'{name}: {len(lines)} lines, {len(bad)} differ', flush=True)
        for item in bad[:3]:
            print('   ', item)
        failed |= bool(bad)
    sys.exit(failed)


if __name__ == '__main__':
    main()
