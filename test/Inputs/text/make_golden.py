#!/usr/bin/env python3
"""Writes teachers.json and components.json with PyPI tokenizers (0.23.3): what runtime/Text must agree with.

teachers.json: the tokenizers of the example teacher and of test/Inputs/hf on the texts of the golden.json files here.
components.json: a base tokenizer of bytes and a few merges, and cases that replace parts of it.
Run in this folder."""
import copy
import json
import tokenizers

TEACHERS = {name: f'../hf/{name}/tokenizer.json' for name in ('llama-31', 'qwen2-tied', 'qwen3-tied', 'olmo2-mha', 'olmo3-yarn', 'smollm-tied')}
TEACHERS['tiny-llama'] = '../../../docs/examples/tiny-llama/tokenizer.json'


def rows(spec, texts):
    tokenizer = tokenizers.Tokenizer.from_str(spec)
    out = []
    for text in texts:
        plain, special = tokenizer.encode(text, add_special_tokens=False).ids, tokenizer.encode(text).ids
        out.append({'text': text, 'ids': plain, 'ids_special': special,
                    'decode': tokenizer.decode(plain, skip_special_tokens=False),
                    'decode_skip': tokenizer.decode(special, skip_special_tokens=True)})
    return out


def dump(path, items):
    with open(path, 'w') as out:
        out.write('[\n' + ',\n'.join(json.dumps(item) for item in items) + '\n]\n')


def alphabet():
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {**{byte: chr(byte) for byte in visible}, **{byte: chr(256 + n) for n, byte in enumerate(hidden)}}


def base():
    letters = alphabet()
    vocab = {letters[byte]: byte for byte in range(256)}
    merges = [('a', 'b'), ('b', 'c'), ('ab', 'ab'), ('c', 'd'), ('Ġ', 'ab'), ('Ã', '©'), ('abab', 'c'), ('1', '2'), ('a', 'a'), ('aa', 'a')]
    for left, right in merges:
        vocab[left + right] = len(vocab)
    vocab['whole'] = len(vocab)
    byte_level = {'type': 'ByteLevel', 'add_prefix_space': False, 'trim_offsets': True, 'use_regex': True}
    return {'version': '1.0', 'truncation': None, 'padding': None, 'added_tokens': [], 'normalizer': None,
            'pre_tokenizer': byte_level, 'post_processor': None, 'decoder': byte_level,
            'model': {'type': 'BPE', 'dropout': None, 'unk_token': None, 'continuing_subword_prefix': None,
                      'end_of_word_suffix': None, 'fuse_unk': False, 'byte_fallback': False, 'ignore_merges': False,
                      'vocab': vocab, 'merges': [list(pair) for pair in merges]}}


def added(content, id, **flags):
    token = {'id': id, 'content': content, 'single_word': False, 'lstrip': False, 'rstrip': False, 'normalized': False, 'special': True}
    return {**token, **flags}


def then_bytes(*steps):
    return {'type': 'Sequence', 'pretokenizers': [*steps, {'type': 'ByteLevel', 'add_prefix_space': False, 'trim_offsets': True, 'use_regex': False}]}


def split(pattern, behavior, invert=False, kind='Regex'):
    return then_bytes({'type': 'Split', 'pattern': {kind: pattern}, 'behavior': behavior, 'invert': invert})


