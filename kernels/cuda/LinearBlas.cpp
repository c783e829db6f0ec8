//===- LinearBlas.cpp - linear layers through cuBLASLt --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A product's descriptors and algorithm are kept by its shape. The first call times what cuBLASLt proposes, with the
// real operands and a result of its own: y may be the residual.

#include "kernels/cuda/Linear.h"

#include <algorithm>
#include <cmath>
#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <map>
#include <mutex>
#include <tuple>
#include <vector>

namespace xlstm::cuda {

constexpr int Candidates = 8, Timed = 3;

/// cuBLASLt is column-major: our w [out, in] is its [in, out], and y [rows, out] = x w^T its w^T x of [out, rows].
struct Plan {
  cublasLtMatmulDesc_t operation = nullptr;
  cublasLtMatrixLayout_t w = nullptr, x = nullptr, y = nullptr;
  cublasLtMatmulAlgo_t algorithm;
};

static cudaDataType_t dataType(xlstm_dtype type) { return type == XLSTM_F32 ? CUDA_R_32F : CUDA_R_16BF; }

/// Whether the product itself adds the bias; elsewhere it is added afterwards.
static bool addsBias(const LinearArgs &a) { return a.bias && a.wType == a.yType; }

static cublasStatus_t describe(const LinearArgs &a, Plan &plan) {
  const cublasOperation_t transposed = CUBLAS_OP_T;
  const cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
  cublasStatus_t status = cublasLtMatmulDescCreate(&plan.operation, CUBLAS_COMPUTE_32F, CUDA_R_32F);
  auto then = [&](auto call) {
    if (status == CUBLAS_STATUS_SUCCESS)
      status = call();
  };
  auto set = [&](cublasLtMatmulDescAttributes_t attribute, const auto &value) {
    then([&] { return cublasLtMatmulDescSetAttribute(plan.operation, attribute, &value, sizeof(value)); });
  };
  set(CUBLASLT_MATMUL_DESC_TRANSA, transposed);
  if (addsBias(a)) {
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, a.bias);
  }
  then([&] { return cublasLtMatrixLayoutCreate(&plan.w, dataType(a.wType), a.in, a.out, a.in); });
  then([&] { return cublasLtMatrixLayoutCreate(&plan.x, dataType(a.xType), a.in, a.rows, a.in); });
  then([&] { return cublasLtMatrixLayoutCreate(&plan.y, dataType(a.yType), a.out, a.rows, a.out); });
  return status;
}

static cublasStatus_t multiply(cublasLtHandle_t handle, const Plan &plan, const cublasLtMatmulAlgo_t &algorithm,
                               const LinearArgs &a, void *y) {
  const float one = 1, beta = a.residual ? 1 : 0;
  return cublasLtMatmul(handle, plan.operation, &one, a.w, plan.w, a.x, plan.x, &beta, a.residual ? a.residual : y,
                        plan.y, y, plan.y, &algorithm, a.workspace, LinearWorkspace, cudaStream_t(a.stream));
}

static std::vector<cublasLtMatmulHeuristicResult_t> propose(cublasLtHandle_t handle, const Plan &plan) {
  std::vector<cublasLtMatmulHeuristicResult_t> results(Candidates);
  cublasLtMatmulPreference_t preference = nullptr;
  int found = 0;
  if (cublasLtMatmulPreferenceCreate(&preference) == CUBLAS_STATUS_SUCCESS) {
    const size_t most = LinearWorkspace;
    const uint32_t reduction = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE; // no sums of rounded parts
    cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &most, sizeof(most));
    cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &reduction,
                                         sizeof(reduction));
    cublasLtMatmulAlgoGetHeuristic(handle, plan.operation, plan.w, plan.x, plan.y, plan.y, preference, Candidates,
                                   results.data(), &found);
    cublasLtMatmulPreferenceDestroy(preference);
  }
  results.resize(found);
  return results;
}

