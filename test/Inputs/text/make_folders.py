#!/usr/bin/env python3
"""Writes folders.json with PyPI transformers (4.57.6, tokenizers 0.22.2): what the files of a folder mean together, and
what lib/Import/Tokenizer must make of them.

Every case is a folder: `tokenizer` replaces parts of the base tokenizer (null: no tokenizer.json), `vocab_merges` says
that its vocab.json and merges.txt are there instead, `files` are the others; `rows` are texts with the ids of
AutoTokenizer. Classes that follow add_bos_token and add_eos_token in this version (LlamaTokenizerFast) stand for all.
Run in this folder."""
import copy
import json
import pathlib
import tempfile

from make_golden import added, base
from transformers import AutoTokenizer

B, E = '<b>', '<e>'
TEXTS = ['abab', '', 'ab <x>é cd<pad> <b>', ' it\'s 1234 <y>\n\nabc <e>', '<x> ab <y>']


def template(before, after):
    name = lambda token: {'SpecialToken': {'id': token, 'type_id': 0}}
    ids = {B: 267, E: 268}
    single = [*map(name, before), {'Sequence': {'id': 'A', 'type_id': 0}}, *map(name, after)]
    return {'type': 'TemplateProcessing', 'single': single, 'pair': [*single, {'Sequence': {'id': 'B', 'type_id': 1}}],
            'special_tokens': {token: {'id': token, 'ids': [ids[token]], 'tokens': [token]} for token in (*before, *after)}}


def token(content, **flags):
    return {'__type': 'AddedToken', 'content': content, 'lstrip': False, 'normalized': False, 'rstrip': False, 'single_word': False, **flags}


def decoder(**tokens):
    listed = {'267': token(B, special=True), '268': token(E, special=True)}
    return {**{key: {k: v for k, v in value.items() if k != '__type'} for key, value in {**listed, **tokens}.items()}}


def case(name, tokenizer, config, files=None, model='llama', vocab_merges=False, texts=TEXTS):
    files = {'config.json': {'model_type': model, 'bos_token_id': 267, 'eos_token_id': 268}, **(files or {})}
    if config is not None:
        files['tokenizer_config.json'] = config
    spec = base()
    with tempfile.TemporaryDirectory() as folder:
        put = lambda name, content: (pathlib.Path(folder) / name).write_text(content if isinstance(content, str) else json.dumps(content))
        if tokenizer is not None:
            put('tokenizer.json', {**spec, **tokenizer})
        if vocab_merges:
            put('vocab.json', spec['model']['vocab'])
            put('merges.txt', '#version: 0.2\n' + '\n'.join(' '.join(pair) for pair in spec['model']['merges']) + '\n')
        for file, content in files.items():
            put(file, content)
        read = AutoTokenizer.from_pretrained(folder)
        rows = [{'text': text, 'ids': read(text)['input_ids']} for text in texts]
    return {'case': name, 'tokenizer': tokenizer, 'vocab_merges': vocab_merges, 'files': files, 'rows': rows}


