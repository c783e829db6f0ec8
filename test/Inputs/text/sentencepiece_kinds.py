"""Tokenizers of every kind besides byte-level BPE, small, and texts for them: for make_sentencepiece.py and
test/tokenizers_oracle.py."""
import base64
import io
import random
import sys
import unicodedata

SIGN = '\u2581'
WORDS = ('the of and to in is that it was for on are as with his they at be this from have or one had by word but not what all were '
         'we when your can said there use an each which she do how their if will up other about out many then them these so some her '
         'would make like him into time has look two more write go see number no way could people caf\u00e9 na\u00efve stra\u00dfe '
         '\u0434\u043e\u043c \u043c\u0438\u0440 \u0447\u0435\u043b\u043e\u0432\u0435\u043a \u03bb\u03cc\u03b3\u03bf\u03c2 \u05e9\u05dc\u05d5\u05dd '
         '\u0633\u0644\u0627\u0645 \u0928\u092e\u0938\u094d\u0924\u0947 \u4e2d\u6587 \u65e5\u672c\u8a9e \uc548\ub155 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 '
         '12 2024 3.14 \ufb01n \u2460 \u00bd \uff21\uff22 x\u00b2 ... -- "yes" (no) a\u0301').split()
BYTES = [f'<0x{byte:02X}>' for byte in range(256)]


def random_text(rng):
    """Words, spaces of all kinds, added tokens, and characters of any script (those that Unicode had in version 9, whose
    tables PyPI tokenizers normalises with)."""
    parts = []
    for _ in range(rng.randrange(14)):
        kind = rng.random()
        if kind < 0.35:
            parts.append(rng.choice(WORDS))
        elif kind < 0.6:
            parts.append(rng.choice([' ', ' ', ' ', '  ', '   ', '\n', '\t', '\n\n', '\u00a0', '\u3000', '\u2003', '\r\n', '\u200b', '\u2581', '\ufeff', '\0', '\x07', '\x1f']))
        elif kind < 0.65:
            parts.append(rng.choice(['<s>', '</s>', '<unk>', '<0x41>', '<0x0A>', '[L]', '[R]', '[N]', '[W]', 'Caf\u00e9!']))
        elif kind < 0.75:
            parts.append(''.join(chr(rng.randrange(32, 127)) for _ in range(rng.randrange(1, 5))))
        elif kind < 0.8:
            parts.append(rng.choice(['e\u0301', 'a\u0323\u0301', 'a\u0301\u0323', '\u1100\u1161\u11a8', '\U0001f468\u200d\U0001f469\u200d\U0001f467', '\U0001f1e9\U0001f1ea\U0001f1eb', '\u0915\u094d\u0937', '\u0e33', '\ufdfa', '\u212b', '\u0130', '\u01c5', '\u0345', '\u2126']))
        else:
            for _ in range(rng.randrange(1, 4)):
                parts.append(random_character(rng))
    return ''.join(parts)


def random_character(rng):
    while True:
        code = rng.randrange(rng.choice([0x250, 0x600, 0x1000, 0x3100, 0xffff, 0x10ffff, 0x20000]))
        if 0xd800 <= code < 0xe000 or is_new(chr(code)):
            continue
        return chr(code)


def is_new(char):
    # Unassigned, for private use, or perhaps of a version after 9: what Unicode 3.2 did not have is taken when it is no mark and
    # has no parts.
    return unicodedata.category(char) in ('Cn', 'Co') or (unicodedata.ucd_3_2_0.category(char) == 'Cn' and (unicodedata.category(char)[0] == 'M' or unicodedata.decomposition(char)))


def added(content, id, **flags):
    return {'id': id, 'content': content, 'single_word': False, 'lstrip': False, 'rstrip': False, 'normalized': False, 'special': True, **flags}


def corpus():
    rng = random.Random(5)
    return [' '.join(rng.choice(WORDS) for _ in range(rng.randrange(4, 20))) for _ in range(400)]


def pieces():
    """Tokens of a small vocabulary: prefixes and suffixes of words, more often used ones first."""
    counts = {}
    for line in corpus():
        for word in line.split():
            for text in (SIGN + word,):
                for begin in range(len(text)):
                    for end in range(begin + 1, min(len(text), begin + 6) + 1):
                        counts[text[begin:end]] = counts.get(text[begin:end], 0) + 1
    for extra in (SIGN * 2, SIGN * 3, SIGN * 4, 'ab', '\n', '\t'):
        counts[extra] = 50
    order = sorted(counts, key=lambda text: (-counts[text], text))
    letters = [text for text in order if len(text) == 1]
    return letters, [text for text in order if len(text) > 1][:240], counts


