#!/usr/bin/env python3
"""Writes what is made of the kernels' descriptions (dialects/Kernel/KernelCallOps.td):

    kernel_calls.py DUMP.json cpu|cuda|table|thunks|cuda-on-cpu|docs OUTPUT

DUMP.json is what llvm-tblgen --dump-json says. KernelBase.td explains the fields.
"""

import json
import pathlib
import re
import textwrap

C_TYPES = {"f32": "float", "bf16": "xlstm_bf16", "f16": "xlstm_f16", "i32": "int32_t", "i64": "int64_t",
           **{f"{kind}p": "uint8_t" for kind in ("f32", "bf16", "f16", "q8", "q4", "q4m")}}  # weights in panels
TEAM = "const struct xlstm_team *team XLSTM_ALONE"
NUMBER_TYPES = {"f32": "float", "i64": "int64_t"}


class View:
    def __init__(self, record):
        self.name, self.type, self.access = record["name"], record["type"], record["access"]
        self.optional = bool(record["optional"])
        rows, bar, rest = record["dims"].partition("|")
        self.text = record["dims"]
        self.rows = len(rows.split()) if bar else 0  # dimensions in front of the bar
        self.dims = [self.dim(word) for word in (rows + rest).split()]

    @staticmethod
    def dim(word):
        """(name, times, divided): 3d is (d, 3, 1), d/2 is (d, 1, 2)."""
        times, name, divided = re.fullmatch(r"(\d*)(\w+?)(?:/(\d+))?", word).groups()
        return name, int(times or 1), int(divided or 1)

    def pointer(self, c_type):
        return f"{'const ' if self.access == 'in' else ''}{c_type} *{self.name}"


class Kernel:
    def __init__(self, name, dump):
        record = dump[name]
        self.name, self.summary = record["opName"], record["summary"]
        self.description = " ".join(record["description"].split())
        self.views = [View(dump[v["def"]]) for v in record["views"]]
        self.numbers = [(dump[n["def"]]["name"], dump[n["def"]]["type"]) for n in record["numbers"]]
        for field in ("sizes", "types", "cpu", "cuda", "cudaTypes", "cudaMemory", "cudaVariants", "cudaApart", "grows"):
            setattr(self, field, record[field])
        self.suffix = record["cpuSuffix"]
        self.in_place = [pair.split("=") for pair in record["inPlace"]]
        self.limits = [limit.split("=") for limit in record["limits"]]
        self.multiples = [multiple.split("=") for multiple in record["multiples"]]
        self.strides = [v.name + "_stride" for v in self.views if v.rows]
        self.line = int(record["!locs"][0].rpartition(":")[2])

    def value(self, view, choice):
        """The type of a view's elements where the type variables have the values of `choice`."""
        return dict(zip(self.types, choice)).get(view.type, view.type)

    def integers(self):
        return [f"int64_t {n}" for n in self.sizes + self.strides]

    def number_arguments(self):
        return [f"{NUMBER_TYPES[t]} {n}" for n, t in self.numbers]

    def cpu_name(self, choice):
        return self.name + (f"_{dict(zip(self.types, choice))[self.suffix]}" if self.suffix else "")

    def cpu_prototype(self, choice):
        pointers = [v.pointer(C_TYPES[self.value(v, choice)]) for v in self.views]
        arguments = pointers + self.integers() + self.number_arguments() + [TEAM]
        return f"void xlstm_cpu_{self.cpu_name(choice)}({', '.join(arguments)});"

    def enums(self):
        return [f"enum xlstm_dtype {t.lower()}_type" for t in self.cudaTypes]

    def cuda_prototypes(self):
        pointers = [v.pointer("void" if v.type in self.types else C_TYPES[v.type]) for v in self.views]
        memory = [f"void *{m}" for m in self.cudaMemory] + ["void *stream"]
        front = self.enums() + pointers + self.integers() + self.number_arguments()
        arguments = ", ".join(front + memory)
        lines = [f"int xlstm_cuda_{self.name}{v}({arguments});" for v in [""] + ["_" + v for v in self.cudaVariants]]
        if self.cudaApart:
            apart = ", ".join(front + ["const int64_t *apart"] + memory)
            lines.append(f"int xlstm_cuda_{self.name}_apart({apart});")
        sizes = ", ".join(self.enums() + [f"int64_t {n}" for n in self.sizes]) or "void"
        return lines + [f"size_t xlstm_cuda_{self.name}_{m}({sizes});" for m in self.cudaMemory]


