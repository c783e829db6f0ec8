#!/usr/bin/env python3
"""Writes regexes.json with PyPI tokenizers (0.23.3), whose engine is Oniguruma: how an expression cuts texts, for every construct that
PCRE2 takes differently or does not have. An expression with "refused" is right there and must be refused here by that name; one with
"invalid" is wrong in both. With --fuzz N BINARY (tokenize-lines) random expressions are compared instead. Run in this folder."""
import json
import random
import subprocess
import sys
import tempfile
import tokenizers

TEXTS = ['aaaab', 'aaa aa\naab', 'don\'t STOP 12345', 'x\u0301y \u0928\u092e\u0938\u094d\u0924\u0947 \u0e2a\u0e27\u0e31\u0e2a', 'A\r\nB\n\nC', '\u00e9\u00df\u017f \u212a k', 'a_b-c.d$e+f<g', 'x\u180ey\u200bz\u2003w\u0085v',
         '\u4e2d\u6587abc\u3042', '\u2167\u00bd\u0663 \u2028\u2029', '[ab]{1}(c)', 'abcabc abab', 'f\u0131 \ufb01 \ufb00 ss', '\ta\x0bb\x0cc\x07\x1b', 'hhh FF 0x1F', 'zZ\u01c5\u01c4', '\n', 'k<1>g<a>QabcE']