def cases():
    first = len(base()['model']['vocab'])
    texts = ['', 'abababcd', 'ab ab  ab\n', 'aaaaaaa aaaaaaaa', 'caf\u00e9 12 123', 'abcabc-abc--ab', 'x\u180ey z\u2003\u0085w', 'whole wholeab']
    yield 'plain', {}, texts
    yield 'prefix space', {'pre_tokenizer': {'type': 'ByteLevel', 'add_prefix_space': True, 'trim_offsets': True, 'use_regex': True}}, texts + [' ab']
    for behavior in ('Isolated', 'Removed', 'Contiguous', 'MergedWithPrevious', 'MergedWithNext'):
        for invert in (False, True):
            yield f'{behavior} {invert}', {'pre_tokenizer': split('[b-]', behavior, invert)}, texts + ['-ab', '--', 'ab-']
    yield 'literal', {'pre_tokenizer': split('b.', 'Isolated', kind='String')}, ['ab.ab', 'abcab', 'b.b.']
    yield 'empty matches', {'pre_tokenizer': split('c*', 'Isolated')}, ['abccab', 'cc', '\u00e9ab']
    yield 'lines', {'pre_tokenizer': split('^ab|ab$', 'Isolated')}, ['abab\nabab\n', 'cabab']
    for individual in (False, True):
        yield f'digits {individual}', {'pre_tokenizer': then_bytes({'type': 'Digits', 'individual_digits': individual})}, ['12ab12', 'ab\u0663\u0664\u00bd\u216b12', '1', '12 12']
    tokens = [added('<s>', first), added('<s>x', first + 1), added('[L]', first + 2, lstrip=True), added('[R]', first + 3, rstrip=True),
              added('word', first + 4, single_word=True, special=False), added('e\u0301!', first + 5, normalized=True, special=False),
              added(' sp ace', first + 6, special=False), added('ab', 256)]
    pieces = ['<s>', '<s>x<s>', '<<s>>', 'c [L] [L]ab', '\u2003\u00a0[L]c', '[R] \n ab[R]', 'word words sword a-word word', 'w\u00f6rd word\u00e9 word_ (word)',
              '\u00e9!', 'e\u0301!ab', 'x sp acey', 'cabc', '[R]  [L] c', '<s', 'word']
    yield 'added', {'added_tokens': tokens}, pieces
    yield 'added, NFC', {'added_tokens': tokens, 'normalizer': {'type': 'NFC'}}, pieces + ['A\u030a\u0323 \u1100\u1161\u11a8 \u212b \u0958 \u0344']
    yield 'NFC sequence', {'normalizer': {'type': 'Sequence', 'normalizers': [{'type': 'NFC'}]}}, ['e\u0301', 'cafe\u0301ab']
    template = {'type': 'TemplateProcessing', 'single': [{'SpecialToken': {'id': '<s>', 'type_id': 0}}, {'Sequence': {'id': 'A', 'type_id': 0}}, {'SpecialToken': {'id': '</s>', 'type_id': 0}}],
                'pair': [{'Sequence': {'id': 'A', 'type_id': 0}}, {'Sequence': {'id': 'B', 'type_id': 1}}],
                'special_tokens': {'<s>': {'id': '<s>', 'ids': [first], 'tokens': ['<s>']}, '</s>': {'id': '</s>', 'ids': [first + 1, 97], 'tokens': ['</s>', 'a']}}}
    two = {'added_tokens': [added('<s>', first), added('</s>', first + 1)]}
    yield 'template', {**two, 'post_processor': template}, ['', 'ab', '<s>ab']
    byte_level = {'type': 'ByteLevel', 'add_prefix_space': True, 'trim_offsets': False, 'use_regex': True}
    yield 'template in a sequence', {**two, 'post_processor': {'type': 'Sequence', 'processors': [byte_level, template]}}, ['', 'ab']
    for ignore in (False, True):
        model = base()['model']
        model['ignore_merges'] = ignore
        yield f'ignore_merges {ignore}', {'model': model}, texts
    model = base()['model']
    model['vocab'] = {token: id for token, id in model['vocab'].items() if token != 'x'}
    yield 'byte missing', {'model': model}, ['axb', 'x', 'xx ab']
    model = base()['model']
    model['merges'] = [' '.join(pair) for pair in model['merges']] + ['a b']
    yield 'merges as strings, one twice', {'model': model}, texts
    model = base()['model']
    model['vocab']['\u4e00 '] = first
    yield 'token outside the alphabet', {'model': model}, ['\u4e00 ab']


def main():
    texts = []
    for style in ('llama3', 'smollm'):
        texts += [row['text'] for row in json.load(open(f'{style}/golden.json'))[:70]]
    texts = list(dict.fromkeys(text for text in texts if len(text) < 80))
    dump('teachers.json', [{'teacher': name, 'rows': rows(open(path).read(), texts)} for name, path in TEACHERS.items()])
    items = [{'base': base()}]
    for name, patch, probes in cases():
        items.append({'case': name, 'patch': patch, 'rows': rows(json.dumps({**copy.deepcopy(base()), **patch}), probes)})
    dump('components.json', items)


if __name__ == '__main__':
    main()
