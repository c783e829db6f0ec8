//===- SparseLoss.cu - the head with both losses, a few thousand tokens at a time ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/SparseLossRows.cuh"

#include <algorithm>
#include <cublasLt.h>
#include <utility>

namespace xlstm::cuda::sparse {

constexpr size_t GemmWorkspace = 32 << 20;
// A float32 gradient of the weights is read and written once a chunk: fewer chunks then.
constexpr int64_t LogitBytes = 272 << 20, LogitBytesOfFloats = 432 << 20;
constexpr int BlasError = 1000;

static size_t align(size_t bytes) { return (bytes + 255) / 256 * 256; }
static int64_t sizeOf(xlstm_dtype type) { return type == XLSTM_F32 ? 4 : 2; }
static cudaDataType_t dataType(xlstm_dtype type) { return type == XLSTM_F32 ? CUDA_R_32F : CUDA_R_16BF; }

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

/// A column-major operand as cuBLASLt sees it: our row-major [rows, columns] is its [columns, rows].
struct Matrix {
  const void *memory;
  xlstm_dtype type;
  int64_t rows, columns; // column-major
  bool transposed;
};

/// The descriptors of one product; freed whatever happens.
class Product {
public:
  ~Product() {
    if (preference)
      cublasLtMatmulPreferenceDestroy(preference);
    for (cublasLtMatrixLayout_t layout : layouts)
      if (layout)
        cublasLtMatrixLayoutDestroy(layout);
    if (operation)
      cublasLtMatmulDescDestroy(operation);
  }

  /// c = a b + beta c.
  cublasStatus_t run(cublasLtHandle_t handle, const Matrix &a, const Matrix &b, const Matrix &c, float beta,
                     void *workspace, cudaStream_t stream) {
    const cublasOperation_t opA = a.transposed ? CUBLAS_OP_T : CUBLAS_OP_N,
                            opB = b.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    const float one = 1;
    const size_t most = GemmWorkspace;
    cublasLtMatmulHeuristicResult_t best;
    int found = 0;
    cublasStatus_t status = cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F);
    auto then = [&](auto call) {
      if (status == CUBLAS_STATUS_SUCCESS)
        status = call();
    };
    then([&] { return cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSA, &opA, sizeof(opA)); });
    then([&] { return cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSB, &opB, sizeof(opB)); });
    const Matrix *matrices[] = {&a, &b, &c};
    for (int n = 0; n < 3; ++n)
      then([&] {
        const Matrix &m = *matrices[n];
        return cublasLtMatrixLayoutCreate(&layouts[n], dataType(m.type), m.rows, m.columns, m.rows);
      });
    then([&] { return cublasLtMatmulPreferenceCreate(&preference); });
    then([&] {
      return cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &most,
                                                  sizeof(most));
    });
    then([&] {
      return cublasLtMatmulAlgoGetHeuristic(handle, operation, layouts[0], layouts[1], layouts[2], layouts[2],
                                            preference, 1, &best, &found);
    });
    then([&] { return found ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED; });
    then([&] {
      void *out = const_cast<void *>(c.memory);
      return cublasLtMatmul(handle, operation, &one, a.memory, layouts[0], b.memory, layouts[1], &beta, out, layouts[2],
                            out, layouts[2], &best.algo, workspace, GemmWorkspace, stream);
    });
    return status;
  }

private:
  cublasLtMatmulDesc_t operation = nullptr;
  cublasLtMatrixLayout_t layouts[3] = {};
  cublasLtMatmulPreference_t preference = nullptr;
};

/// One handle a device and process; handles may be used by several threads.
static cublasStatus_t handleOfDevice(cublasLtHandle_t &handle) {
  static cublasLtHandle_t handles[64];
  static cublasStatus_t failed = [] {
    cublasStatus_t status = CUBLAS_STATUS_SUCCESS;
    int devices = 0, current = 0;
    cudaGetDeviceCount(&devices), cudaGetDevice(&current);
    for (int n = 0; n < std::min(devices, 64) && status == CUBLAS_STATUS_SUCCESS; ++n)
      cudaSetDevice(n), status = cublasLtCreate(&handles[n]);
    cudaSetDevice(current);
    return status;
  }();
  int device = 0;
  cudaGetDevice(&device);
  handle = handles[device % 64];
  return failed;
}

template <typename T>
static cudaError_t launchRows(void *logits, const RowArgs &args, int64_t first, int64_t tokens, cudaStream_t stream) {
  rowKernel<T><<<tokens, Threads, 2 * args.K * sizeof(float), stream>>>(static_cast<T *>(logits), args, first);
  return cudaGetLastError();
}

/// Tokens [first, first + n): logits, their losses and gradient, and the products with that.
static int runChunk(cublasLtHandle_t handle, const xlstm_sparse_loss_shape &s, const xlstm_sparse_loss_inputs &in,
                    const RowArgs &rows, const Workspace &work, int64_t first, int64_t n, void *dHidden, void *dWeight,
                    cudaStream_t stream) {
  const char *hidden = static_cast<const char *>(in.hidden) + first * s.D * sizeOf(s.type);
  const Matrix logits = {work.logits, s.type, s.V, n, false};
  if (cublasStatus_t status = Product().run(handle, {in.weight, s.type, s.D, s.V, true},
                                            {hidden, s.type, s.D, n, false}, logits, 0, work.gemm, stream))
    return BlasError + status;
  if (cudaError_t error = s.type == XLSTM_F32 ? launchRows<float>(work.logits, rows, first, n, stream)
                                              : launchRows<Bf16>(work.logits, rows, first, n, stream))
    return error;
  if (dHidden) {
    char *to = static_cast<char *>(dHidden) + first * s.D * sizeOf(s.type);
    if (cublasStatus_t status = Product().run(handle, {in.weight, s.type, s.D, s.V, false}, logits,
                                              {to, s.type, s.D, n, false}, 0, work.gemm, stream))
      return BlasError + status;
  }
  if (dWeight) {
    Matrix gradients = logits;
    gradients.transposed = true;
    if (cublasStatus_t status =
            Product().run(handle, {hidden, s.type, s.D, n, false}, gradients, {dWeight, s.weight_type, s.D, s.V, false},
                          first ? 1 : 0, work.gemm, stream))
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
  cublasLtHandle_t handle;
  if (cublasStatus_t status = handleOfDevice(handle))
    return BlasError + status;
  const Workspace work(s, workspace);
  const cudaStream_t queue = cudaStream_t(stream);
  const RowArgs rows = {
      s.V,     int(s.K),     s.with_tail != 0, d_hidden || d_weight, s.gamma,           s.beta, scale, in->labels,
      in->ids, in->logprobs, in->tail,         work.share,           work.crossEntropy, work.kl};
  countKernel<<<1, Threads, 0, queue>>>(in->labels, s.N, work.share);
  for (int64_t first = 0, step = tokensAtOnce(s); first < s.N; first += step)
    if (int error = runChunk(handle, s, *in, rows, work, first, std::min(step, s.N - first), d_hidden, d_weight, queue))
      return error;
  meanKernel<<<1, Threads, 0, queue>>>(work.crossEntropy, work.kl, s.N, work.share, s.gamma, s.beta, losses);
  return cudaGetLastError();
}
