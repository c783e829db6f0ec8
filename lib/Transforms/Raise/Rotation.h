//===- Rotation.h - rotary frequencies, read off cosines and sines --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_TRANSFORMS_RAISE_ROTATION_H
#define LIB_TRANSFORMS_RAISE_ROTATION_H

#include "dialects/LM/LMDialect.h"

#include <optional>
#include <string>
#include <vector>

namespace xlstm::raise {

/// Cosines and sines of d/2 angles for the positions 0, 1, ...: element [t][i] at t * numPairs + i.
struct RotationTable {
  int64_t numPositions = 0, numPairs = 0;
  std::vector<double> cosines, sines;
};

/// The rotation whose table this is: attention factor from position 0, frequencies from position 1, checked at all
/// others. Frequencies theta^(-2i/d) are written as theta. Nothing, with the reason in `why`, when it is no such table.
lm::RopeAttr readRotation(mlir::MLIRContext *context, const RotationTable &table, std::string &why);

} // namespace xlstm::raise

#endif // LIB_TRANSFORMS_RAISE_ROTATION_H