/// Milliseconds of the fastest of a few runs; infinite where one fails.
static float timeOf(cublasLtHandle_t handle, const Plan &plan, const cublasLtMatmulAlgo_t &algorithm,
                    const LinearArgs &a, void *y) {
  const cudaStream_t stream = cudaStream_t(a.stream);
  float best = INFINITY;
  cudaEvent_t start = nullptr, end = nullptr;
  cudaEventCreate(&start), cudaEventCreate(&end);
  for (int n = 0; n < Timed; ++n) {
    cudaEventRecord(start, stream);
    cublasStatus_t status = multiply(handle, plan, algorithm, a, y);
    cudaEventRecord(end, stream);
    float time = INFINITY;
    if (cudaEventSynchronize(end) != cudaSuccess || status != CUBLAS_STATUS_SUCCESS ||
        cudaEventElapsedTime(&time, start, end) != cudaSuccess)
      best = time = INFINITY;
    best = std::min(best, time);
  }
  cudaEventDestroy(start), cudaEventDestroy(end);
  return best;
}

static cublasStatus_t choose(cublasLtHandle_t handle, const LinearArgs &a, Plan &plan) {
  std::vector<cublasLtMatmulHeuristicResult_t> proposals = propose(handle, plan);
  if (proposals.empty())
    return CUBLAS_STATUS_NOT_SUPPORTED;
  plan.algorithm = proposals[0].algo;
  void *y = nullptr; // no room to try: the first proposal it is
  if (proposals.size() > 1 && cudaMalloc(&y, a.rows * a.out * (a.yType == XLSTM_F32 ? 4 : 2)) == cudaSuccess) {
    float best = INFINITY;
    for (const cublasLtMatmulHeuristicResult_t &proposal : proposals)
      if (float time = timeOf(handle, plan, proposal.algo, a, y); time < best)
        best = time, plan.algorithm = proposal.algo;
    cudaFree(y);
  }
  cudaGetLastError();
  return CUBLAS_STATUS_SUCCESS;
}

/// A handle and its plans for each device; never freed, as a program ends with them.
static cublasStatus_t findPlan(const LinearArgs &a, cublasLtHandle_t &handle, Plan &plan) {
  using Key = std::tuple<int, xlstm_dtype, xlstm_dtype, bool, bool, int64_t, int64_t, int64_t>;
  static std::mutex mutex;
  static std::map<int, cublasLtHandle_t> handles;
  static std::map<Key, Plan> plans;
  std::lock_guard lock(mutex);
  int device = 0;
  cudaGetDevice(&device);
  cublasLtHandle_t &own = handles[device];
  if (!own)
    if (cublasStatus_t status = cublasLtCreate(&own))
      return status;
  handle = own;
  const Key key(device, a.xType, a.yType, addsBias(a), a.residual, a.rows, a.in, a.out);
  auto it = plans.find(key);
  if (it == plans.end()) {
    Plan made;
    cublasStatus_t status = describe(a, made);
    if (status == CUBLAS_STATUS_SUCCESS)
      status = choose(handle, a, made);
    if (status != CUBLAS_STATUS_SUCCESS)
      return status;
    it = plans.emplace(key, made).first;
  }
  plan = it->second;
  if (addsBias(a)) // the call reads the descriptor before it returns: one pointer after the other
    return cublasLtMatmulDescSetAttribute(plan.operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &a.bias, sizeof(a.bias));
  return CUBLAS_STATUS_SUCCESS;
}

int linearBlas(const LinearArgs &a) {
  cublasLtHandle_t handle;
  Plan plan;
  cublasStatus_t status = findPlan(a, handle, plan);
  if (status == CUBLAS_STATUS_SUCCESS)
    status = multiply(handle, plan, plan.algorithm, a, a.y);
  if (status != CUBLAS_STATUS_SUCCESS)
    return BlasError + status;
  return a.bias && !addsBias(a) ? addBias(a) : cudaSuccess;
}

} // namespace xlstm::cuda
