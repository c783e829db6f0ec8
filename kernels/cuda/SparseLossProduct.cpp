//===- SparseLossProduct.cpp - the products of the head, by cuBLASLt -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "kernels/cuda/SparseLossProduct.h"

#include <algorithm>
#include <array>
#include <cublasLt.h>
#include <limits>
#include <map>
#include <mutex>
#include <vector>

namespace xlstm::cuda::sparse {

namespace {

constexpr int Candidates = 8, Calls = 50;

cudaDataType_t dataType(xlstm_dtype type) { return type == XLSTM_F32 ? CUDA_R_32F : CUDA_R_16BF; }

/// What is the same in products that one algorithm is right for.
using Kind = std::array<int64_t, 12>;

Kind kindOf(int device, const Matrix &a, const Matrix &b, const Matrix &c, float beta) {
  return {device, a.type, a.rows, a.columns, a.transposed, b.type, b.columns, b.transposed, c.type, c.rows, beta != 0};
}

/// The algorithms that have been tuned, and one handle a device; shared by all threads.
struct Library {
  std::mutex mutex;
  std::map<int, cublasLtHandle_t> handles;
  std::map<Kind, cublasLtMatmulAlgo_t> tuned;

  cublasStatus_t handle(int device, cublasLtHandle_t &to) {
    std::lock_guard<std::mutex> lock(mutex);
    auto [place, isNew] = handles.try_emplace(device, nullptr);
    cublasStatus_t status = isNew ? cublasLtCreate(&place->second) : CUBLAS_STATUS_SUCCESS;
    to = place->second;
    if (status != CUBLAS_STATUS_SUCCESS)
      handles.erase(place);
    return status;
  }
  bool find(const Kind &kind, cublasLtMatmulAlgo_t *algorithm = nullptr) {
    std::lock_guard<std::mutex> lock(mutex);
    auto found = tuned.find(kind);
    if (found != tuned.end() && algorithm)
      *algorithm = found->second;
    return found != tuned.end();
  }
};

Library &library() {
  static Library *only = new Library; // outlives whoever multiplies while the process ends
  return *only;
}

/// One product's descriptors, freed whatever happens.
class Product {
public:
  Product(const Matrix &a, const Matrix &b, const Matrix &c, float alpha, float beta, void *workspace,
          cudaStream_t stream)
      : a(a), b(b), c(c), alpha(alpha), beta(beta), workspace(workspace), stream(stream) {
    int device = 0;
    cudaGetDevice(&device);
    kind = kindOf(device, a, b, c, beta);
    const cublasOperation_t opA = a.transposed ? CUBLAS_OP_T : CUBLAS_OP_N,
                            opB = b.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
    then([&] { return library().handle(device, handle); });
    then([&] { return cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F); });
    then([&] { return cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSA, &opA, sizeof(opA)); });
    then([&] { return cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSB, &opB, sizeof(opB)); });
    const Matrix *matrices[] = {&a, &b, &c};
    for (int n = 0; n < 3; ++n)
      then([&] {
        const Matrix &m = *matrices[n];
        return cublasLtMatrixLayoutCreate(&layouts[n], dataType(m.type), m.rows, m.columns, m.rows);
      });
  }
  Product(const Product &) = delete;
  ~Product() {
    for (cublasLtMatrixLayout_t layout : layouts)
      if (layout)
        cublasLtMatrixLayoutDestroy(layout);
    if (operation)
      cublasLtMatmulDescDestroy(operation);
  }

  cublasStatus_t run() {
    cublasLtMatmulAlgo_t algorithm;
    if (!library().find(kind, &algorithm)) {
      std::vector<cublasLtMatmulHeuristicResult_t> first = suggestions(1);
      if (first.empty())
        return status;
      algorithm = first.front().algo;
    }
    return run(algorithm);
  }

  cublasStatus_t tune() {
    if (library().find(kind)) // c gets its value all the same
      return run();
    std::vector<cublasLtMatmulHeuristicResult_t> found = suggestions(Candidates);
    std::vector<float> ms;
    for (const cublasLtMatmulHeuristicResult_t &each : found)
      ms.push_back(time(each.algo));
    if (status == CUBLAS_STATUS_SUCCESS) {
      std::lock_guard<std::mutex> lock(library().mutex);
      library().tuned[kind] = found[std::min_element(ms.begin(), ms.end()) - ms.begin()].algo;
    }
    return status;
  }

