#!/usr/bin/env python3
"""Writes module.mlir: nodes over constants, each followed by an Identity of what the onnx package's reference
implementation computes for them (for every output one).

python3 make.py > module.mlir   (pip install onnx==1.23.2 numpy)
"""

import numpy as np
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

rng = np.random.default_rng(7)


def floats(*shape):
    return np.round(rng.normal(size=shape), 3)


def ints(*values):
    return np.array(values, dtype=np.int64)


x, y, i, j = floats(2, 3, 4), floats(3, 1), ints(7, -7, 9), ints(2, 2, -4)
q, k, v, angles = floats(1, 4, 3, 4), floats(1, 2, 3, 4), floats(1, 2, 3, 4), floats(5, 2)
positive, flags, seen = np.abs(x) + 0.5, x > 0, np.tri(3, dtype=bool)
rows = np.stack([angles[:3]])
# Operator, inputs, attributes, number of outputs.
CASES = [
    *[(op, [x, y]) for op in ("Add", "Sub", "Mul", "Div", "Max", "Min")],
    *[(op, [x, y]) for op in ("Less", "LessOrEqual", "Greater", "GreaterOrEqual")],
    *[(op, [x]) for op in ("Neg", "Sigmoid", "Cos", "Sin", "IsNaN", "Transpose")],
    *[(op, [positive]) for op in ("Sqrt", "Reciprocal")],
    *[(op, [i, j]) for op in ("Add", "Div", "Equal", "Less")],
    *[(op, [flags, y > 0]) for op in ("And", "Or", "Equal")],
    ("Not", [flags]),
    ("Pow", [positive, np.array(1.5)]),
    ("Swish", [x], {"alpha": 0.5}),
    ("Where", [flags, x, y]),
    ("Cast", [x * 5], {"to": TensorProto.INT64}),
    ("Cast", [x], {"to": TensorProto.BOOL}),
    ("Cast", [flags], {"to": TensorProto.DOUBLE}),
    ("Shape", [x], {"start": 1}),
    ("Reshape", [x, ints(0, -1, 2)]),
    ("Transpose", [x], {"perm": [2, 0, 1]}),
    ("Unsqueeze", [x, ints(0, -1)]),
    ("Squeeze", [y, ints(-1)]),
    ("Flatten", [x], {"axis": 2}),
    ("Expand", [y, ints(2, 1, 4)]),
    ("Tile", [x, ints(1, 2, 3)]),
    ("Concat", [x, x[:, :1]], {"axis": 1}),
    ("Slice", [x, ints(-1, 1), ints(-100, 4), ints(1, 2), ints(-2, 2)]),
    ("Slice", [x, ints(-1), ints(2**63 - 1)]),
    ("Split", [x, ints(1, 3)], {"axis": -1}, 2),
    ("Gather", [x, ints([1], [0], [-1])], {"axis": 1}),
    ("GatherND", [x, ints([0, 2], [1, -1])]),
    ("Range", [ints(2)[0], ints(9)[0], ints(3)[0]]),
    ("ConstantOfShape", [ints(2, 3)]),
    ("Trilu", [x, np.array(1)], {"upper": 0}),
    ("Trilu", [x]),
    ("CumSum", [x, np.array(1)]),
    ("ReduceMean", [x, ints(0, -1)], {"keepdims": 0}),
    ("ReduceSum", [x, ints(1)]),
    ("ReduceSum", [x]),
    ("Softmax", [x], {"axis": 1}),
    ("MatMul", [x, floats(1, 4, 5)]),
    ("MatMul", [floats(3, 4), floats(2, 4, 9)]),
    ("RMSNormalization", [x, floats(4)], {"epsilon": 0.01}),
    ("RotaryEmbedding", [q, np.cos(rows), np.sin(rows)]),
    ("RotaryEmbedding", [floats(1, 3, 8), np.cos(angles), np.sin(angles), ints([4, 0, 2])], {"num_heads": 2}),
    ("Attention", [q, k, v], {"is_causal": 1}),
    ("Attention", [q, k, v, floats(3, 3)], {"scale": 0.25, "softcap": 2.0}),
    ("Attention", [floats(2, 3, 8), floats(2, 3, 4), floats(2, 3, 6), seen], {"q_num_heads": 4, "kv_num_heads": 2}),
    ("GatherND", [x, ints([1], [-3])], {"batch_dims": 1}),
    ("GatherND", [x, ints([[2], [0]], [[1], [1]])], {"batch_dims": 1}),
    ("Gemm", [floats(3, 4), floats(5, 3), floats(5)], {"transA": 1, "transB": 1, "alpha": 0.5, "beta": 2.0}),
    ("Gemm", [floats(2, 3), floats(3, 4)]),
    # Windows: of the token itself, on either side, with a mask, and every spelling of none.
    *[("Attention", [q, k, v], {"is_causal": 1, "left_window_size": n}) for n in (0, 1, 2, 7, -1, 2**63 - 1)],
    *[("Attention", [q, k, v], {"left_window_size": left, "right_window_size": right})
      for left, right in ((0, 1), (1, 0), (-1, 1), (1, -1), (0, 0), (2, 2**63 - 1))],
    ("Attention", [q, k, v, seen], {"left_window_size": 1}),
    ("Attention", [q, floats(1, 1, 3, 4), floats(1, 1, 3, 2)], {"is_causal": 1, "left_window_size": 1}),
    ("Attention", [floats(2, 6, 3, 4), floats(2, 2, 3, 4), floats(2, 2, 3, 5)], {"is_causal": 1}),
    ("Attention", [floats(1, 2, 2, 4), floats(1, 2, 3, 4), floats(1, 2, 3, 4)], {"softcap": 0.5}),
    ("RotaryEmbedding", [floats(2, 2, 3, 4), np.cos(floats(2, 3, 2)), np.sin(floats(2, 3, 2))]),
    ("Trilu", [floats(4, 4), np.array(-1)]),
    ("Trilu", [floats(4, 4), np.array(-1)], {"upper": 0}),
    ("Softmax", [x], {"axis": -2}),
    ("Split", [floats(2, 5, 2), ints(2, 1, 2)], {"axis": 1}, 3),
]
TYPES = {"f": ("f64", TensorProto.DOUBLE), "i": ("i64", TensorProto.INT64), "b": ("i1", TensorProto.BOOL)}


