#!/usr/bin/env python3
"""Writes sentencepiece/KIND.json with PyPI tokenizers (0.23.3): a tokenizer of every kind besides byte-level BPE, and what the package
makes of random texts and ids. Kinds with a table of replacements take the first one's (PyPI sentencepiece, 0.2). Run in this folder."""
import json
import os
import random
import tokenizers

import sentencepiece_kinds as kinds


def main():
    os.makedirs('sentencepiece', exist_ok=True)
    for name, spec in kinds.all_kinds():
        if name in ('xlmr', 'xlmr-bare'):
            continue  # a third of a megabyte each
        tokenizer = tokenizers.Tokenizer.from_str(json.dumps(spec))
        rng = random.Random(name)
        rows = []
        for text in ['', ' ', 'the word', ' the  word', *(kinds.random_text(rng) for _ in range(24))]:
            plain, special = tokenizer.encode(text, add_special_tokens=False).ids, tokenizer.encode(text).ids
            rows.append({'text': text, 'ids': plain, 'ids_special': special, 'decode': tokenizer.decode(plain, skip_special_tokens=False),
                         'decode_skip': kinds.decode_skip(tokenizer, special)})
        streams = []
        for _ in range(12):
            ids = [rng.randrange(len(spec['model']['vocab']) + 3) for _ in range(rng.randrange(12))]
            streams.append({'ids': ids, 'decode': tokenizer.decode(ids, skip_special_tokens=False)})
        with open(f'sentencepiece/{name}.json', 'w') as out:
            out.write('{"tokenizer": ' + json.dumps(spec) + ',\n"rows": [\n' + ',\n'.join(map(json.dumps, rows)) +
                      '\n],\n"streams": [\n' + ',\n'.join(map(json.dumps, streams)) + '\n]}\n')


if __name__ == '__main__':
    main()