def wrapped(line):
    """A prototype in lines, no argument cut."""
    whole = ", ".join(argument.replace(" ", "\0") for argument in line.split(", "))
    return textwrap.fill(whole, 118, subsequent_indent="    ", break_long_words=False).replace("\0", " ")


def comment(kernel):
    dims = "; ".join(f"{v.name} [{', '.join(v.text.replace('|', ' ').split())}]" for v in kernel.views)
    absent = ", ".join(v.name for v in kernel.views if v.optional)
    text = f"{kernel.description} {dims}{f' ({absent}: null where there is none)' if absent else ''}"
    return textwrap.fill(text, 118, initial_indent="/* ", subsequent_indent="   ") + " */"


def header(kernels, target, prototypes):
    guard = f"XLSTM_KERNELS_{target.upper()}CALLS_H"
    out = [f"/* Made by tools/kernel_calls.py of dialects/Kernel/KernelCallOps.td; that file says how calls are written. */",
           f"#ifndef {guard}", f"#define {guard}", "", '#include "xlstm/Kernels/Team.h"', '#include "xlstm/Kernels/Types.h"', "",
           "#ifdef __cplusplus",
           'extern "C" {', "#endif"]
    for kernel in kernels:
        if lines := prototypes(kernel):
            out += ["", comment(kernel)] + [wrapped(line) for line in lines]
    return out + ["", "#ifdef __cplusplus", "}", "#endif", "", f"#endif /* {guard} */"]


def quoted(words):
    return "{" + ", ".join(f'"{w}"' for w in words) + "}"


def table(kernels):
    """Initialisers of KernelDescription (Kernels/Description.h), in the order of its fields."""
    out = []
    for k in kernels:
        index = {v.name: n for n, v in enumerate(k.views)}
        views = ",\n     ".join(
            f'{{"{v.name}", "{v.type}", Access::{ {"in": "In", "out": "Out", "inout": "InOut"}[v.access] }, '
            f'{str(v.optional).lower()}, {v.rows}, {{'
            + ", ".join(f'{{"{n}", {times}, {divided}}}' for n, times, divided in v.dims) + "}}" for v in k.views)
        numbers = "{" + ", ".join(f'{{"{n}", "{t}"}}' for n, t in k.numbers) + "}"
        choices = [("{" + ", ".join(quoted(c) for c in c_list) + "}") for c_list in (k.cpu, k.cuda)]
        pairs = "{" + ", ".join(f"{{{index[o]}, {index[i]}}}" for o, i in k.in_place) + "}"
        limits, multiples = ("{" + ", ".join(f'{{"{n}", {m}}}' for n, m in rule) + "}" for rule in (k.limits, k.multiples))
        out.append(f'{{"{k.name}",\n    {{{views}}},\n    {quoted(k.sizes)}, {numbers}, {quoted(k.types)},\n'
                   f'    {choices[0]}, {choices[1]}, "{k.suffix}", {quoted(k.cudaTypes)}, {quoted(k.cudaMemory)}, {quoted(k.cudaVariants)}, {str(bool(k.cudaApart)).lower()}, '
                   f"{pairs}, {limits}, {multiples}, {quoted(k.grows)}}},")
    return out


def thunks(kernels):
    """One entry a kernel of the CPU: calls it, in float32, with arguments out of arrays."""
    out = []
    for k in kernels:
        choice = next((c for c in k.cpu if all(t == "f32" for t in c)), None)
        if choice is None:
            continue
        pointers = [f"static_cast<{v.pointer(C_TYPES[self_type])[:-len(v.name)]}>(p[{n}])"
                    for n, v in enumerate(k.views) for self_type in [k.value(v, choice)]]
        integers = [f"n[{i}]" for i in range(len(k.sizes + k.strides))]
        numbers = [f"static_cast<{NUMBER_TYPES[t]}>(f[{i}])" for i, (_, t) in enumerate(k.numbers)]
        out.append(f'{{"{k.name}", [](void *const *p, const int64_t *n, const double *f) {{\n'
                   f"   xlstm_cpu_{k.cpu_name(choice)}({', '.join(pointers + integers + numbers + ['nullptr'])});\n }}}},")
    return out


