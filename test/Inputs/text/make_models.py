#!/usr/bin/env python3
"""Writes models/{bpe,tiny,unigram}.model with PyPI sentencepiece (0.2.x) and models/golden.json: their pieces, scores and types, and the ids that
they give random texts. Run in this folder."""
import io
import json
import os
import random
import sentencepiece

import sentencepiece_kinds as kinds

OPTIONS = {
    # As Llama 2 was trained.
    'bpe': dict(model_type='bpe', byte_fallback=True, normalization_rule_name='identity', remove_extra_whitespaces=False, split_digits=True,
                allow_whitespace_only_pieces=True, vocab_size=560),
    # For a teacher of 272 rows.
    'tiny': dict(model_type='bpe', byte_fallback=True, normalization_rule_name='identity', remove_extra_whitespaces=False, vocab_size=272),
    'unigram': dict(model_type='unigram', normalization_rule_name='identity', vocab_size=200, character_coverage=0.99),
}


def text_for(name, rng):
    # Special tokens are characters to SentencePiece and tokens to a tokenizer.json, and NUL ends a piece.
    text = kinds.random_text(rng)
    for token in ('<s>', '</s>', '<unk>', '<0x41>', '<0x0A>', '\0', kinds.SIGN):
        text = text.replace(token, '')
    return text


def main():
    os.makedirs('models', exist_ok=True)
    golden = {}
    for name, options in OPTIONS.items():
        model = io.BytesIO()
        sentences = ['the tree there these eh het'] * 50 if name == 'tiny' else kinds.corpus() + ['a    b  c   d'] * 30
        sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(sentences), model_writer=model, minloglevel=9, hard_vocab_limit=False, **options)
        with open(f'models/{name}.model', 'wb') as out:
            out.write(model.getvalue())
        if name == 'tiny':
            continue
        processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
        rng = random.Random(name)
        texts = ['', ' ', 'the word', ' the  word ', *(text_for(name, rng) for _ in range(60))]
        size = processor.get_piece_size()
        types = [2 if processor.is_unknown(id) else 3 if processor.is_control(id) else 6 if processor.is_byte(id) else 1 for id in range(size)]
        golden[name] = {'pieces': [processor.id_to_piece(id) for id in range(size)], 'scores': [processor.get_score(id) for id in range(size)], 'types': types,
                        'rows': [{'text': text, 'ids': processor.encode(text), 'decode': processor.decode(processor.encode(text))} for text in texts]}
    with open('models/golden.json', 'w') as out:
        out.write('{' + ',\n'.join(f'"{name}": {json.dumps(model)}' for name, model in golden.items()) + '}\n')


if __name__ == '__main__':
    main()