def type_of(value):
    return "tensor<" + "".join(f"{n}x" for n in value.shape) + TYPES[value.dtype.kind][0] + ">"


def constant(value):
    digits = str(value.tolist()).replace("True", "true").replace("False", "false")
    return f"onnx.initializer = dense<{digits}> : {type_of(value)} : {type_of(value)}"


def attribute(value):
    if isinstance(value, list):
        return f"array<i64: {', '.join(map(str, value))}>"
    return f"{value} : f32" if isinstance(value, float) else f"{value} : i64"


def reference(op, inputs, attributes, outputs):
    names = [f"i{n}" for n in range(len(inputs))]
    node = helper.make_node(op, names, [f"o{n}" for n in range(outputs)], **attributes)
    values = [helper.make_tensor_value_info(n, TYPES[i.dtype.kind][1], i.shape) for n, i in zip(names, inputs)]
    graph = helper.make_graph([node], "g", values, [helper.make_empty_tensor_value_info(o) for o in node.output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)])
    results = ReferenceEvaluator(model).run(None, dict(zip(names, inputs)))
    return [np.asarray(r, np.float64) if np.asarray(r).dtype.kind == "f" else np.asarray(r) for r in results]


def write(number, op, inputs, attributes={}, outputs=1):
    inputs = [np.asarray(value) for value in inputs]
    results = reference(op, inputs, attributes, outputs)
    for n, value in enumerate(inputs):
        print(f"  %i{number}_{n} = {constant(value)}")
    names = ", ".join(f"%i{number}_{n}" for n in range(len(inputs)))
    written = ", ".join(f"{key} = {attribute(value)}" for key, value in attributes.items())
    written = " {" + written + "}" if written else ""
    types = ", ".join(map(type_of, results))
    print(f"  %r{number}:{outputs} = onnx.{op} {names}{written} : ({', '.join(map(type_of, inputs))}) -> ({types})")
    for n, value in enumerate(results):
        print(f"  %e{number}_{n} = {constant(value)}")
        print(f"  %x{number}_{n} = onnx.Identity %e{number}_{n} : ({type_of(value)}) -> {type_of(value)}")


print("// Written by make.py.")
print('onnx.graph @nodes(%ids: tensor<?x?xi64> {onnx.name = "input_ids"})')
print('    -> (tensor<1x1x1xf64> {onnx.name = "logits"}) {')
for number, case in enumerate(CASES):
    write(number, *case)
print(f"  %logits = {constant(np.zeros((1, 1, 1)))}\n  onnx.return %logits : tensor<1x1x1xf64>\n}}")