def cuda_on_cpu(kernels):
    """Definitions of the functions of CudaCalls.h that hand their arguments to callOnCpu and sizeOnCpu."""
    out = []
    for k in kernels:
        if not k.cuda:
            continue
        types = ", ".join(f"{t.lower()}_type" for t in k.cudaTypes)
        pointers = ", ".join(f"const_cast<void *>(static_cast<const void *>({v.name}))" for v in k.views)
        array = lambda t, name, items: f"{t} {name}[] = {{{items}}};" if items else f"{t} *{name} = nullptr;"
        body = [array("const xlstm_dtype", "types", types), array("void *const", "views", pointers),
                array("const int64_t", "integers", ", ".join(k.sizes + k.strides)),
                array("const double", "numbers", ", ".join(f"static_cast<double>({n})" for n, _ in k.numbers))]
        lines = k.cuda_prototypes()
        for line in lines:
            name = re.search(r"xlstm_cuda_(\w+)\(", line)[1]
            out.append(line[:-1] + " {")
            if line.startswith("int "):
                apart = ", apart" if name.endswith("_apart") else ""
                out += ["  " + b for b in body] + [f'  return callOnCpu("{k.name}", "{name}", types, views, integers, numbers{apart});']
            else:
                out.append(f'  return sizeOnCpu("{name}", {{{", ".join(k.sizes)}}});')
            out.append("}")
    return out


def docs(kernels):
    out = ["# Kernels", "", "Made by `sh tools/docs.sh` of dialects/Kernel/KernelCallOps.td. Rows of views with a bar may lie apart, "
           "`<name>_stride` elements.", ""]
    for k in kernels:
        out += [f"## `kernel.{k.name}`", "", f"_{k.summary}_. {k.description}", "", "| view | dimensions | type | access |",
                "|---|---|---|---|"]
        out += ["| {}{} | {} | {} | {} |".format(v.name, " (optional)" if v.optional else "", v.text.replace("|", "\\|"),
                                                 v.type, v.access) for v in k.views]
        notes = []
        if k.types:
            for target, choices in (("CPU", k.cpu), ("CUDA", k.cuda)):
                notes.append(f"{target}: " + ("; ".join(", ".join(f"{t} = {v}" for t, v in zip(k.types, c)) for c in choices)
                                              or "none"))
        notes += [f"`{o}` may lie where `{i}` does" for o, i in k.in_place] + [f"{n} is at most {m}" for n, m in k.limits]
        notes += [f"{n} is a multiple of {m}" for n, m in k.multiples]
        out += ["", ". ".join(notes) + ("." if notes else ""), "", "```c"]
        out += [wrapped(p.replace(" XLSTM_ALONE", "")) for p in [k.cpu_prototype(c) for c in k.cpu] + (k.cuda_prototypes() if k.cuda else [])]
        out += ["```", ""]
    return out


def main(dump_file, what, output):
    dump = json.loads(pathlib.Path(dump_file).read_text())
    kernels = sorted((Kernel(name, dump) for name in dump["!instanceof"]["KernelCall"]), key=lambda k: k.line)
    lines = {
        "cpu": lambda: header(kernels, "cpu", lambda k: [k.cpu_prototype(c) for c in k.cpu]),
        "cuda": lambda: header(kernels, "cuda", lambda k: k.cuda_prototypes() if k.cuda else []),
        "table": lambda: table(kernels),
        "thunks": lambda: thunks(kernels),
        "cuda-on-cpu": lambda: cuda_on_cpu(kernels),
        "docs": lambda: docs(kernels),
    }[what]()
    path = pathlib.Path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    import sys

    main(*sys.argv[1:])
