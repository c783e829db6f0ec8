//===- RopeFactors.h - what stretched rotary frequencies came from --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_GGUF_ROPEFACTORS_H
#define LIB_IMPORT_GGUF_ROPEFACTORS_H

#include <optional>
#include <span>

namespace xlstm::gguf {

/// The rule of Llama 3.1: wavelengths above originalContext / low are stretched by `factor`, those below
/// originalContext / high stay, those between are blended. Only the ratios of the three can be told from frequencies:
/// low is 1.
struct Llama3Rule {
  double factor = 1, low = 1, high = 4, originalContext = 0;
};

/// The rule that stretches the wavelengths 2 pi theta^(2i/d) by factors[i], to a relative 2e-5 of each (what float32
/// costs the converters); nothing where no rule with a whole context does.
std::optional<Llama3Rule> fitLlama3(std::span<const float> factors, double theta);

} // namespace xlstm::gguf

#endif // LIB_IMPORT_GGUF_ROPEFACTORS_H
