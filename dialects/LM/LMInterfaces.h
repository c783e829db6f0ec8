//===- LMInterfaces.h - what passes ask of an op --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef DIALECTS_LM_LMINTERFACES_H
#define DIALECTS_LM_LMINTERFACES_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/TypeUtilities.h"

namespace xlstm::lm {

/// A state of an op: its name within the layer, its type, the value it starts with.
struct StateSpec {
  llvm::StringRef name;
  mlir::RankedTensorType type;
  float init;
};

/// How a function with explicit state calls its ops.
struct StepOptions {
  bool oneToken;   // one token a call, else a stretch of them
  int64_t chunk;   // of ops that work in chunks of tokens; 0: as they are
  int64_t context; // keys that attention without a window keeps; 0: no number is known
};

class StatefulOpInterface;

/// Verifies the states of an op whose other operands have been: none with `doc_start`, else those that it describes,
/// and a new state for each.
mlir::LogicalResult verifyStates(StatefulOpInterface op);

/// Replaces an op that continues documents by one with these states.
StatefulOpInterface addStates(StatefulOpInterface op, mlir::ValueRange states);

/// The states of attention over a window and sinks, for keys and values [B, T, Hkv, d].
void describeCaches(llvm::SmallVectorImpl<StateSpec> &states, mlir::RankedTensorType keys,
                    mlir::RankedTensorType values, int64_t window, int64_t sinks);

} // namespace xlstm::lm

#include "dialects/LM/LMInterfaces.h.inc"

#endif // DIALECTS_LM_LMINTERFACES_H
