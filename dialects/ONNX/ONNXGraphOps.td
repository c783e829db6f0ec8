//===- ONNXGraphOps.td - graph, initializers, weights ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef ONNX_GRAPH_OPS_TD
#define ONNX_GRAPH_OPS_TD

include "dialects/ONNX/ONNXDialect.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def ONNX_GraphOp : ONNX_Op<"graph", [FunctionOpInterface, IsolatedFromAbove, SingleBlock]> {
  let summary = "the main graph of an ONNX file";
  let description = [{
    Arguments are the graph's inputs, results its outputs, both with their name in the file.

    ```mlir
    onnx.graph @main(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}) -> (tensor<?x?x8xf32> {onnx.name = "logits"})
        attributes {opset = 20 : i64} {
      %table = onnx.initializer "embed" : tensor<16x8xf32>
      %x = onnx.Gather %table, %ids {axis = 0 : i64} : (tensor<16x8xf32>, tensor<?x?xi64>) -> tensor<?x?x8xf32>
      onnx.return %x : tensor<?x?x8xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                       OptionalAttr<StrAttr>:$sym_visibility,
                       OptionalAttr<DictArrayAttr>:$arg_attrs, OptionalAttr<DictArrayAttr>:$res_attrs,
                       OptionalAttr<I64Attr>:$opset);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::FunctionType":$type)>];
  let extraClassDeclaration = [{
    ::mlir::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::mlir::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    ::mlir::Operation *getReturn() { return getBody().front().getTerminator(); }
  }];
}

def ONNX_ReturnOp : ONNX_Op<"return", [Pure, HasParent<"GraphOp">, Terminator, ReturnLike]> {
  let summary = "outputs of the graph";
  let description = "Its operands have the types of the graph's results, as far as these are known.";
  let arguments = (ins Variadic<AnyType>:$operands);
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
}

// Numbers that are there, not ones that a resource of the file holds.
def ONNX_DenseAttr : ElementsAttrBase<CPred<"::llvm::isa<::mlir::DenseElementsAttr>($_self)">, "dense elements"> {
  let storageType = "::mlir::DenseElementsAttr";
  let returnType = "::mlir::DenseElementsAttr";
  let convertFromStorage = "$_self";
}

def ONNX_InitializerOp : ONNX_Op<"initializer", [Pure]> {
  let summary = "a tensor of the file, or one that folding made";
  let description = [{
    Small tensors hold their `value`; others are known by name alone. `content` and `transposed` are hashes of the values
    and of the values of the transposed matrix: they are present on the matrices that another one of the file might equal,
    so that tied weights are found by value. `sample` holds the first rows of a long table of rotary cosines or sines.
    `band` describes a large mask: `seen` stands at query t and key j where first <= j - t <= last, `masked` elsewhere.

    ```mlir
    %w = onnx.initializer "val_152" {content = 17 : i64, transposed = -4 : i64} : tensor<64x32xf32>
    %mask = onnx.initializer "val_9" {band = {first = -511 : i64, last = 0 : i64, masked = -3.4e+38 : f64, seen = 0.0 : f64}} : tensor<1x1x512x512xf32>
    %axes = onnx.initializer "val_43" = dense<-1> : tensor<1xi64> : tensor<1xi64>
    ```
  }];
  let arguments = (ins OptionalAttr<StrAttr>:$name, OptionalAttr<ONNX_DenseAttr>:$value,
                       OptionalAttr<ONNX_DenseAttr>:$sample, OptionalAttr<DictionaryAttr>:$band,
                       OptionalAttr<I64Attr>:$content, OptionalAttr<I64Attr>:$transposed);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = "($name^)? attr-dict (`=` $value^)? `:` type($result)";
  let builders = [OpBuilder<(ins "::mlir::DenseElementsAttr":$value),
                            "build($_builder, $_state, value.getType(), {}, value, {}, {}, {}, {});">];
  let hasVerifier = 1;
}

def ONNX_WeightOp : ONNX_Op<"weight", [Pure]> {
  let summary = "an initializer as the weight of an lm op";
  let description = [{
    What raising makes of an initializer that an `lm` op reads: the tensor in the layout of checkpoints, [out, in].
    `transposed` says that the initializer is [in, out]; `rows` = [first, end) takes these rows of [out, in] (packed
    projections). `blocks` says how a quantised one is read: the initializer's rows are numbers of `bits` bits, `size` of
    them share one of `scales` and, where there is one, of `zero_points`; `groups` names the block of each column where it is
    not the column's own. xlstm-name-params turns it into an `lm.param`.

    ```mlir
    %w = onnx.weight "val_152" {transposed} : tensor<32x64xf32>
    %k = onnx.weight "packed" {rows = array<i64: 64, 96>, transposed} : tensor<32x64xf32>
    %q = onnx.weight "w_Q4" {blocks = {bits = 4 : i64, scales = "w_scales", size = 32 : i64}} : tensor<32x64xf32>
    ```
  }];
  let arguments = (ins StrAttr:$initializer, UnitAttr:$transposed, OptionalAttr<DenseI64ArrayAttr>:$rows,
                       OptionalAttr<I64Attr>:$content, OptionalAttr<DictionaryAttr>:$blocks);
  let results = (outs AnyStaticShapeTensor:$result);
  let assemblyFormat = "$initializer attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def ONNX_NoneOp : ONNX_Op<"none", [Pure]> {
  let summary = "an operand that the node leaves out";
  let description = "Stands where the ONNX node has the empty name.";
  let results = (outs NoneType:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

#endif // ONNX_GRAPH_OPS_TD
