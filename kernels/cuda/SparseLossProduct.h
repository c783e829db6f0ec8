//===- SparseLossProduct.h - the products of the head, by cuBLASLt ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_KERNELS_CUDA_SPARSELOSSPRODUCT_H
#define XLSTM_KERNELS_CUDA_SPARSELOSSPRODUCT_H

#include "xlstm/Kernels/Hybrid.h"

#include <cuda_runtime_api.h>

namespace xlstm::cuda::sparse {

constexpr size_t GemmWorkspace = 32 << 20;

/// An operand as cuBLASLt sees it, column-major: our row-major [rows, columns] is its [columns, rows].
struct Matrix {
  const void *memory;
  xlstm_dtype type;
  int64_t rows, columns;
  bool transposed = false;
};

/// c = alpha a b + beta c on `stream`; `workspace` has GemmWorkspace bytes. By the algorithm that `tune` found for such
/// a product, or the one that cuBLASLt suggests first. 0 or a cublasStatus_t.
int multiply(const Matrix &a, const Matrix &b, const Matrix &c, float alpha, float beta, void *workspace,
             cudaStream_t stream);

/// The same, many times over: by each algorithm that cuBLASLt suggests (beta c is added each time, the stream waited
/// for). The fastest is kept for the device until the process ends. Once, where that has been done.
int tune(const Matrix &a, const Matrix &b, const Matrix &c, float alpha, float beta, void *workspace,
         cudaStream_t stream);

} // namespace xlstm::cuda::sparse

#endif // XLSTM_KERNELS_CUDA_SPARSELOSSPRODUCT_H
