//===- SparseLoss.cu - the head with both losses, a few thousand tokens at a time ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/SparseLossProduct.h"
#include "kernels/cuda/SparseLossRows.cuh"

#include <algorithm>
#include <utility>

namespace xlstm::cuda::sparse {

// A float32 gradient of the weights is read and written once a chunk: fewer chunks then.
constexpr int64_t LogitBytes = 272 << 20, LogitBytesOfFloats = 432 << 20;
constexpr int BlasError = 1000;

static size_t align(size_t bytes) { return (bytes + 255) / 256 * 256; }
static int64_t sizeOf(xlstm_dtype type) { return type == XLSTM_F32 ? 4 : 2; }

static int64_t tokensAtOnce(const xlstm_sparse_loss_shape &s) {
  const int64_t bytes = s.weight_type == XLSTM_F32 ? LogitBytesOfFloats : LogitBytes;
  const int64_t tokens = s.tokens ? s.tokens : bytes / (s.V * sizeOf(s.type)) / 128 * 128;
  return std::max<int64_t>(1, std::min(std::max<int64_t>(tokens, 1), s.N));
}

/// Where things lie in the workspace.
struct Workspace {
  void *gemm, *logits;
  float *share, *crossEntropy, *kl;
  size_t bytes;

  Workspace(const xlstm_sparse_loss_shape &s, void *memory) {
    char *at = static_cast<char *>(memory);
    auto take = [&](size_t bytes) { return std::exchange(at, at + align(bytes)); };
    gemm = take(GemmWorkspace);
    logits = take(tokensAtOnce(s) * s.V * sizeOf(s.type));
    share = reinterpret_cast<float *>(take(sizeof(float)));
    crossEntropy = reinterpret_cast<float *>(take(s.N * sizeof(float)));
    kl = reinterpret_cast<float *>(take(s.N * sizeof(float)));
    bytes = at - static_cast<char *>(memory);
  }
};

template <typename T>
static cudaError_t launchRows(void *logits, const RowArgs &args, int64_t first, int64_t tokens, cudaStream_t stream) {
  rowKernel<T><<<tokens, Threads, 2 * args.K * sizeof(float), stream>>>(static_cast<T *>(logits), args, first);
  return cudaGetLastError();
}

/// One call's arguments.
struct Call {
  const xlstm_sparse_loss_shape &s;
  const xlstm_sparse_loss_inputs &in;
  void *dHidden, *dWeight; // null: not wanted
  Workspace work;
  RowArgs rows;
  cudaStream_t stream;

  Call(const xlstm_sparse_loss_shape &s, const xlstm_sparse_loss_inputs &in, float scale, void *dHidden, void *dWeight,
       void *workspace, void *stream)
      : s(s), in(in), dHidden(dHidden), dWeight(dWeight), work(s, workspace),
        rows{s.V,    int(s.K),    s.with_tail != 0, dHidden || dWeight, s.gamma,           s.beta, scale, in.labels,
             in.ids, in.logprobs, in.tail,          work.share,         work.crossEntropy, work.kl},
        stream(cudaStream_t(stream)) {
    rows.scale *= s.logit_scale; // the rows' gradient is that of the product
  }
};

/// Tokens [first, first + n): logits, their losses and gradient, and the products with that. `product` is multiply or
/// tune.
static int runChunk(const Call &call, int64_t first, int64_t n, decltype(multiply) product) {
  const xlstm_sparse_loss_shape &s = call.s;
  const int64_t offset = first * s.D * sizeOf(s.type);
  const Matrix hidden = {static_cast<const char *>(call.in.hidden) + offset, s.type, s.D, n};
  const Matrix weight = {call.in.weight, s.type, s.D, s.V}, weightTransposed = {call.in.weight, s.type, s.D, s.V, true};
  const Matrix logits = {call.work.logits, s.type, s.V, n}, transposed = {call.work.logits, s.type, s.V, n, true};
  if (int status = product(weightTransposed, hidden, logits, s.logit_scale, 0, call.work.gemm, call.stream))
    return BlasError + status;
  if (cudaError_t error = s.type == XLSTM_F32 ? launchRows<float>(call.work.logits, call.rows, first, n, call.stream)
                                              : launchRows<Bf16>(call.work.logits, call.rows, first, n, call.stream))
    return error;
  if (call.dHidden) {
    const Matrix to = {static_cast<char *>(call.dHidden) + offset, s.type, s.D, n};
    if (int status = product(weight, logits, to, 1, 0, call.work.gemm, call.stream))
      return BlasError + status;
  }
  if (call.dWeight) {
    const Matrix to = {call.dWeight, s.weight_type, s.D, s.V};
    if (int status = product(hidden, transposed, to, 1, first ? 1 : 0, call.work.gemm, call.stream))
      return BlasError + status;
  }
  return 0;
}

static bool isSupported(const xlstm_sparse_loss_shape &s, const xlstm_sparse_loss_inputs &in) {
  auto known = [](xlstm_dtype type) { return type == XLSTM_F32 || type == XLSTM_BF16; };
  return s.N >= 1 && s.D >= 8 && s.D % 8 == 0 && s.V >= 8 && s.V % 8 == 0 && s.V < (int64_t(1) << 31) && s.K >= 0 &&
         s.K <= 4096 && s.tokens >= 0 && known(s.type) && known(s.weight_type) &&
         (s.type == XLSTM_BF16 || s.weight_type == XLSTM_F32) && (!s.with_tail || in.tail);
}

} // namespace xlstm::cuda::sparse

using namespace xlstm::cuda::sparse;

size_t xlstm_cuda_sparse_loss_workspace(const xlstm_sparse_loss_shape *shape) {
  return Workspace(*shape, nullptr).bytes;
}

int xlstm_cuda_sparse_loss(const xlstm_sparse_loss_shape *shape, const xlstm_sparse_loss_inputs *in, float scale,
                           float *losses, void *d_hidden, void *d_weight, void *workspace, void *stream) {
  const xlstm_sparse_loss_shape &s = *shape;
  if (!isSupported(s, *in))
    return cudaErrorInvalidValue;
  const Call call(s, *in, scale, d_hidden, d_weight, workspace, stream);
  const Workspace &work = call.work;
  countKernel<<<1, Threads, 0, call.stream>>>(in->labels, s.N, work.share);
  for (int64_t first = 0, step = tokensAtOnce(s); first < s.N; first += step)
    if (int error = runChunk(call, first, std::min(step, s.N - first), multiply))
      return error;
  meanKernel<<<1, Threads, 0, call.stream>>>(work.crossEntropy, work.kl, s.N, work.share, s.gamma, s.beta, losses);
  return cudaGetLastError();
}

int xlstm_cuda_sparse_loss_tune(const xlstm_sparse_loss_shape *shape, const xlstm_sparse_loss_inputs *in,
                                void *d_hidden, void *d_weight, void *workspace, void *stream) {
  const xlstm_sparse_loss_shape &s = *shape;
  if (!isSupported(s, *in))
    return cudaErrorInvalidValue;
  const Call call(s, *in, 1, d_hidden, d_weight, workspace, stream);
  countKernel<<<1, Threads, 0, call.stream>>>(in->labels, s.N, call.work.share);
  const int64_t step = tokensAtOnce(s), last = (s.N - 1) / step;
  for (int64_t chunk : {int64_t(0), std::min<int64_t>(1, last), last}) // the last may be shorter
    if (int error = runChunk(call, chunk * step, std::min(step, s.N - chunk * step), tune))
      return error;
  return 0;
}
