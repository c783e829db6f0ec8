//===- XLSTMDialect.td - the xlstm dialect: what replaces attention -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_DIALECT_TD
#define XLSTM_DIALECT_TD

include "dialects/LM/LMDialect.td"
include "mlir/IR/EnumAttr.td"

def XLSTM_Dialect : Dialect {
  let name = "xlstm";
  let cppNamespace = "::xlstm::xlstm";
  let summary = "The token mixer that replaces attention, as small composable ops";
  let description = [{
    The student's mixer is a composition: feature maps of q and k, gate projections, the matrix memory `xlstm.mlstm`,
    a window branch (which is `lm.attention`), and `xlstm.mix`. mLSTM alone, window and sinks alone, linear attention
    (an mLSTM without gates) and the hybrid are four compositions of the same ops.

    Source of the mathematics: Hauzenberger et al., arXiv:2603.15590, section 3; docs/Method.md restates it.
  }];
  let dependentDialects = ["::xlstm::lm::LMDialect"];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
    static constexpr unsigned version = 1;
  }];
}

def XLSTM_FeatureKind : I32EnumAttr<"FeatureKind", "kind of a feature map", [
    I32EnumAttrCase<"Softmax", 0, "softmax">, I32EnumAttrCase<"Elu", 1, "elu">]> {
  let cppNamespace = "::xlstm::xlstm";
}

def XLSTM_Form : I32EnumAttr<"Form", "how an mlstm is evaluated", [
    I32EnumAttrCase<"Parallel", 0, "parallel">, I32EnumAttrCase<"Chunkwise", 1, "chunkwise">,
    I32EnumAttrCase<"Recurrent", 2, "recurrent">]> {
  let cppNamespace = "::xlstm::xlstm";
}

def XLSTM_KlMode : I32EnumAttr<"KlMode", "what the sparse KL does with the tail", [
    I32EnumAttrCase<"Renormalized", 0, "renormalized">, I32EnumAttrCase<"Tail", 1, "tail">]> {
  let cppNamespace = "::xlstm::xlstm";
}

class XLSTM_Op<string mnemonic, list<Trait> traits = []> : Op<XLSTM_Dialect, mnemonic, traits>;

#endif // XLSTM_DIALECT_TD
