//===- Quantised.h - weights of few bits in blocks ------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_ONNX_QUANTISED_H
#define LIB_IMPORT_ONNX_QUANTISED_H

#include "lib/Import/Onnx/OnnxFile.h"

#include <vector>

namespace xlstm {

/// A matrix [rows, columns] as com.microsoft MatMulNBits stores it: every `size` numbers of a row share a scale and,
/// where there are any, a zero point (otherwise 2^(bits-1)). Numbers are packed from the low bits up, each row's blocks
/// whole; zero points of the type uint8 are packed the same way, a row at a time, those of a float type are not.
/// `groups` gives each column the block whose scale and zero point it has, where that is not its own (g_idx of GPTQ).
struct QuantisedBlocks {
  int64_t bits = 0, size = 0, columns = 0;
  const OnnxTensor *scales = nullptr, *zeroPoints = nullptr, *groups = nullptr;

  int64_t blocksPerRow() const { return (columns + size - 1) / size; }
};

/// Throws Error, beginning with `place`, when the tensors have other sizes than `rows` rows need.
void checkBlocks(const QuantisedBlocks &blocks, const OnnxTensor &numbers, int64_t rows, const std::string &place);

/// Row `row`: (number - zero point) * scale, in float32.
void dequantiseRow(const QuantisedBlocks &blocks, const OnnxTensor &numbers, int64_t row, std::vector<float> &out);

} // namespace xlstm

#endif // LIB_IMPORT_ONNX_QUANTISED_H
