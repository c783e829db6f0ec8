//===- MixerOptions.h - which mixer a student gets ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TRANSFORMS_MIXEROPTIONS_H
#define XLSTM_TRANSFORMS_MIXEROPTIONS_H

#include "dialects/XLSTM/XLSTMDialect.h"

#include <vector>

namespace xlstm {

enum class MixerKind { Hybrid, Mlstm, Window, LinearAttention };

/// The options of MixerOptions.td, which states their meaning and defaults, in their order.
struct MixerOptions {
  int64_t window, sinks;
  MixerKind mixer;
  xlstm::FeatureKind featureMap;
  std::vector<int64_t> layers;
  bool convertSliding;
  double inputGateBias, forgetGateBias, outputGateBias;
  xlstm::Form form;
  int64_t chunk;
};

/// What the logits of a prefill function are of.
enum class LogitsKind { Last, All };

/// Type of activations and weights.
enum class Precision { F32, BF16 };

} // namespace xlstm

#endif // XLSTM_TRANSFORMS_MIXEROPTIONS_H
