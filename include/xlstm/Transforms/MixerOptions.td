//===- MixerOptions.td - options that say which mixer a student gets ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TRANSFORMS_MIXEROPTIONS_TD
#define XLSTM_TRANSFORMS_MIXEROPTIONS_TD

include "mlir/Pass/PassBase.td"

// Linearize, BuildAlign and StudentPipeline share these; MixerOptions.h has the struct that they are read into.
defvar MixerOptions = [
  Option<"window", "window", "int64_t", /*default=*/"512",
         "Window branch: number of latest keys, the token's own included">,
  Option<"sinks", "sinks", "int64_t", /*default=*/"4",
         "Window branch: number of a document's first keys that stay visible">,
  Option<"mixer", "mixer", "::xlstm::MixerKind", /*default=*/"::xlstm::MixerKind::Hybrid",
         "What replaces attention", [{::llvm::cl::values(
           clEnumValN(::xlstm::MixerKind::Hybrid, "hybrid", "mLSTM and window branch, mixed by the output gate"),
           clEnumValN(::xlstm::MixerKind::Mlstm, "mlstm", "mLSTM alone"),
           clEnumValN(::xlstm::MixerKind::Window, "window", "Window and sinks alone, no new parameters"),
           clEnumValN(::xlstm::MixerKind::LinearAttention, "linear-attention", "mLSTM without gates")
         )}]>,
  Option<"featureMap", "feature-map", "::xlstm::xlstm::FeatureKind", /*default=*/"::xlstm::xlstm::FeatureKind::Softmax",
         "Feature map of queries and keys", [{::llvm::cl::values(
           clEnumValN(::xlstm::xlstm::FeatureKind::Softmax, "softmax", "Softmax over the features"),
           clEnumValN(::xlstm::xlstm::FeatureKind::Elu, "elu", "1 + elu")
         )}]>,
  ListOption<"layers", "layers", "int64_t", "Indices of the layers to convert; none: all layers with full attention">,
  Option<"convertSliding", "convert-sliding", "bool", /*default=*/"false",
         "Convert also layers whose attention has a window of its own">,
  Option<"inputGateBias", "input-gate-bias", "double", /*default=*/"0", "Initial bias of the input gates">,
  Option<"forgetGateBias", "forget-gate-bias", "double", /*default=*/"4", "Initial bias of the forget gates">,
  Option<"outputGateBias", "output-gate-bias", "double", /*default=*/"0", "Initial bias of the output gates">,
  Option<"form", "form", "::xlstm::xlstm::Form", /*default=*/"::xlstm::xlstm::Form::Chunkwise",
         "How the mLSTM is evaluated", [{::llvm::cl::values(
           clEnumValN(::xlstm::xlstm::Form::Parallel, "parallel", "All pairs of tokens, a reference"),
           clEnumValN(::xlstm::xlstm::Form::Chunkwise, "chunkwise", "Chunks of tokens, for training and prefill"),
           clEnumValN(::xlstm::xlstm::Form::Recurrent, "recurrent", "Token by token, for decode")
         )}]>,
  Option<"chunk", "chunk", "int64_t", /*default=*/"64", "Tokens a chunk of the chunkwise form">
];

#endif // XLSTM_TRANSFORMS_MIXEROPTIONS_TD
