//===- ONNXDialect.td - the onnx dialect: a graph as it came --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ONNX_DIALECT_TD
#define ONNX_DIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def ONNX_Dialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::xlstm::onnx";
  let summary = "An imported ONNX graph, op for op";
  let description = [{
    A teacher as its exporter wrote it. The dialect exists to be raised to `lm` (the passes of lib/Transforms/Raise) and
    has the operators that exporters write for causal language models, no others.

    An operator is called as in ONNX: `onnx.MatMul`, and `onnx.microsoft.GroupQueryAttention` for one of the domain
    com.microsoft. Operands stand in ONNX's order, an operand left out in the middle is an `onnx.none`; attributes keep
    their names: integers are `i64`, floats `f32`, lists `array<i64: ...>` and `array<f32: ...>`. Values whose type the
    file does not state have the type `!onnx.unknown`. Node names and exporter scopes are locations.

    Large tensors are named, never held: `onnx.initializer` states type and, where it may matter, hashes of the content.
  }];
  let useDefaultTypePrinterParser = 1;
  let extraClassDeclaration = [{
    /// Argument and result attribute of a graph: the name of the input or output in the file.
    static constexpr llvm::StringLiteral nameAttrName = "onnx.name";
    /// Module attribute that raising leaves: which initializer each lm.param is made of.
    static constexpr llvm::StringLiteral weightsAttrName = "onnx.weights";
    /// Tensors of up to so many elements are held in the IR.
    static constexpr int64_t maxInlineElements = 4096;
    static constexpr unsigned version = 1;
    void registerTypes();
  }];
}

def ONNX_UnknownType : TypeDef<ONNX_Dialect, "Unknown"> {
  let mnemonic = "unknown";
  let summary = "the type of a value that the file does not state";
}

class ONNX_Op<string mnemonic, list<Trait> traits = []> : Op<ONNX_Dialect, mnemonic, traits>;

#endif // ONNX_DIALECT_TD