def main():
    both = [added(B, 267), added(E, 268)]
    plain = {'added_tokens': both}
    named = {'bos_token': B, 'eos_token': E, 'unk_token': E}
    llama = {**named, 'tokenizer_class': 'LlamaTokenizerFast'}
    fast = {**named, 'tokenizer_class': 'PreTrainedTokenizerFast'}
    gpt2, qwen2 = {'tokenizer_class': 'GPT2Tokenizer', **named}, {'tokenizer_class': 'Qwen2Tokenizer', **named, 'bos_token': None}
    around = lambda before, after: {**plain, 'post_processor': template(before, after)}
    byte_level = {**plain, 'post_processor': {'type': 'ByteLevel', 'add_prefix_space': True, 'trim_offsets': False, 'use_regex': True}}
    cases = [
        case('bos by the key', byte_level, {**llama, 'add_bos_token': True, 'add_eos_token': False}),
        case('bos by the key, an object', plain, {**llama, 'bos_token': token(B, normalized=True), 'add_bos_token': True, 'add_eos_token': False}),
        case('no bos by the key', around([B], []), {**llama, 'add_bos_token': False, 'add_eos_token': False}),
        case('bos by key and template', around([B], []), {**llama, 'add_bos_token': True, 'add_eos_token': False}),
        case('both by the keys', plain, {**llama, 'add_bos_token': True, 'add_eos_token': True}),
        case('eos by the key, bos by the template', around([B], []), {**llama, 'add_eos_token': True}),
        case('no eos by the key', around([B], [E]), {**llama, 'add_bos_token': True, 'add_eos_token': False}),
        case('neither by the keys', around([B], [E]), {**llama, 'add_bos_token': False, 'add_eos_token': False}),
        case('no key, a template', around([B], [E]), fast),
        case('no key, no template', byte_level, fast),
        case('Qwen 2: bos is null, config.json has one', byte_level, {**qwen2, 'add_bos_token': False}, model='qwen2'),
        case('no tokenizer_config.json', around([B], []), None, model='qwen2'),
        case('added_tokens_decoder', plain, {**fast, 'added_tokens_decoder': decoder(**{'269': token('<x>', special=True), '270': token('<y>', special=False, rstrip=True)})}),
        case('added_tokens_decoder out of order', plain, {**fast, 'added_tokens_decoder': decoder(**{'300': token('<x>', special=True), '290': token('<y>', special=True)})}),
        case('added_tokens_decoder changes flags', plain, {**fast, 'added_tokens_decoder': {**decoder(), '267': {**decoder()['267'], 'lstrip': True}}}),
        case('added_tokens_decoder names a token of the vocabulary', plain, {**fast, 'added_tokens_decoder': decoder(**{'266': token('whole', special=True)})}, texts=[*TEXTS, 'a whole b']),
        case('names and lists', plain, {**fast, 'pad_token': '<pad>', 'additional_special_tokens': ['<x>', '<y>'], 'added_tokens_decoder': decoder()}),
        case('special_tokens_map.json', plain, {'tokenizer_class': 'PreTrainedTokenizerFast'}, {'special_tokens_map.json': {**named, 'pad_token': token('<pad>', lstrip=True), 'additional_special_tokens': ['<x>']}}),
        case('special_tokens_map.json comes before', plain, {**fast, 'pad_token': '<y>'}, {'special_tokens_map.json': {'pad_token': '<x>'}}),
        case('special_tokens_map.json beside added_tokens_decoder', plain, {**fast, 'added_tokens_decoder': decoder()}, {'special_tokens_map.json': {'pad_token': '<pad>'}}),
        case('added_tokens.json', plain, fast, {'added_tokens.json': {'<y>': 270, '<x>': 269}}),
        case('added_tokens.json beside added_tokens_decoder', plain, {**fast, 'added_tokens_decoder': decoder()}, {'added_tokens.json': {'<x>': 269}}),
        case('vocab and merges, GPT-2', None, {**gpt2, 'added_tokens_decoder': decoder(**{'269': token('<x>', special=True)})}, vocab_merges=True),
        case('vocab and merges, GPT-2, prefix space', None, {**gpt2, 'add_prefix_space': True, 'added_tokens_decoder': decoder()}, vocab_merges=True),
        case('vocab and merges, Qwen 2', None, {**qwen2, 'added_tokens_decoder': decoder(**{'269': token('<x>', special=True)})}, model='qwen2', vocab_merges=True),
        case('vocab and merges, added_tokens.json', None, qwen2, {'added_tokens.json': {B: 267, E: 268, '<x>': 269}}, model='qwen2', vocab_merges=True),
        case('vocab and merges, class by model_type', None, None, model='qwen2', vocab_merges=True),
    ]
    with open('folders.json', 'w') as out:
        out.write('[\n' + ',\n'.join(json.dumps(item) for item in [{'base': base()}, *cases]) + '\n]\n')


if __name__ == '__main__':
    main()