private:
  template <typename Call>
  void then(Call call) {
    if (status == CUBLAS_STATUS_SUCCESS)
      status = call();
  }

  cublasStatus_t run(const cublasLtMatmulAlgo_t &algorithm) {
    void *out = const_cast<void *>(c.memory);
    return cublasLtMatmul(handle, operation, &alpha, a.memory, layouts[0], b.memory, layouts[1], &beta, out, layouts[2],
                          out, layouts[2], &algorithm, workspace, GemmWorkspace, stream);
  }

  /// Milliseconds of many calls, behind as many that warm up: at these sizes the card's power is the limit, and what is
  /// fastest for a moment (smaller tiles) is not what gets most out of it. An algorithm that does not run takes
  /// forever.
  float time(const cublasLtMatmulAlgo_t &algorithm) {
    cudaEvent_t begin = nullptr, end = nullptr;
    float ms = 0;
    bool ran = true;
    if (cudaEventCreate(&begin) == cudaSuccess && cudaEventCreate(&end) == cudaSuccess) {
      for (int call = 0; call < 2 * Calls && ran; ++call) {
        if (call == Calls)
          cudaEventRecord(begin, stream);
        ran = run(algorithm) == CUBLAS_STATUS_SUCCESS;
      }
      cudaEventRecord(end, stream);
    }
    if (cudaEventSynchronize(end) != cudaSuccess || (ran && cudaEventElapsedTime(&ms, begin, end) != cudaSuccess))
      status = CUBLAS_STATUS_EXECUTION_FAILED;
    cudaEventDestroy(begin), cudaEventDestroy(end);
    return ran ? ms : std::numeric_limits<float>::infinity();
  }

  /// At most `most`, the fastest in cuBLASLt's opinion first; none leaves a status other than success.
  std::vector<cublasLtMatmulHeuristicResult_t> suggestions(int most) {
    std::vector<cublasLtMatmulHeuristicResult_t> found(most);
    const size_t bytes = GemmWorkspace;
    int count = 0;
    cublasLtMatmulPreference_t preference = nullptr;
    then([&] { return cublasLtMatmulPreferenceCreate(&preference); });
    then([&] {
      return cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &bytes,
                                                  sizeof(bytes));
    });
    then([&] {
      return cublasLtMatmulAlgoGetHeuristic(handle, operation, layouts[0], layouts[1], layouts[2], layouts[2],
                                            preference, most, found.data(), &count);
    });
    then([&] { return count ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED; });
    if (preference)
      cublasLtMatmulPreferenceDestroy(preference);
    found.resize(status == CUBLAS_STATUS_SUCCESS ? count : 0);
    return found;
  }

  const Matrix a, b, c;
  const float alpha, beta;
  void *workspace;
  cudaStream_t stream;
  Kind kind;
  cublasStatus_t status = CUBLAS_STATUS_SUCCESS;
  cublasLtHandle_t handle = nullptr;
  cublasLtMatmulDesc_t operation = nullptr;
  cublasLtMatrixLayout_t layouts[3] = {};
};

} // namespace

int multiply(const Matrix &a, const Matrix &b, const Matrix &c, float alpha, float beta, void *workspace,
             cudaStream_t stream) {
  return Product(a, b, c, alpha, beta, workspace, stream).run();
}

int tune(const Matrix &a, const Matrix &b, const Matrix &c, float alpha, float beta, void *workspace,
         cudaStream_t stream) {
  return Product(a, b, c, alpha, beta, workspace, stream).tune();
}

} // namespace xlstm::cuda::sparse
