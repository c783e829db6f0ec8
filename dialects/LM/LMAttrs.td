//===- LMAttrs.td - attributes of the lm dialect --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LM_ATTRS_TD
#define LM_ATTRS_TD

include "dialects/LM/LMDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributes.td"

def LM_Frequencies : OptionalParameter<"::mlir::DenseF32ArrayAttr"> {
  let printer = "printFrequencies($_printer, $_self)";
}

def LM_RopeAttr : AttrDef<LM_Dialect, "Rope"> {
  let mnemonic = "rope";
  let summary = "the rotation of a rotary position embedding";
  let description = [{
    Token at position p, pair i of d/2: angle p * frequency[i]; cosine and sine are multiplied by `attention_factor`
    (1 when absent). Either `theta`, then frequency[i] = theta^(-2i/d), or the `frequencies` themselves, which is how
    every scaled variant (llama3, linear, yarn) and every frequency table read from a graph is written.

    ```mlir
    #lm.rope<theta = 1.0e+04 : f64>
    #lm.rope<frequencies = [1.0, 0.25], attention_factor = 1.2 : f64>
    ```
  }];
  let parameters = (ins OptionalParameter<"::mlir::FloatAttr">:$theta,
                        LM_Frequencies:$frequencies,
                        OptionalParameter<"::mlir::FloatAttr">:$attention_factor);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The d/2 angular frequencies in radians a position, for heads of `headDim` = d channels.
    ::llvm::SmallVector<double> computeFrequencies(int64_t headDim) const;
    double attentionFactor() const;
  }];
}

#endif // LM_ATTRS_TD
