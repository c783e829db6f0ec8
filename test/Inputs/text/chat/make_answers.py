#!/usr/bin/env python3
"""Writes answers.json: which tokens of a conversation transformers says are the assistant's, for templates with its own
statement {% generation %} around what the assistant says. Ours is given the same templates without that statement.
Needs transformers 4.57; run it here."""

import json
import pathlib

from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

FOLDER = pathlib.Path(__file__).parent
TOKENIZERS = ["smollm", "llama3", "qwen2", "sentencepiece/llama2", "sentencepiece/nfkd"]
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>"}

# What is put in place of what in a template: the answer, with what closes it, inside of the statement.
MARKS = {
    "smollm2": [("""{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}""", """{{'<|im_start|>' + message['role'] + '
'}}{% if message['role'] == 'assistant' %}{% generation %}{{ message['content'] + '<|im_end|>' }}{% endgeneration %}{% else %}{{ message['content'] + '<|im_end|>' }}{% endif %}{{ '
'}}""")],
    "llama3": [("""    {{- text }}
""", """    {%- if message['role'] == 'assistant' %}
        {{- text[:text.index('<|end_header_id|>') + 19] }}
        {%- generation %}{{- text[text.index('<|end_header_id|>') + 19:] }}{% endgeneration %}
    {%- else %}
        {{- text }}
    {%- endif %}
""")],
    "mistral": [('{{- " " + message["content"] | trim + eos_token }}',
                 '{%- generation %}{{- " " + message["content"] | trim + eos_token }}{% endgeneration %}')],
    "llama2": [("{{- ' ' + content | trim + ' ' + eos_token -}}",
                "{%- generation -%}{{- ' ' + content | trim + ' ' + eos_token -}}{%- endgeneration -%}")],
    "qwen3": [("{{- '<|im_start|>assistant\\n<think>\\n'", "{{- '<|im_start|>assistant\\n' }}{% generation %}{{- '<think>\\n'"),
              ("content.lstrip('\\n') }}\n        {%- else %}",
               "content.lstrip('\\n') + '<|im_end|>' }}{% endgeneration %}{{- '\\n' }}\n        {%- else %}"),
              ("{{- '<|im_start|>assistant\\n' + content }}\n        {%- endif %}",
               "{{- '<|im_start|>assistant\\n' }}{% generation %}{{- content + '<|im_end|>' }}{% endgeneration %}{{- '\\n' }}\n        {%- endif %}"),
              ("        {{- '<|im_end|>\\n' }}\n    {%- endif %}\n{%- endfor %}\n{%- if add", "    {%- endif %}\n{%- endfor %}\n{%- if add")],
}


def user(text):
    return {"role": "user", "content": text}


def answer(text):
    return {"role": "assistant", "content": text}


TALKS = {
    "one": [user("Hello"), answer("Hello! How are you?")],
    "turns": [user("a"), answer("é 日本 🙂 b"), user("yes b"), answer("yes")],
    "white": [user(" two\n\nlines \n"), answer("\n a\n\n"), user("\n"), answer("  b")],
    "thought": [user("1 + 1?"), answer("<think>\nhm\n</think>\n\n2"), user("sure?"), answer("<think>\nhm\n</think>\n\nyes, 2")],
}


def marked(name):
    text = (FOLDER / f"{name}.jinja").read_text()
    for old, new in MARKS[name]:
        assert text.count(old) == 1, (name, old, text.count(old))
        text = text.replace(old, new)
    return text


def main():
    cases = []
    for tokenizer in TOKENIZERS:
        file = FOLDER.parent / (tokenizer + ".json" if "/" in tokenizer else tokenizer + "/tokenizer.json")
        read = json.loads(file.read_text())
        spec = json.dumps(read.get("tokenizer", read))  # sentencepiece/ has them inside of another object
        made = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(spec))
        for template in MARKS:
            for talk, messages in TALKS.items():
                common = {"tokenize": True, **SPECIAL}
                with_marks = made.apply_chat_template(messages, chat_template=marked(template), return_dict=True,
                                                      return_assistant_tokens_mask=True, **common)
                plain = made.apply_chat_template(messages, chat_template=(FOLDER / f"{template}.jinja").read_text(), **common)
                assert plain == with_marks["input_ids"], (tokenizer, template, talk)
                mask = "".join(map(str, with_marks["assistant_masks"]))
                if "1" not in mask:  # transformers finds no token for white space that a normalizer takes away, and gives up
                    continue
                cases.append({"tokenizer": str(file.relative_to(FOLDER.parent)), "template": template, "talk": talk,
                              "ids": plain, "learned": mask})
    text = json.dumps({"talks": TALKS, "special": SPECIAL}, ensure_ascii=False)[:-1] + ', "cases": [\n'
    text += ",\n".join(json.dumps(case) for case in cases) + "\n]}\n"
    (FOLDER / "answers.json").write_text(text)


main()
