//===- WeightMap.h - which tensor of the file is which weight -------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_ONNX_WEIGHTMAP_H
#define LIB_IMPORT_ONNX_WEIGHTMAP_H

#include "lib/Import/Onnx/OnnxFile.h"
#include "lib/Import/Onnx/Quantised.h"

#include "mlir/IR/BuiltinOps.h"

namespace xlstm {

/// A weight of the bundle and the tensor of the file that it is made of.
struct WeightSource {
  std::string name;
  const OnnxTensor *tensor = nullptr;
  /// The tensor is [in, out], the weight [out, in].
  bool transposed = false;
  /// Rows [first, end) of [out, in]; all where end is 0.
  int64_t first = 0, end = 0;
  /// Set where the tensor holds quantised numbers, rows [out, in]; the weight is float32.
  std::optional<QuantisedBlocks> blocks;

  TensorSpec spec() const;
};

/// Reads and removes the attribute in which raising says what each weight is made of. Throws Error.
std::vector<WeightSource> takeWeightMap(mlir::ModuleOp module, const OnnxFile &file);

/// Whether every value of every float32 weight is also a bfloat16, and there is one.
bool fitBfloat16(const std::vector<WeightSource> &weights);

/// Writes the weights, float32 ones as bfloat16 when `narrow` is set.
void writeWeights(const std::filesystem::path &path, const std::vector<WeightSource> &weights, bool narrow);

} // namespace xlstm

#endif // LIB_IMPORT_ONNX_WEIGHTMAP_H