def bpe(bytes_=True, unk=True, fuse=True, ignore=False, drop=0):
    letters, longer, counts = pieces()
    letters = letters[:len(letters) - drop] if drop else letters
    tokens = (['<unk>', '<s>', '</s>'] if unk else ['<s>', '</s>']) + (BYTES if bytes_ else []) + longer + letters
    vocab = {token: id for id, token in enumerate(tokens)}
    # As transformers makes merges of scores: by token, best first, then by the ids of its halves.
    merges = []
    for token in longer:
        halves = [(token[:n], token[n:]) for n in range(1, len(token)) if token[:n] in vocab and token[n:] in vocab]
        merges += sorted(halves, key=lambda pair: (vocab[pair[0]], vocab[pair[1]]))
    return {'type': 'BPE', 'dropout': None, 'unk_token': '<unk>' if unk else None, 'continuing_subword_prefix': None, 'end_of_word_suffix': None,
            'fuse_unk': fuse, 'byte_fallback': bytes_, 'ignore_merges': ignore, 'vocab': vocab, 'merges': [list(pair) for pair in merges]}


def unigram(bytes_=False):
    import math
    letters, longer, counts = pieces()
    total = sum(counts.values())
    vocab = [['<pad>', 0.0], ['</s>', 0.0], ['<unk>', 0.0]]
    vocab += [[text, math.log(counts[text] / total) + 0.5 * len(text)] for text in longer + letters[:-12]]
    if bytes_:
        vocab += [[text, -20.0] for text in BYTES]
    return {'type': 'Unigram', 'unk_id': 2, 'vocab': vocab, 'byte_fallback': bytes_}


def tokenizer(model, normalizer=None, pre=None, decoder=None, bos=True, tokens=()):
    names = ['<s>', '</s>', '<unk>'] if model['type'] == 'BPE' else ['</s>', '<unk>']
    ids = model['vocab'] if model['type'] == 'BPE' else {text: id for id, (text, _) in enumerate(model['vocab'])}
    first = len(model['vocab'])
    listed = [added(name, ids[name], **({'normalized': True} if 'normal' in tokens else {})) for name in names if name in ids]
    if 'flags' in tokens:
        listed += [added('[L]', first, lstrip=True), added('[R]', first + 1, rstrip=True), added('[N]', first + 2, normalized=True, special=False),
                   added('[W]', first + 3, single_word=True), added('Caf\u00e9!', first + 4, normalized=True, special=False)]
    mark = '<s>' if '<s>' in ids else '</s>'
    text = {'Sequence': {'id': 'A', 'type_id': 0}}
    single = [{'SpecialToken': {'id': mark, 'type_id': 0}}, text] if bos else [text, {'SpecialToken': {'id': mark, 'type_id': 0}}]
    template = {'type': 'TemplateProcessing', 'single': single, 'pair': [text, {'Sequence': {'id': 'B', 'type_id': 1}}],
                'special_tokens': {mark: {'id': mark, 'ids': [ids[mark]], 'tokens': [mark]}}}
    return {'version': '1.0', 'truncation': None, 'padding': None, 'added_tokens': listed, 'normalizer': normalizer, 'pre_tokenizer': pre,
            'post_processor': template, 'decoder': decoder, 'model': model}


def sequence(kind, *steps):
    return {'type': 'Sequence', kind: list(steps)}


def replace(pattern, content, kind='String'):
    return {'type': 'Replace', 'pattern': {kind: pattern}, 'content': content}


def metaspace(scheme, split=True):
    return {'type': 'Metaspace', 'replacement': SIGN, 'prepend_scheme': scheme, 'split': split}


PREPEND = {'type': 'Prepend', 'prepend': SIGN}
LLAMA_DECODER = sequence('decoders', replace(SIGN, ' '), {'type': 'ByteFallback'}, {'type': 'Fuse'}, {'type': 'Strip', 'content': ' ', 'start': 1, 'stop': 0})


def charsmap(rule):
    """SentencePiece's own table, out of a model trained with it."""
    import sentencepiece
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(corpus()), model_writer=model, vocab_size=200, model_type='unigram',
                                             normalization_rule_name=rule, hard_vocab_limit=False, minloglevel=9)
    return {'type': 'Precompiled', 'precompiled_charsmap': base64.b64encode(field(field(model.getvalue(), 3), 2)).decode()}


def field(message, wanted):
    """The last value of a length-delimited field of a protobuf message."""
    at, found = 0, b''

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
    while at < len(message):
        key = number()
        if key & 7 == 2:
            size = number()
            if key >> 3 == wanted:
                found = message[at:at + size]
            at += size
        elif key & 7 == 0:
            number()
        else:
            at += 4 if key & 7 == 5 else 8
    return found


