//===- RopeWriter.h - rotary parameters of given frequencies --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_HUGGINGFACE_ROPEWRITER_H
#define LIB_IMPORT_HUGGINGFACE_ROPEWRITER_H

#include "lib/Import/HuggingFace/Rope.h"

#include <span>

namespace xlstm {

/// A group of rotary parameters, rope_theta included, from which readRope makes `rope`: the first of `known` (groups
/// that a carried config.json has) that does; else one of type linear, llama3 or yarn, searched by value over the
/// parameters that models have; else a longrope of one list, which says any frequencies. All but a known group may be
/// off in the last bits of float32.
Json writeRope(const Rope &rope, int64_t headDim, int64_t contextLength, std::span<const Json> known);

/// The largest relative difference of frequencies and attention factor.
double ropeDifference(const Rope &left, const Rope &right, int64_t headDim);

} // namespace xlstm

#endif // LIB_IMPORT_HUGGINGFACE_ROPEWRITER_H
