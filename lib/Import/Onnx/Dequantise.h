//===- Dequantise.h - tensors that are stored in few bits -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_ONNX_DEQUANTISE_H
#define LIB_IMPORT_ONNX_DEQUANTISE_H

#include "lib/Import/Onnx/OnnxFile.h"

namespace xlstm {

/// DequantizeLinear of a tensor of the file: (number - zero point) * scale in float32. `axis` counts dimensions of the
/// numbers; a scale is for all of them, for one index of the axis, or for `blockSize` indices where that is not 0.
struct Dequantisation {
  OnnxTensor numbers, scales;
  std::optional<OnnxTensor> zeroPoints;
  int64_t axis = 1, blockSize = 0;
};

/// The float32 tensor, computed when `plain` is asked for it. Throws Error, beginning with `place`, for types and
/// shapes that do not fit.
OnnxTensor dequantised(Dequantisation source, const std::string &place);

/// The tensor with its elements as bytes: unpacked, or computed. Other tensors as they are.
OnnxTensor plain(const OnnxTensor &tensor);

/// Whether the elements of a tensor lie in its bytes as they are.
inline bool isPlain(const OnnxTensor &tensor) { return tensor.packedBits == 0 && !tensor.source; }

} // namespace xlstm

#endif // LIB_IMPORT_ONNX_DEQUANTISE_H
