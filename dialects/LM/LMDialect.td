//===- LMDialect.td - the lm dialect: causal language models --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LM_DIALECT_TD
#define LM_DIALECT_TD

include "mlir/IR/OpBase.td"

def LM_Dialect : Dialect {
  let name = "lm";
  let cppNamespace = "::xlstm::lm";
  let summary = "A causal language model, teacher or student";
  let description = [{
    What a decoder-only transformer is made of, at the level at which its configuration file speaks: parameters by
    name, projections, norms, rotary embedding, attention, layers. The dialect names weights and never holds them.

    Activations are ranked tensors whose first two dimensions are the batch B and the tokens T, both usually dynamic.
    Types mean what they say. A value has the element type that it shows; an op widens its operands to float32, computes
    in it (float64 where its activations are), and rounds each result once, to the type that the result shows. Weights
    show the type that they are stored in (`bf16`, `f16`, `f32`, `!lm.block`). An op with activations of float32 reads
    them as whoever runs the function holds them, so that training does not round what it trains; one with narrower
    activations reads them rounded to the type shown. A float64 check puts float64 in the place of all types and rounds nothing.

    Rows may hold several documents one after the other. `doc_start[b, t]` is the index in row b at which the document
    of token t begins; nothing ever crosses such a border.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
    void registerTypes();
    /// The version that bytecode carries; bundle.json has the same number.
    static constexpr unsigned version = 1;
    /// Argument attributes of functions with explicit state (Build Prefill, Build Decode).
    static constexpr llvm::StringLiteral stateAttrName = "lm.state";
    static constexpr llvm::StringLiteral initAttrName = "lm.init";
    /// Result attribute of derived functions: what the result is called.
    static constexpr llvm::StringLiteral nameAttrName = "lm.name";
    /// Unit attribute of layers that a gradient computes once more instead of keeping what they computed.
    static constexpr llvm::StringLiteral recomputeAttrName = "lm.recompute";
    /// Whether a compiled module has a symbol of its own of this name.
    static bool isReservedName(llvm::StringRef name);
  }];
}

class LM_Op<string mnemonic, list<Trait> traits = []> : Op<LM_Dialect, mnemonic, traits>;

// Shapes are checked by the verifiers, by name of dimension (ShapeChecks.h), so that errors name the dimension. Sizes in
// bytes fit int64 (TensorSize.h), so that nobody has to ask again.
class LM_Element<string cpp> : CPred<"[](::mlir::Type element) { return " # cpp # "; }(::llvm::cast<::mlir::RankedTensorType>($_self).getElementType())">;
class LM_Tensor<Pred element, string elements>
  : Type<And<[AnyRankedTensor.predicate, element,
              CPred<"::xlstm::lm::storageBytes(::llvm::cast<::mlir::RankedTensorType>($_self)).has_value()">]>,
         "ranked tensor of " # elements # " (less than 2^63 bytes)", "::mlir::RankedTensorType">;

defvar LM_IsFloat = LM_Element<"element.isF16() || element.isBF16() || element.isF32() || element.isF64()">;
defvar LM_IsToken = LM_Element<"element.isSignlessInteger(32) || element.isSignlessInteger(64)">;

def LM_Activation : LM_Tensor<Or<[LM_IsFloat, LM_IsToken]>, "floats, i32 or i64">;
def LM_Float : LM_Tensor<LM_IsFloat, "floats">;
def LM_Weight : LM_Tensor<LM_IsFloat, "floats">;
// !block C5: storageBytes.
def LM_StoredWeight : LM_Tensor<Or<[LM_IsFloat, LM_Element<"::llvm::isa<::xlstm::lm::BlockType>(element)">]>,
                                "floats or of whole blocks">;
def LM_Float32 : LM_Tensor<LM_Element<"element.isF32()">, "f32">;
def LM_Scalar : LM_Tensor<And<[LM_IsFloat, CPred<"::llvm::cast<::mlir::RankedTensorType>($_self).getRank() == 0">]>,
                          "floats and of rank 0">;
// Ids and labels; positions and places in a row are i32.
def LM_Tokens : LM_Tensor<LM_IsToken, "i32 or i64">;
def LM_Positions : LM_Tensor<LM_Element<"element.isSignlessInteger(32)">, "i32">;

#endif // LM_DIALECT_TD
