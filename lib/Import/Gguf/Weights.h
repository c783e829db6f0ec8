//===- Weights.h - tensors of a GGUF file as a checkpoint has them --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_GGUF_WEIGHTS_H
#define LIB_IMPORT_GGUF_WEIGHTS_H

#include "lib/Import/Gguf/Model.h"
#include "xlstm/Runtime/Files/Safetensors.h"

namespace xlstm::gguf {

/// Where one weight of the bundle comes from: all rows of a tensor or, of one that holds q, k and v, some. A vector is
/// a matrix of one column here when its elements stand in another order.
struct WeightSource {
  TensorSpec spec;
  const GgufTensor *tensor = nullptr;
  int64_t firstRow = 0;
  /// Heads whose rows are to be put into the order of checkpoints; 0: none.
  int64_t heads = 0;
};

/// The weights of the model by their Hugging Face names, sorted. F16 and BF16 stay; F32 becomes the 16-bit type of the
/// file's other tensors, BF16 where it has none, if that loses no bit of any of them; all else becomes F32. Throws Error naming the tensor: missing, of
/// another shape, of a type that is not read, no part of the model.
std::vector<WeightSource> findWeights(const GgufFile &file, const Model &model);

/// Writes them to a safetensors file, row by row.
void writeWeights(const std::filesystem::path &path, const std::vector<WeightSource> &weights);

} // namespace xlstm::gguf

#endif // LIB_IMPORT_GGUF_WEIGHTS_H
