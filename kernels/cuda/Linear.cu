//===- Linear.cu - which kind of product a linear layer is -----------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/Linear.h"
#include "kernels/cuda/Types.cuh"

using namespace xlstm::cuda;

__global__ static void addBiasKernel(const Bf16 *bias, float *y, int64_t out) {
  const int64_t o = int64_t(blockIdx.y) * blockDim.x + threadIdx.x;
  if (o < out)
    y[blockIdx.x * out + o] += toFloat(bias[o]);
}

int xlstm::cuda::addBias(const LinearArgs &a) {
  addBiasKernel<<<dim3(a.rows, ceilDiv(a.out, 256)), 256, 0, cudaStream_t(a.stream)>>>(
      static_cast<const Bf16 *>(a.bias), static_cast<float *>(a.y), a.out);
  return cudaGetLastError();
}

static bool isSupported(const LinearArgs &a) {
  const bool floats = a.xType == XLSTM_F32 && a.wType == XLSTM_F32 && a.yType == XLSTM_F32;
  const bool halves = a.xType == XLSTM_BF16 && a.wType == XLSTM_BF16 && (a.yType == XLSTM_BF16 || a.yType == XLSTM_F32);
  const bool gates = a.xType == XLSTM_BF16 && a.wType == XLSTM_F32 && a.yType == XLSTM_F32;
  constexpr int64_t most = int64_t(1) << 31;
  const bool sizes = a.rows >= 0 && a.rows < most && a.in >= 1 && a.in < most && a.out >= 1;
  return (floats || halves || gates) && sizes && a.out < most;
}

size_t xlstm_cuda_linear_workspace(xlstm_dtype, xlstm_dtype, xlstm_dtype, int64_t, int64_t, int64_t) {
  return LinearWorkspace; // of any product
}

static int run(const LinearArgs &a) {
  if (!isSupported(a))
    return cudaErrorInvalidValue;
  if (a.rows == 0)
    return cudaSuccess;
  if (a.in % 8 || !isAligned(a.x, a.w, a.y, a.residual, a.bias))
    return linearPlain(a);
  if (a.rows <= (a.wType == XLSTM_F32 ? 8 : 16))
    return linearFew(a);
  const int status = a.xType == a.wType ? linearBlas(a) : linearSplit(a);
  return status == NoProduct ? linearPlain(a) : status;
}

int xlstm_cuda_linear(xlstm_dtype x_type, xlstm_dtype w_type, xlstm_dtype y_type, const void *x, const void *w,
                      const void *bias, const void *residual, void *y, int64_t rows, int64_t in, int64_t out,
                      void *workspace, void *stream) {
  return run({x_type, w_type, y_type, x, w, bias, residual, y, rows, in, out, workspace, stream, false});
}

int xlstm_cuda_linear_beside(xlstm_dtype x_type, xlstm_dtype w_type, xlstm_dtype y_type, const void *x, const void *w,
                             const void *bias, const void *residual, void *y, int64_t rows, int64_t in, int64_t out,
                             void *workspace, void *stream) {
  return run({x_type, w_type, y_type, x, w, bias, residual, y, rows, in, out, workspace, stream, true});
}