SAME = [
    # Repetitions: {n,m}+ repeats, {n}? is optional, {,n} begins at 0, {m,n} with m > n is possessive.
    r'a{1,2}+', r'a{1,2}+b', r'a{2}+', r'a{1,}+b', r'a{2}?', r'a{1,2}?', r'a{,2}', r'a{,2}b', r'a{3,1}', r'a{3,1}a', r'a{2}{2}', r'a{2}*', r'a+*', r'a*+', r'a++a',
    r'a?+a', r'a??b', r'a+?b', r'(?:a{1,2}+)+', r'a{', r'a{,}', r'a{x}', r'a{1', r'\p{N}{1,3}+', r'a+{2}',
    # Places.
    r'^a', r'b$', r'a$', r'^', r'$', r'\Aa', r'b\z', r'b\Z', r'C\Z', r'\n\Z', r'\Ga', r'\ba', r'a\b', r'\Ba', r'\b', r'\w+\b', r'\bx', r'a\Kb', r'\Ka', r'\Aa+|\G a',
    # Options: m is dotall, an option without a group makes one of all branches behind it.
    r'(?m)a.', r'(?m:B.)', r'a.', r'.', r'(?m-m:.)a', r'(?i)a|c', r'x(?i)a|C', r'(?i:TOP)', r'(?i:k)', r'(?i:s)', r'(?i:[a-k])', r'(?i:[^a-k])', r'(?-i:A)', r'(?i:a(?-i:B)c)', r'(?x) a  b # c', r'(?x: a + b )c',
    r'(?x)a\ b', r'(?mix:A .)', r'(?i:\w)+', r'(?i:\s|\d)', r"(?i:'s|'t|'re|'ve|'m|'ll|'d)", r'(?i:\u00e9)', r'(?x)[ a]+', r'(?#b)a+', r'a(?#x)+',
    # Characters.
    r'\h', r'\H+', r'[\h]+', r'[^\h]+', r'\R', r'\R+', r'[\R]', r'\N+', r'\O', r'\v', r'[\v]', r'\a|\e|\f', r'\t', r'\x41', r'\x{e9}', r'\u00e9', r'\u4e2d+', r'\o{101}', r'\101', r'\0', r'\cG', r'\C-G', r'[\b]', r'\Qa', r'\Q+', r'\E', r'\<1\>',
    r'\pL', r'\PL', r'\i', r'\_', r'\-', r'\/', r'\L', r'\kx', r'\xg', r'\x', r'[\x41-\x43]', r'[\A\z]', r'\]', r']', r'\}', r'}', r'a|', r'|a', r'', r'()', r'\$', r'[\u4e00-\u9fa5]+', r'\u0041',
    # Kinds of characters: \w has marks and connectors, \s has no U+180E.
    r'\w+', r'\W+', r'\s+', r'\S+', r'\d+', r'\D+', r'[\w]+', r'[\p{Word}]+', r'[\W]+', r'[^\w]+', r'[^\W]+', r'[\s\S]+', r'[\d\D]', r'[^\S\n]+', r'[\W_]+', r'[^\w\s]+', r'[\p{L}\W]+',
    # Properties.
    r'\p{L}+', r'\P{L}+', r'\p{^L}+', r'\P{^L}+', r'\p{Letter}+', r'\p{Lu}', r'\p{Uppercase_Letter}', r'\p{uppercase letter}', r'\p{LC}', r'\p{Mn}', r'\p{Nd}+', r'\p{Sc}|\p{Sm}', r'\p{Punct}', r'\p{P}', r'\p{Punctuation}', r'\p{Han}+', r'\p{Hiragana}', r'\p{Greek}', r'\p{Latin}+', r'\p{Common}+', r'\p{Inherited}',
    r'\p{Alpha}+', r'\p{Alphabetic}+', r'\p{Alnum}+', r'\p{Space}+', r'\p{White_Space}+', r'\p{Word}+', r'\p{Any}', r'\p{ASCII}+', r'\p{Upper}', r'\p{Lower}+', r'\p{XDigit}+', r'\p{Graph}+', r'\p{Print}+', r'\p{Cntrl}', r'\p{Blank}', r'\p{Assigned}', r'\p{Cn}', r'\p{C}', r'\p{Z}', r'\p{Emoji}', r'[\p{L}\p{^N}]+', r'[^\p{^L}]+', r'\p{Zl}|\p{Zp}',
    # Classes.
    r'[[:alpha:]]+', r'[[:^alpha:]]+', r'[[:alnum:]_]+', r'[[:punct:]]+', r'[[:space:]]+', r'[[:word:]]+', r'[^[:word:]]+', r'[[:graph:]]+', r'[[:print:]]+', r'[[:cntrl:]]+', r'[[:blank:]]+', r'[[:xdigit:]]+', r'[[:upper:]]', r'[[:lower:]]+', r'[[:digit:]]+', r'[[:ascii:]]+', r'[:alpha:]+', r'[[:^space:][:digit:]]+',
    r'[a-c&&b-d]+', r'[\w&&[^\d]]+', r'[^a-c&&b-d]+', r'[\p{L}&&\p{ASCII}]+', r'[\w&&[a-z]&&[^aeiou]]+', r'[a-z&&[^b]c]+', r'[[a-c][x-z]]+', r'[a[^b-z]]+', r'[^a[b]]+', r'[^[^a]]+', r'[[^\w]\s]+', r'[a&&a]', r'[\p{Lu}\p{Lo}&&[^\p{Han}]]+', r'[[[a]]b]+', r'[^[a-c&&b]\s]+',
    r'[]a]+', r'[^]a]+', r'[a-]+', r'[-a]+', r'[a\-c]+', r'[+--]+', r'[a-c-e]+', r'[\s\-a]+', r'[a\]]+', r'[&a]+', r'[a&]+', r'[a^]+', r'[$.]+', r'[ -~]+', r'[\[\]]+', r'[.-/]+', r'[\n\r]+', r'[^\n]+', r'[{}]+', r'[()|]+', r'[\\]+', r'[\101]+', r'[\1]', r'[\8]',
    # Groups.
    r'(a)(b)\2', r'(a)\1', r'(ab|c)\1', r'(?<x>a)\k<x>', r"(?'x'a)\k'x'", r'(?<x>a)(b)', r'(a)(?:b)\1', r'(?<x>a)|b', r'(ab)\k<1>', r'(?>a+)b', r'(?=a)', r'a(?=b)', r'a(?!b)', r'(?<=a)b', r'(?<!a)b', r'(?<=a|bc)a', r'(?<!^)a', r'(?<=\s)\S+', r'((a)|(b))+', r'(a|ab)(c|bcd)?',
]
REFUSED = {
    r'\X': 'a text segment', r'\y': 'a text segment', r'(?<x>a)\g<x>': 'a call of a group', r'(?~ab)': 'an absent operator', r'(?{x})': 'a callout', r'(*FAIL)': 'a callout', r'(a)?(?(1)b|c)': 'a condition',
    r'(?W)a': 'the option (?W)', r'(?y{g})a': 'the option (?y)', r'(?i)ss': 'a ligature', r'(?i:STOP)': 'a ligature', r'(?i)\u00df': 'simple case', r'(?i)fi': 'a ligature', r'(?i)\p{Lu}': 'a property under (?i)', r'(?i)[\p{Lu}]': 'a named set', r'(?i)[\u00e0-\u00ff]': 'beyond ASCII',
    r'\p{InBasicLatin}': 'the block of characters', r'\p{Diacritic}': 'the property Diacritic', r'[a&&]': 'an empty side', r'\xE3\x81\x82': 'a byte of UTF-8', r'(a)\k<-1>': 'a level or counted from here', r'[1_-[a]]': 'a range that ends with a class', r'(?i)[a[^b]]': 'a negated class', r'a{70000}': 'more than 65535', r'(?<=a+)b': 'PCRE2 does not take',
    r'\x{41 42}': 'a list of code points',
}
INVALID = [r'[\d-z]', r'^*a', r'(?=a)*b', r'(a', r'{1}', r'a|{2,3}', r'a)', r'[a', r'*a', r'a|*', r'+', r'(?s)a', r'(?<a', r'[b-a]', r'\p{', r'a\\'[:2], r'(?<x>a)\1', r'[]', r'(?z)', r'\u12', r'(?']


def cut(expression, texts):
    splitter = tokenizers.pre_tokenizers.Split(tokenizers.Regex(expression), 'isolated')
    return [[part for part, _ in splitter.pre_tokenize_str(text)] for text in texts]