def decode_skip(tokenizer, ids):
    """decode with skip_special_tokens, which tokenizers 0.23.3 forgets for special tokens that are also normalized."""
    special = [id for id, token in tokenizer.get_added_tokens_decoder().items() if token.special]
    return tokenizer.decode([id for id in ids if id not in special], skip_special_tokens=False)


def all_kinds(with_charsmap=True):
    """Pairs of a name and a tokenizer.json."""
    yield 'llama2', tokenizer(bpe(), sequence('normalizers', PREPEND, replace(' ', SIGN)), None, LLAMA_DECODER, tokens=('flags',))
    yield 'llama2-normalized', tokenizer(bpe(), sequence('normalizers', PREPEND, replace(' ', SIGN)), None, LLAMA_DECODER, tokens=('normal', 'flags'))
    yield 'llama2-new', tokenizer(bpe(), None, metaspace('first', False), LLAMA_DECODER, tokens=('flags',))
    for scheme in ('first', 'always', 'never'):
        yield f'metaspace-{scheme}', tokenizer(bpe(), None, metaspace(scheme), metaspace(scheme), tokens=('flags',))
    yield 'gemma', tokenizer(bpe(ignore=True), replace(' ', SIGN), {'type': 'Split', 'pattern': {'String': ' '}, 'behavior': 'MergedWithPrevious', 'invert': False},
                             sequence('decoders', replace(SIGN, ' '), {'type': 'ByteFallback'}, {'type': 'Fuse'}))
    yield 'bpe-unk', tokenizer(bpe(bytes_=False, fuse=False, drop=20), None, metaspace('always'), metaspace('always'))
    yield 'bpe-unk-fused', tokenizer(bpe(bytes_=False, drop=20), None, metaspace('always'), metaspace('always'))
    yield 'bpe-no-unk', tokenizer(bpe(bytes_=False, unk=False, drop=20), None, metaspace('first'), None)
    yield 'unigram', tokenizer(unigram(), None, metaspace('always'), metaspace('always'), bos=False, tokens=('flags',))
    yield 'unigram-bytes', tokenizer(unigram(True), sequence('normalizers', replace(' ', SIGN)), None, sequence('decoders', {'type': 'ByteFallback'}, metaspace('always')), bos=False)
    yield 'unigram-first', tokenizer(unigram(), sequence('normalizers', {'type': 'Nmt'}, {'type': 'NFKC'}, replace(' {2,}', ' ', 'Regex')), metaspace('first'), metaspace('first'), bos=False, tokens=('flags',))
    yield 'xlmr-like', tokenizer(unigram(), {'type': 'NFKC'}, sequence('pretokenizers', {'type': 'WhitespaceSplit'}, metaspace('first')), metaspace('first'), bos=False, tokens=('flags',))
    yield 'lower', tokenizer(bpe(), sequence('normalizers', {'type': 'NFD'}, {'type': 'StripAccents'}, {'type': 'Lowercase'}, {'type': 'Strip', 'strip_left': True, 'strip_right': True}),
                             sequence('pretokenizers', {'type': 'Punctuation', 'behavior': 'Isolated'}, metaspace('first')), sequence('decoders', {'type': 'ByteFallback'}, metaspace('first'), {'type': 'Strip', 'content': 'e', 'start': 1, 'stop': 0}), tokens=('flags',))
    yield 'nfkd', tokenizer(bpe(), sequence('normalizers', {'type': 'NFKD'}, replace('^\\s+|\\s+$', '', 'Regex'), PREPEND), sequence('pretokenizers', {'type': 'Whitespace'}, {'type': 'Digits', 'individual_digits': True}),
                            sequence('decoders', {'type': 'ByteFallback'}, {'type': 'Fuse'}, replace(SIGN + SIGN, ' '), {'type': 'Strip', 'content': 'e', 'start': 2, 'stop': 0}), tokens=('flags',))
    yield 'delimiter', tokenizer(bpe(), {'type': 'Lowercase'}, sequence('pretokenizers', {'type': 'CharDelimiterSplit', 'delimiter': '-'}, {'type': 'Digits', 'individual_digits': False}), None)
    if with_charsmap:
        rules = sequence('normalizers', charsmap('nmt_nfkc'), replace(' {2,}', ' ', 'Regex'))
        yield 't5', tokenizer(unigram(), rules, metaspace('always'), metaspace('always'), bos=False, tokens=('flags',))
        yield 'xlmr', tokenizer(unigram(), charsmap('nmt_nfkc_cf'), sequence('pretokenizers', {'type': 'WhitespaceSplit'}, metaspace('first')), metaspace('always'), bos=False)
        yield 'xlmr-bare', tokenizer(unigram(), charsmap('nmt_nfkc'), metaspace('first'), metaspace('always'), bos=False)
