#!/usr/bin/env python3
"""Writes golden.json: what Jinja2 3.1, set up as transformers does it, renders. Needs jinja2; run it here."""

import datetime
import json
import pathlib

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from more_templates import MORE

FOLDER = pathlib.Path(__file__).parent


class Generation(jinja2.ext.Extension):
    """The statement that marks what an assistant says."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_same"), [], [], body).set_lineno(line)

    def _same(self, caller):
        return caller()


def refuse(message):
    raise jinja2.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                        extensions=[Generation, jinja2.ext.loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = refuse
    env.globals["strftime_now"] = lambda format: datetime.datetime.now().strftime(format)
    return env


CALL = {"id": "call12345", "type": "function",
        "function": {"name": "weather", "arguments": {"city": "Orléans", "days": 2, "exact": True}}}
TOOL = {"type": "function", "function": {
    "name": "weather", "description": "The <weather> of a \"city\" & more",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                   "required": ["city"]}}}
TALKS = {
    "user": [{"role": "user", "content": "Hello"}],
    "system": [{"role": "system", "content": " Be 'kind'. "}, {"role": "user", "content": "  Two\nlines\n"}],
    "turns": [{"role": "system", "content": "S"}, {"role": "user", "content": "a"},
              {"role": "assistant", "content": "<think>hm</think>\n\nb \n"}, {"role": "user", "content": "é 日本 🙂"},
              {"role": "assistant", "content": "d"}],
    "tools": [{"role": "user", "content": "Rain?"}, {"role": "assistant", "content": "", "tool_calls": [CALL]},
              {"role": "tool", "name": "weather", "content": "{\"mm\": 3.5}"},
              {"role": "assistant", "content": "Yes."}, {"role": "user", "content": "Thanks"}],
    "wrong": [{"role": "assistant", "content": "x"}, {"role": "user", "content": "y"}],
    "empty": [],
}
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>"}

# Templates over these variables, one behaviour each.
VARIABLES = {
    "n": 7, "x": -2.5, "s": "  Hé llo wörld ", "t": "a,b,,c", "flag": True, "nothing": None, "zero": 0, "empty": "",
    "l": [3, 1, 2], "w": ["b", "A", "c", "a"], "d": {"b": 1, "a": [1, "x", None], "items": "shadowed"},
    "people": [{"name": "Ann", "age": 3, "tags": ["p", "q"]}, {"name": "bob", "age": 1}, {"name": "Cy", "age": 2}],
}
SMALL = [
    # White space.
    "a\n{% if flag %}\nb\n{% endif %}\nc\n", "a\n  {% if flag %}  \n b {% endif %}\n", "  {{ n }}\n  {{ n }}\n\n",
    "a {%- if flag -%} \n b \n {%- endif -%} c", "a\n   {%+ if flag %} b{% endif +%}\nc", "a\n{# note #}\nb", "x {#- n -#} y",
    "a\n \t{# n #}\n  b", "{% raw %}{{ n }} {% if %}{% endraw %}!", "a\n{%- raw -%}  {{x}}  {%- endraw %}\nb", "a\r\nb\rc\n\n",
    "{{ n -}}   \n  b", "a  \n {{- n }}", "\n{% if flag %}\n\n{% endif %}\n", "{% set a = 1 %}\n  {% set b = 2 %}\n{{ a + b }}",
    "a {{ n }} {% if flag %}b{% endif %} c\n", "  x {% if flag %}\n  y{% endif %}", "\u2003{%- if flag %}a{% endif %}\u2003{{- n }}",
    # Literals and operators.
    "{{ 1 + 2 * 3 - 4 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }}", "{{ -2 ** 2 }} {{ 2 ** 3 ** 2 }}",
    "{{ 1.0 }} {{ 1e16 }} {{ 1e-5 }} {{ 0.1 + 0.2 }} {{ 1.5e3 }} {{ x }} {{ 123456789.125 }} {{ 5e-324 }} {{ 1_000 }}",
    "{{ 7.5 // 2 }} {{ -7.5 % 2 }} {{ 7 % -3 }} {{ 2.0 ** 3 }} {{ 1 / 3 }} {{ true + true }} {{ +true }} {{ -flag }}",
    "{{ 'a' ~ 1 ~ none ~ true ~ [1, 'x'] ~ {'k': 'v'} ~ (1,) ~ () ~ 1.0 }}", "{{ 'a' 'b' \"c\" }}", "{{ 'q\\'uo\\\"te' }} {{ \"a\\n\\tb\\\\\" }}",
    "{{ '\\u00e9\\x41\\101\\q' }}", "{{ ['it\\'s', 'a\"b', 'both \\' \"', 'tab\\t', '\\x07', '\u00e9', '\u200b'] }}", "{{ 'ab' * 3 }} {{ [1] * 2 + [3] }} {{ 2 * 'x' }}",
    "{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 1 != 2 }} {{ 3 >= 3 }}",
    "{{ 'a' in 'cat' }} {{ 2 in l }} {{ 'b' in d }} {{ 'z' not in d }} {{ not 1 in l }} {{ 1 in missing }}", "{{ none }} {{ None }} {{ True }} {{ false }} {{ missing }}|",
    "{{ 0 or 'x' }} {{ '' and 1 }}| {{ none or false }} {{ 1 and 2 }} {{ not '' }} {{ not not n }}", "{{ 'y' if flag else 'z' }} {{ 'y' if zero else 'z' }} {{ 'y' if zero }}| {{ 1 if 0 else 2 if 0 else 3 }}",
    "{{ 1, 2 }} {{ (1, 2)[0] }} {{ {1: 'a', 'b': 2}[1] }} {{ {'a': 1, 'a': 2} }} {{ {'x': {'y': 1}} }}", "{{ -n }} {{ - - n }} {{ 3 - -2 }} {{ 1 - 2 - 3 }}",
    "{{ missing == missing2 }} {{ missing is defined }} {{ d.zzz is undefined }} {{ missing | length }}", "{{ (n if flag) + 1 }} {{ n|string + 'x' }} {{ 'a' + 'b'|upper }}",
    # Items, attributes, slices.
    "{{ d.b }} {{ d['b'] }} {{ d.a[1] }} {{ d['zz'] }}| {{ d.items }}".replace(" {{ d.items }}", ""), "{{ l[0] }} {{ l[-1] }} {{ l[9] }}| {{ l.0 }} {{ s[2] }} {{ s[-2] }}|",
    "{{ l[1:] }} {{ l[:-1] }} {{ l[::-1] }} {{ l[::2] }} {{ l[5:] }} {{ l[-2:] }} {{ s[2:4] }} {{ s[::-1] }} {{ l[2:0:-1] }} {{ (1,2,3)[1:] }}",
    "{{ d['items'] }} {{ people[0].tags[1] }} {{ people[1].tags }}| {{ people[-1]['name'] }}", "{{ d.get('b') }} {{ d.get('z') }} {{ d.get('z', 5) }}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %} {{ d.keys() | list }} {{ d.values() | list }}", "{{ none.x }}|{{ n.x }}|{{ 'a'.x }}|",
    # Statements.
    "{% if n > 10 %}a{% elif n > 5 %}b{% else %}c{% endif %}", "{% if missing %}a{% elif none %}b{% elif '' %}c{% else %}d{% endif %}",
    "{% for i in l %}{{ loop.index }}/{{ loop.length }}:{{ i }}{{ '' if loop.last else ', ' }}{% endfor %}",
    "{% for i in l %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.previtem }}{{ loop.nextitem }} {% endfor %}",
    "{% for i in [] %}x{% else %}none{% endfor %} {% for i in missing %}x{% else %}none{% endfor %}", "{% for i in l if i > 1 %}{{ loop.index }}{{ i }}/{{ loop.length }} {% else %}no{% endfor %}",
    "{% for i in l if i > 5 %}x{% else %}no{% endfor %}", "{% for a, b in [(1, 2), [3, 4]] %}{{ a }}-{{ b }} {% endfor %}", "{% for c in 'héy' %}{{ c }}.{% endfor %}{% for k in d %}{{ k }}{% endfor %}",
    "{% for i in range(3) %}{% for j in range(i) %}{{ loop.depth }}{{ loop.depth0 }}{{ i }}{{ j }} {% endfor %}{% endfor %}", "{{ range(5) | list }} {{ range(1, 10, 3) | list }} {{ range(3, 0, -1) | list }}",
    "{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}", "{% for i in l %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% set a = 1 %}{% for i in l %}{{ a }}{% set a = i %}{{ a }} {% endfor %}{{ a }}", "{% if flag %}{% set a = 5 %}{% endif %}{{ a }}", "{% set ns = namespace(a=1, b='x') %}{% for i in l %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}{{ ns.b }}{{ ns.c }}|",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }} {% set c = 1, %}{{ c }}", "{% set a %}x {{ n }} y{% endset %}[{{ a }}]", "{% set a | upper | trim %} x {{ n }} {% endset %}[{{ a }}]", "{% filter upper %}a{{ s }}b{% endfilter %}",
    "{% macro m(a, b=2, c='z') %}[{{ a }}{{ b }}{{ c }}]{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(a=1, c=5) }}{{ m() }}", "{% macro f(k) %}{% if k %}{{ k }}{{ f(k - 1) }}{% endif %}{% endmacro %}{{ f(4) }}",
    "{% macro m(x) -%}\n  {{ x }}\n{%- endmacro %}{% for i in l %}{{ m(i) | trim }}{% endfor %}", "{% set g = 1 %}{% macro m() %}{{ g }}{{ n }}{% endmacro %}{{ m() }}{% set g = 2 %}{{ m() }}",
    "{% generation %}a{% set q = 1 %}{{ q }}{% endgeneration %}{{ q }}|", "{% for i in l %}{% for j in l %}{% if j == 2 %}{% break %}{% endif %}{{ j }}{% endfor %};{% endfor %}",
    # Tests.
    "{{ n is number }} {{ n is string }} {{ s is string }} {{ d is mapping }} {{ l is sequence }} {{ l is iterable }} {{ n is iterable }} {{ none is none }} {{ flag is boolean }} {{ 1 is true }} {{ flag is true }}",
    "{{ n is odd }} {{ n is even }} {{ n is divisibleby 7 }} {{ n is divisibleby(2) }} {{ n is integer }} {{ x is float }} {{ flag is integer }} {{ 'a' is lower }} {{ 'A1' is upper }} {{ '1' is lower }}",
    "{{ n is eq 7 }} {{ n is equalto(8) }} {{ n is gt 3 }} {{ n is le 7 }} {{ n is ne 7 }} {{ 1 is in l }} {{ none is sameas none }} {{ s is not none }} {{ missing is not defined }} {{ d is sequence }} {{ 's' is sequence }}",
    "{{ not n is string and flag is defined }} {{ d.get is callable }} {{ n is not string or x }}",
    # Filters.
    "[{{ s | trim }}] {{ s | upper }} {{ s | lower }} {{ 'hELLO wORLD-foo' | title }} {{ 'hELLO' | capitalize }} {{ 'x--' | trim('-') }}", "{{ s | length }} {{ l | length }} {{ d | length }} {{ l | count }} {{ (l | first) ~ (l | last) }} {{ [] | first }}|",
    "{{ l | join }} {{ l | join(', ') }} {{ people | join('+', attribute='name') }} {{ [1, none, 'x'] | join('-') }}", "{{ missing | default('d') }} {{ '' | default('d') }} {{ '' | default('d', true) }} {{ none | d('x') }} {{ missing | default }}|",
    "{{ d | tojson }} {{ 'é\"\\\\\\n<&\\x01\\x7f' | tojson }} {{ [1.0, true, none] | tojson }} {{ 1e20 | tojson }} {{ (1, 2) | tojson }}", "{{ d | tojson(indent=2) }}\n{{ [] | tojson(indent=2) }}{{ {} | tojson(indent=4) }}{{ [[1], {}] | tojson(indent=1) }}",
    "{{ d | tojson(sort_keys=true) }} {{ 'é🙂' | tojson(ensure_ascii=true) }} {{ [1, {'a': 2}] | tojson(separators=(',', ':')) }} {{ {1: 2, true: 3, none: 4} | tojson }}", "{{ people | map(attribute='name') | list }} {{ people | map(attribute='tags.0', default='-') | list }} {{ w | map('upper') | join }}",
    "{{ people | selectattr('age', 'gt', 1) | map(attribute='name') | list }} {{ people | rejectattr('tags') | map(attribute='name') | join(',') }} {{ people | selectattr('tags', 'defined') | list | length }}", "{{ l | select('odd') | list }} {{ [0, 1, '', 'a'] | select | list }} {{ [0, 1, ''] | reject | list }} {{ l | reject('equalto', 2) | list }} {{ none | select | list }}",
    "{{ l | sort }} {{ l | sort(reverse=true) }} {{ w | sort }} {{ w | sort(case_sensitive=true) }} {{ people | sort(attribute='age') | map(attribute='name') | list }}", "{{ l | reverse | list }} {{ 'abc' | reverse }} {{ [1, 2, 1, 'A', 'a'] | unique | list }} {{ l | max }} {{ w | min }} {{ l | sum }} {{ people | sum(attribute='age') }} {{ [] | max }}|",
    "{{ '42' | int }} {{ 'x' | int }} {{ 'x' | int(5) }} {{ 3.9 | int }} {{ '3.7' | int }} {{ '-5' | int }} {{ ' 6 ' | int }} {{ '2' | float }} {{ 'x' | float }} {{ 5 | float }} {{ true | int }}", "{{ -5 | abs }} {{ x | abs }} {{ 2.5 | round }} {{ 3.5 | round }} {{ 2.675 | round(2) }} {{ 2.1 | round(0, 'ceil') }} {{ 42.55 | round | int }} {{ 7 | round }}",
    "{{ 'a\\nb\\n\\nc' | indent }}|{{ 'a\\nb' | indent(2, true) }}|{{ 'a\\n\\nb' | indent(width=3, blank=true) }}|{{ 'a\\nb' | indent('> ') }}|{{ 'a\\n' | indent }}", "{{ t | replace(',', ';') }} {{ t | replace(',', '', 1) }} {{ 'aaa' | replace('aa', 'b') }} {{ 123 | replace(2, 'x') }}", "{{ 5 | string + 'a' }} {{ s | list | length }} {{ d | list }} {{ d | items | list }} {{ d | dictsort }} {{ {'b': 2, 'A': 1} | dictsort }} {{ {'b': 1, 'a': 2} | dictsort(by='value') }}",
    "{{ [1] | safe }}{{ 'x' | safe | upper }} {{ d | attr('b') }}|",
    # Methods.
    "[{{ s.strip() }}] [{{ s.lstrip() }}] [{{ s.rstrip() }}] {{ 'xxaxx'.strip('x') }} {{ 'abcba'.lstrip('ab') }} {{ '\\n\\na\\n'.rstrip('\\n') | tojson }}", "{{ t.split(',') }} {{ t.split(',', 1) }} {{ ' a  b '.split() }} {{ ' a b c '.split(none, 1) }} {{ t.rsplit(',', 1) }} {{ 'a\\nb\\r\\nc'.splitlines() }} {{ ''.split(',') }} {{ ''.split() }}",
    "{{ t.startswith('a') }} {{ t.endswith(('x', 'c')) }} {{ t.find('b') }} {{ t.find('z') }} {{ 'hé'.find('é') }} {{ t.count(',') }} {{ t.replace(',', '.') }} {{ 'abc'.replace('', '-') }} {{ 'x'.join(['a', 'b']) }}", "{{ 'straße é'.upper() }} {{ 'ÀB'.lower() }} {{ 'they\\'re x2y'.title() }} {{ 'éA'.capitalize() }} {{ '12'.isdigit() }} {{ ' '.isspace() }} {{ 'AB'.isupper() }} {{ 'prefix'.removeprefix('pre') }} {{ 'a.py'.removesuffix('.py') }}",
    "{{ [1, 2, 1].count(1) }} {{ ['a', 'b'].index('b') }} {{ t.split(',')[-1] }} {{ 'a<b'.split('<')[0].strip() }} {{ t.rfind(',') }}", "{{ dict(a=1, b=2) }} {{ dict({'x': 1}, y=2) }} {{ namespace(a=1).a }}",
    # Refused by both.
    "{{ missing.x }}", "{{ d.zz.y }}", "{{ missing + 1 }}", "{{ 'a' + 1 }}", "{{ 1 / 0 }}", "{{ [1].append(2) }}", "{{ raise_exception('no') }}", "{% for i in 5 %}{% endfor %}", "{{ missing() }}", "{{ 1 < 'a' }}", "{{ d.b() }}",
    "{% if %}", "{{ 1 + }}", "{% for %}", "{{ 'a }}", "{% if flag %}", "{% endif %}", "{{ (1 }}", "{{ 1 } }", "{% set 1 = 2 %}", "{# open", "{% raw %}x", "{{ a b }}", "{{ x | }}", "{{ x is }}", "{% for a, b in [1] %}{% endfor %}", "{{ range(100001) }}", "{{ n | nosuchfilter }}", "{{ n is nosuchtest }}", "{% nosuchstatement %}", "{% set d.x = 1 %}", "{{ 'a' in 5 }}", "{{ [1] + (2,) }}", "{{ 5 | length }}", "{{ missing | tojson }}", "{{ l['a'].b }}", "{{ {[1]: 2} }}", "{{ (l | map('upper')) | length }}", "{% break %}", "{{ -'a' }}", "{{ l | join(1) | int('x') + 1 }}",
]


def render(env, text, **variables):
    try:
        return {"text": env.from_string(text).render(**variables)}
    except Exception:  # whatever it is, ours must refuse it too
        return {"refused": True}


def main():
    env = environment()
    cases = []
    for file in sorted(FOLDER.glob("*.jinja")):
        for talk, messages in TALKS.items():
            for prompt in (False, True):
                for more in ({}, {"tools": [TOOL]}, {"enable_thinking": False}):
                    if more and not (talk in ("turns", "tools") and prompt):
                        continue
                    variables = {"tools": None, "documents": None} | more
                    result = render(env, file.read_text(), messages=messages, add_generation_prompt=prompt, **SPECIAL,
                                    **variables)
                    cases.append({"file": file.name, "talk": talk, "prompt": prompt, "more": more} | result)
    small = [{"template": text} | render(env, text, **VARIABLES) for text in SMALL + MORE]
    golden = {"special": SPECIAL, "talks": TALKS, "variables": VARIABLES, "templates": cases, "small": small}
    rows = {key: "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in value) + "\n]"
            if isinstance(value, list) else json.dumps(value, ensure_ascii=False) for key, value in golden.items()}
    text = "{\n" + ",\n".join(f'"{key}": {value}' for key, value in rows.items()) + "\n}\n"
    (FOLDER / "golden.json").write_text(text)


main()
