//===- MixerOptions.td - options that say which mixer a student gets ------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TRANSFORMS_MIXEROPTIONS_TD
#define XLSTM_TRANSFORMS_MIXEROPTIONS_TD

include "xlstm/Transforms/PassOptions.td"

// Linearize, BuildAlign and StudentPipeline share these; MixerOptions.h has the struct that they are read into.
defvar MixerOptions = [
  ValueOption<"window", "window", "int64_t", "512", "Window branch: latest keys that are visible, the token's own included">,
  ValueOption<"sinks", "sinks", "int64_t", "4", "Window branch: a document's first keys that stay visible">,
  EnumOption<"mixer", "mixer", "::xlstm::MixerKind", [
    EnumCase<"::xlstm::MixerKind::Hybrid", "hybrid", "mLSTM and window branch, mixed by the output gate">,
    EnumCase<"::xlstm::MixerKind::Mlstm", "mlstm", "mLSTM alone">,
    EnumCase<"::xlstm::MixerKind::Window", "window", "Window and sinks alone, no new parameters">,
    EnumCase<"::xlstm::MixerKind::LinearAttention", "linear-attention", "mLSTM without gates">
  ], "What replaces attention">,
  EnumOption<"featureMap", "feature-map", "::xlstm::xlstm::FeatureKind", [
    EnumCase<"::xlstm::xlstm::FeatureKind::Softmax", "softmax", "Softmax over the features">,
    EnumCase<"::xlstm::xlstm::FeatureKind::Elu", "elu", "1 + elu">
  ], "Feature map of queries and keys">,
  ListOption<"layers", "layers", "int64_t", "Indices of the layers to convert (default all with full attention)">,
  ValueOption<"convertSliding", "convert-sliding", "bool", "false",
              "Convert also layers whose attention has a window of its own">,
  ValueOption<"inputGateBias", "input-gate-bias", "double", "0", "Initial bias of the input gates">,
  ValueOption<"forgetGateBias", "forget-gate-bias", "double", "4", "Initial bias of the forget gates">,
  ValueOption<"outputGateBias", "output-gate-bias", "double", "0", "Initial bias of the output gates">,
  EnumOption<"form", "form", "::xlstm::xlstm::Form", [
    EnumCase<"::xlstm::xlstm::Form::Chunkwise", "chunkwise", "Chunks of tokens, for training and prefill">,
    EnumCase<"::xlstm::xlstm::Form::Parallel", "parallel", "All pairs of tokens, a reference">,
    EnumCase<"::xlstm::xlstm::Form::Recurrent", "recurrent", "Token by token, for decode">
  ], "How the mLSTM is evaluated">,
  ValueOption<"chunk", "chunk", "int64_t", "64", "Tokens a chunk of the chunkwise form">
];

#endif // XLSTM_TRANSFORMS_MIXEROPTIONS_TD
