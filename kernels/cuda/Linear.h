//===- Linear.h - the kinds of product behind xlstm_cuda_linear ------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CUDA_LINEAR_H
#define XLSTM_KERNELS_CUDA_LINEAR_H

#include "xlstm/Kernels/Cuda.h"

namespace xlstm::cuda {

/// The arguments of xlstm_cuda_linear.
struct LinearArgs {
  xlstm_dtype xType, wType, yType;
  const void *x, *w, *bias, *residual;
  void *y;
  int64_t rows, in, out;
  void *workspace;
  void *stream;
  bool beside; // what is in front does not write what this reads
};

constexpr size_t LinearWorkspace = size_t(64) << 20;
/// What failed is cuBLASLt: its status behind this.
constexpr int BlasError = 1000;
/// No kernel of that kind takes the shape; nothing has been enqueued.
constexpr int NoProduct = BlasError + 15; // CUBLAS_STATUS_NOT_SUPPORTED

/// Up to 16 rows (8 where w is float32): w is read once, as fast as memory gives it.
int linearFew(const LinearArgs &a);
/// bf16 x, float32 w, many rows: w as the sum of three bf16 matrices, on the matrix units.
int linearSplit(const LinearArgs &a);
/// Through cuBLASLt; x and w of one type.
int linearBlas(const LinearArgs &a);
/// Any width, slowly.
int linearPlain(const LinearArgs &a);
/// y += bias, of bf16, where y is float32.
int addBias(const LinearArgs &a);

} // namespace xlstm::cuda

#endif // XLSTM_KERNELS_CUDA_LINEAR_H
