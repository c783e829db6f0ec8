//===- Rope.h - rotary frequencies of a configuration ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_HUGGINGFACE_ROPE_H
#define LIB_IMPORT_HUGGINGFACE_ROPE_H

#include "lib/Import/HuggingFace/JsonFields.h"

#include <vector>

namespace xlstm {

/// The rotation of a layer's queries and keys: pair i of position p turns by p * theta^(-2i/d) radians, or by
/// p * frequencies[i] where these are given; cosine and sine are multiplied by attentionFactor.
struct Rope {
  double theta = 0;
  std::vector<float> frequencies;
  double attentionFactor = 1;
  /// The frequencies hold up to the model's context; transformers changes them behind it (rope_type dynamic).
  bool isDynamic = false;
  bool operator==(const Rope &) const = default;
};

/// The base of the frequencies, `theta` where the group has none.
double readTheta(const JsonFields &group, double theta);

/// Reads one group of rotary parameters (rope_parameters, or the older rope_scaling), by the formulas of transformers
/// (modeling_rope_utils.py): rope_type default, linear, dynamic (as it is up to the context), llama3, yarn, longrope
/// where its two lists are equal. `theta` is what holds where the group has none. Throws Error: an unknown type, a
/// longrope whose frequencies depend on the length, a bad value.
Rope readRope(const JsonFields &group, double theta, int64_t headDim, int64_t contextLength);

} // namespace xlstm

#endif // LIB_IMPORT_HUGGINGFACE_ROPE_H
