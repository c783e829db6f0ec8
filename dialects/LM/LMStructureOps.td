//===- LMStructureOps.td - model, layer, param ----------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LM_STRUCTURE_OPS_TD
#define LM_STRUCTURE_OPS_TD

include "dialects/LM/LMAttrs.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/IR/SymbolInterfaces.td"

def LM_ModelOp : LM_Op<"model", [FunctionOpInterface, IsolatedFromAbove, OpAsmOpInterface]> {
  let summary = "a function of a language model: its forward pass, or one derived from it";
  let description = [{
    The forward pass is called `@model` and takes the token ids [B, T] and `doc_start` [B, T]. The passes that derive
    other functions (align, distill, prefill, decode) write them beside it, as further `lm.model`s, whose results carry
    `lm.name`. In a function with explicit state, every state argument carries `lm.state`, its name, and `lm.init`, the
    value it starts with; the last results are the new states, in the order of the arguments. With `rows_apart` the rows
    are texts of their own, whose states compiled code is given one by one.

    ```mlir
    lm.model @model(%ids: tensor<?x?xi64>, %docs: tensor<?x?xi32>) -> tensor<?x?x256xf32> attributes {context_length = 2048 : i64} {
      %table = lm.param "model.embed_tokens.weight" : tensor<256x64xbf16>
      %x = lm.embed %ids, %table : (tensor<?x?xi64>, tensor<256x64xbf16>) -> tensor<?x?x64xf32>
      %y = lm.linear %x, %table : (tensor<?x?x64xf32>, tensor<256x64xbf16>) -> tensor<?x?x256xf32>
      lm.return %y : tensor<?x?x256xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                       OptionalAttr<StrAttr>:$sym_visibility,
                       OptionalAttr<DictArrayAttr>:$arg_attrs, OptionalAttr<DictArrayAttr>:$res_attrs,
                       OptionalAttr<I64Attr>:$context_length, OptionalAttr<StrAttr>:$family,
                       UnitAttr:$rows_apart);
  let regions = (region AnyRegion:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::FunctionType":$type)>];
  let extraClassDeclaration = [{
    ::mlir::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::mlir::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    /// The layers in order of their index; they stand directly in the body.
    ::llvm::SmallVector<LayerOp> getLayers();
    static ::llvm::StringRef getDefaultDialect() { return "lm"; }
    /// Index of the first state argument, or the number of arguments where there is none.
    unsigned getFirstStateArgument();
  }];
}

def LM_ReturnOp : LM_Op<"return", [Pure, HasParent<"ModelOp">, Terminator, ReturnLike]> {
  let summary = "end of a model";
  let description = "Its operands have the types of the model's results.";
  let arguments = (ins Variadic<LM_Activation>:$operands);
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
}

// layer C4: its parent.
// layer C5: LMDialect::verifyOperationAttribute.
def LM_LayerOp : LM_Op<"layer", [RecursiveMemoryEffects, SingleBlock, HasParent<"ModelOp">]> {
  let summary = "one layer of a model, addressable by its index";
  let description = [{
    A region that passes and the trainer address by `index`, directly in an `lm.model`. It may use values from above (positions, `doc_start`);
    what flows from layer to layer goes through its inputs and results, the hidden state [B, T, D] first. With
    `attributes {lm.recompute}` a gradient keeps its inputs alone and runs it once more (`xlstm-recompute-layers`).

    ```mlir
    %y = lm.layer 0 (%h = %x) : (tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
      %sum = lm.add %h, %h : tensor<?x?x64xf32>
      lm.yield %sum : tensor<?x?x64xf32>
    }
    ```
  }];
  let arguments = (ins I64Attr:$index, Variadic<LM_Activation>:$inputs);
  let results = (outs Variadic<LM_Activation>:$outputs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def LM_YieldOp : LM_Op<"yield", [Pure, HasParent<"LayerOp">, Terminator, ReturnLike]> {
  let summary = "results of a layer";
  let description = "Its operands have the types of the layer's results.";
  let arguments = (ins Variadic<LM_Activation>:$operands);
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
}

def LM_ParamOp : LM_Op<"param", [Pure]> {
  let summary = "a weight, by name";
  let description = [{
    Names a tensor of the bundle's safetensors files and states its shape and storage type. `init` is the value that a
    new tensor starts with: a number, "identity" (a stack of identity matrices), or "uniform" (independent numbers between
    plus and minus 1 / sqrt(last dimension), which the name alone decides). The elements may be of `!lm.block`, which says
    how they are stored.

    ```mlir
    %w = lm.param "model.norm.weight" : tensor<64xbf16>
    %b = lm.param "model.layers.0.self_attn.f_gate.bias" {init = 4.0 : f32} : tensor<4xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<AnyAttrOf<[F32Attr, StrAttr]>>:$init);
  let results = (outs LM_StoredWeight:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
  let hasVerifier = 1;
}

#endif // LM_STRUCTURE_OPS_TD