def random_expression(rng, depth=0):
    def atom():
        kind = rng.random()
        if kind < 0.35:
            return rng.choice('ab c1-') if rng.random() < 0.8 else rng.choice([r'\n', '\u00e9', r'\.', '\u0301', '_'])
        if kind < 0.6:
            return rng.choice([r'\w', r'\s', r'\d', r'\S', r'\W', r'\D', r'\h', r'\H', '.', r'\R', r'\p{L}', r'\p{^N}', r'\P{Lu}', r'\p{Punct}', r'\N', r'\O', r'\p{M}'])
        if kind < 0.75:
            return random_class(rng)
        if kind < 0.82:
            return rng.choice(['^', '$', r'\b', r'\B', r'\A', r'\z', r'\Z'])
        if depth > 2:
            return 'a'
        return rng.choice(['(', '(?:', '(?>', '(?=', '(?!', '(?i:', '(?m:', '(?x:', '(?<!a)(?:']) + random_expression(rng, depth + 1) + ')'
    text = ''
    for n in range(rng.randrange(1, 4)):
        item = atom()
        text += item
        if not item.startswith(('(?=', '(?!', '^', '$', r'\b', r'\B', r'\A', r'\z', r'\Z')):
            while rng.random() < 0.25:
                text += rng.choice(['*', '+', '?', '{2}', '{1,2}', '{,2}', '{1,}', '+?', '*?', '??', '?+', '++', '{1,2}?', '{1,2}+', '{2}?', '{2,1}'])
        if rng.random() < 0.1:
            text += '|'
    return text


def random_class(rng, depth=0):
    text = '[' + rng.choice(['', '', '^'])
    for n in range(rng.randrange(1, 4)):
        text += rng.choice(['a', 'b-d', '1', '_', r'\s', r'\w', r'\d', r'\W', r'\S', r'\p{L}', r'\p{^L}', '[:alpha:]', '[:^alpha:]', '[:punct:]', r'\n', '\u00e9', '-'] if n else ['a', 'b-d', '1', r'\s', r'\w'])
        if depth < 2 and rng.random() < 0.2:
            text += random_class(rng, depth + 1)
        if rng.random() < 0.15:
            text += '&&' + rng.choice(['a-c', r'\w', r'\S', '[^b]'])
    return text + ']'


def ours(binary, expression, texts):
    with tempfile.NamedTemporaryFile('w', suffix='.txt') as file:
        file.write(expression)
        file.flush()
        ran = subprocess.run([binary, '--regex', file.name], input='\n'.join(map(json.dumps, texts)), capture_output=True, text=True)
    return [json.loads(line) for line in ran.stdout.split('\n') if line] if ran.returncode == 0 else ran.stderr.strip().split(': ', 1)[1]


def fuzz(count, binary):
    rng, counts = random.Random(int(sys.argv[4]) if len(sys.argv) > 4 else 3), {}
    for _ in range(count):
        expression = random_expression(rng)
        try:
            want = cut(expression, TEXTS)
        except Exception as error:  # noqa: BLE001
            want = f'invalid {error}'
        got = ours(binary, expression, TEXTS)
        if isinstance(want, str) or isinstance(got, str):
            kind = ('invalid' if isinstance(want, str) else 'valid') + ' there, ' + ('refused' if isinstance(got, str) else 'TAKEN') + ' here'
            if isinstance(want, list) and 'not supported' not in got and 'PCRE2 does not' not in got:
                kind = 'DIFFERENT: ' + kind
        else:
            kind = 'same' if want == got else 'DIFFERENT'
        counts[kind] = counts.get(kind, 0) + 1
        if 'DIFFERENT' in kind and counts[kind] < 12:
            print(kind, repr(expression), got if isinstance(got, str) else [(t, w, g) for t, w, g in zip(TEXTS, want, got) if w != g][:1])
        elif 'TAKEN' in kind and counts[kind] < 4:
            print(kind, repr(expression), want)
    print(counts)


def main():
    if len(sys.argv) > 3 and sys.argv[1] == '--fuzz':
        return fuzz(int(sys.argv[2]), sys.argv[3])
    rows = []
    for expression in SAME:
        try:
            rows.append({'regex': expression, 'parts': cut(expression, TEXTS)})
        except Exception as error:  # noqa: BLE001
            print(f'{expression}: {error}')
    for expression, name in REFUSED.items():
        try:
            tokenizers.Regex(expression)
        except Exception as error:  # noqa: BLE001
            print(f'{expression}: {error}')
        rows.append({'regex': expression, 'refused': name})
    for expression in INVALID:
        try:
            tokenizers.Regex(expression)
        except Exception:  # noqa: BLE001
            rows.append({'regex': expression, 'invalid': True})
        else:
            sys.exit(f'{expression} is valid')
    with open('regexes.json', 'w') as out:
        out.write('{"texts": ' + json.dumps(TEXTS) + ',\n"rows": [\n' + ',\n'.join(map(json.dumps, rows)) + '\n]}\n')


if __name__ == '__main__':
    main()
